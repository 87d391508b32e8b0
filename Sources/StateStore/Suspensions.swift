import GRDB
package import ResourceAPI

/// A decision of a person that Ingot shall leave something as it is for a while.
package struct Suspension: Hashable, Sendable {
    /// Nil: everything.
    package let resource: ResourceID?
    package let actor: String
    package let reason: String
    /// Milliseconds since 1970.
    package let since: Int64
    /// Milliseconds since 1970; nil: until somebody resumes it.
    package let expiresAt: Int64?
    package init(
        resource: ResourceID?, actor: String, reason: String, since: Int64, expiresAt: Int64?
    ) {
        self.resource = resource
        self.actor = actor
        self.reason = reason
        self.since = since
        self.expiresAt = expiresAt
    }

    fileprivate static let everything = "*"

    init(_ record: Record) throws(StateStoreError) {
        let target: String = try record.value("target")
        resource = target == Suspension.everything ? nil : try record.value("target")
        actor = try record.value("actor")
        reason = try record.value("reason")
        since = try record.value("since")
        expiresAt = try record.optional("expires_at")
    }
}

extension StateStore {
    /// Records a suspension. One of the same resource (or of everything) is replaced.
    package func suspend(
        _ suspension: Suspension, origin: ChangeOrigin
    ) async throws(StateStoreError) {
        let now = clock()
        try await write { database in
            try database.change(
                "INSERT OR REPLACE INTO suspensions VALUES (?, ?, ?, ?, ?)",
                [
                    suspension.resource?.description ?? Suspension.everything, suspension.actor,
                    suspension.reason, suspension.since, suspension.expiresAt,
                ])
            try EventChain(database: database, time: now).append(
                NewEvent(
                    .suspended, suspension.resource, origin: origin, result: suspension.reason,
                    payload: [
                        "by": .string(suspension.actor),
                        "expiresAt": suspension.expiresAt.map(JSONValue.int) ?? .null,
                    ]))
        }
    }

    /// Ends the suspension of a resource, or the one of everything (nil).
    ///
    /// - Returns: false if there was none.
    @discardableResult
    package func resume(
        _ resource: ResourceID?, origin: ChangeOrigin
    ) async throws(StateStoreError) -> Bool {
        let now = clock()
        return try await write { database in
            try database.change(
                "DELETE FROM suspensions WHERE target = ?",
                [resource?.description ?? Suspension.everything])
            guard database.changesCount > 0 else { return false }
            try EventChain(database: database, time: now).append(
                NewEvent(.resumed, resource, origin: origin, result: "resumed"))
            return true
        }
    }

    /// The one of everything first, then sorted by resource. Expired ones are among them until
    /// somebody resumes them.
    package func suspensions() async throws(StateStoreError) -> [Suspension] {
        try await read { database in
            try database.records("suspensions", "SELECT * FROM suspensions ORDER BY target")
                .map { try Suspension($0) }
        }
    }
}
