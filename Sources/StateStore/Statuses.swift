import GRDB
package import ResourceAPI

/// The state of a resource as the summarizer found it.
package struct NewStatus: Hashable, Sendable {
    package let resource: ResourceID
    package let sync: SyncStatus
    package let health: HealthStatus
    package let conditions: [Condition]
    /// One line for tables.
    package let message: String
    package let observedRevision: String?
    package let detail: JSONValue
    package init(
        resource: ResourceID, sync: SyncStatus, health: HealthStatus, conditions: [Condition],
        message: String, observedRevision: String?, detail: JSONValue = [:]
    ) {
        self.resource = resource
        self.sync = sync
        self.health = health
        self.conditions = conditions
        self.message = message
        self.observedRevision = observedRevision
        self.detail = detail
    }

    /// `Synced, Healthy`.
    fileprivate var summary: String { "\(sync.rawValue), \(health.rawValue)" }

    /// What makes a change worth an event: not the wording, nor the commit at which it was seen.
    fileprivate var verdict: [String] {
        [summary] + conditions.map { "\($0.type) \($0.status.rawValue) \($0.reason)" }
    }
}

package struct StatusRecord: Hashable, Sendable {
    package let status: NewStatus
    /// Since when sync and health are what they are, milliseconds since 1970.
    package let since: Int64

    package var resource: ResourceID { status.resource }

    init(_ record: Record) throws(StateStoreError) {
        let conditions: Encoded<[Condition]> = try record.value("conditions")
        status = NewStatus(
            resource: try record.value("resource"), sync: try record.named("sync"),
            health: try record.named("health"), conditions: conditions.value,
            message: try record.value("message"),
            observedRevision: try record.optional("observed_revision"),
            detail: try record.value("detail"))
        since = try record.value("since")
    }
}

extension StateStore {
    /// Sorted by resource.
    package func statuses() async throws(StateStoreError) -> [StatusRecord] {
        try await read { database in
            try database.records("statuses", "SELECT * FROM statuses")
                .map { try StatusRecord($0) }
        }.sorted { $0.resource < $1.resource }
    }

    /// Records the statuses of some resources and forgets those of others; all the rest stay, and
    /// cost nothing. Writes only what differs.
    ///
    /// - Returns: how many differed.
    @discardableResult
    package func updateStatuses(
        changed: [NewStatus], removed: [ResourceID], origin: ChangeOrigin
    ) async throws(StateStoreError) -> Int {
        guard !changed.isEmpty || !removed.isEmpty else { return 0 }
        let now = clock()
        return try await write { database in
            var count = 0
            for status in changed {
                let old = try database.record(
                    "statuses", QuickQuery.status.rawValue, [status.resource]
                ).map { try StatusRecord($0) }
                guard old?.status != status else { continue }
                try store(status, after: old, database, now: now, origin: origin)
                count += 1
            }
            for resource in removed {
                try database.change("DELETE FROM statuses WHERE resource = ?", [resource])
                count += database.changesCount
            }
            return count
        }
    }

    /// The status of one resource; nil if it has none.
    package func status(of resource: ResourceID) async throws(StateStoreError) -> StatusRecord? {
        try await read { database in
            try database.record(
                "statuses", QuickQuery.status.rawValue, [resource]
            ).map { try StatusRecord($0) }
        }
    }
}

private func store(
    _ status: NewStatus, after old: StatusRecord?, _ database: Database, now: Int64,
    origin: ChangeOrigin
) throws {
    let isSame = old?.status.summary == status.summary
    try database.change(
        "INSERT OR REPLACE INTO statuses VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            status.resource, status.sync.rawValue, status.health.rawValue,
            Encoded(status.conditions), status.message, status.observedRevision,
            isSame ? old?.since : now, status.detail,
        ])
    guard old?.status.verdict != status.verdict else { return }
    try EventChain(database: database, time: now).append(
        NewEvent(
            .statusChanged, status.resource, origin: origin, result: status.summary,
            payload: [
                "from": old.map { .string($0.status.summary) } ?? .null,
                "message": .string(status.message),
            ]))
}
