package import ResourceAPI

/// The state of one resource, as `ingot status` shows it.
package struct ResourceStatus: Hashable, Sendable, Codable {
    package let resource: ResourceID
    package let sync: SyncStatus
    package let health: HealthStatus
    /// `Ready`, then `Reconciling` or `Stalled` where they are true.
    package let conditions: [Condition]
    /// One line for tables.
    package let message: String
    package init(
        resource: ResourceID,
        sync: SyncStatus,
        health: HealthStatus,
        conditions: [Condition],
        message: String
    ) {
        self.resource = resource
        self.sync = sync
        self.health = health
        self.conditions = conditions
        self.message = message
    }
}
