import GRDB
package import ResourceAPI

/// Which events to list. An empty filter lists all.
package struct EventFilter: Hashable, Sendable {
    package var resource: ResourceID?
    /// Empty: all kinds.
    package var kinds: Set<EventKind>
    package var commit: CommitID?
    /// Only events after this sequence number.
    package var after: Int64
    package init(
        resource: ResourceID? = nil, kinds: Set<EventKind> = [], commit: CommitID? = nil,
        after: Int64 = 0
    ) {
        self.resource = resource
        self.kinds = kinds
        self.commit = commit
        self.after = after
    }
}

/// Whether the log is as it was written.
package enum EventChainVerdict: Hashable, Sendable {
    case intact(events: Int64)
    /// The first row that is not as it was written, and what is wrong with it.
    case broken(sequence: Int64, problem: String)
}

extension StateStore {
    /// Appends an event that tells of no change in this database.
    package func append(_ event: NewEvent) async throws(StateStoreError) {
        let now = clock()
        try await write { database in
            try EventChain(database: database, time: now).append(event)
        }
    }

    /// The newest `limit` events that pass the filter, newest first.
    package func events(
        _ filter: EventFilter = EventFilter(), limit: Int = 1000
    ) async throws(StateStoreError) -> [RecordedEvent] {
        var conditions = ["seq > ?"]
        var arguments: [(any DatabaseValueConvertible)?] = [filter.after]
        if let resource = filter.resource {
            conditions.append("resource = ?")
            arguments.append(resource)
        }
        if let commit = filter.commit {
            conditions.append("\"commit\" = ?")
            arguments.append(commit)
        }
        if !filter.kinds.isEmpty {
            let places = filter.kinds.map { _ in "?" }.joined(separator: ", ")
            conditions.append("kind IN (\(places))")
            arguments += filter.kinds.map(\.rawValue).sorted()
        }
        arguments.append(limit)
        let sql =
            "SELECT * FROM events WHERE \(conditions.joined(separator: " AND ")) ORDER BY seq DESC LIMIT ?"
        let bound = StatementArguments(arguments)
        return try await read { database in
            try database.records("events", sql, bound).map { try RecordedEvent($0) }
        }
    }
}
