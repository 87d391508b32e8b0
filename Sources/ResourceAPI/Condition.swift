/// A machine-readable statement about a resource, in the shape that Kubernetes made usual.
package struct Condition: Hashable, Sendable, Codable {
    package enum Status: String, Hashable, Sendable, Codable {
        case yes = "True"
        case no = "False"
        case unknown = "Unknown"
    }

    /// `Ready`, `Reconciling` or `Stalled`.
    package let type: String
    package let status: Status
    /// One CamelCase word.
    package let reason: String
    package let message: String
    package let observedRevision: String?
    package init(
        type: String,
        status: Status,
        reason: String,
        message: String,
        observedRevision: String? = nil
    ) {
        self.type = type
        self.status = status
        self.reason = reason
        self.message = message
        self.observedRevision = observedRevision
    }
}

/// Whether what exists is what the commit says.
package enum SyncStatus: String, Hashable, Sendable, Codable {
    case synced = "Synced"
    case outOfSync = "OutOfSync"
}

/// Whether what exists works.
package enum HealthStatus: String, Hashable, Sendable, Codable {
    case healthy = "Healthy"
    case progressing = "Progressing"
    case degraded = "Degraded"
    case suspended = "Suspended"
    case missing = "Missing"
    case unknown = "Unknown"
}
