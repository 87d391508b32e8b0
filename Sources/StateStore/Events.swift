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

    /// Reads the whole log and names the first row that was changed, removed or put in.
    package func verifyEventChain() async throws(StateStoreError) -> EventChainVerdict {
        try await read { database in
            var previous = EventChain.origin
            var expected: Int64 = 1
            let rows = try Row.fetchCursor(database, sql: "SELECT * FROM events ORDER BY seq")
            while let row = try rows.next() {
                let event: RecordedEvent
                do throws(StateStoreError) {
                    event = try RecordedEvent(Record("events", row))
                } catch {
                    return .broken(sequence: expected, problem: error.message)
                }
                guard event.sequence == expected else {
                    return .broken(sequence: expected, problem: "it is missing")
                }
                guard event.previousHash == previous else {
                    return .broken(
                        sequence: expected, problem: "it does not follow the event before it")
                }
                guard event.hash == event.expectedHash else {
                    return .broken(sequence: expected, problem: "its content has changed")
                }
                previous = event.hash
                expected += 1
            }
            // SQLite remembers the last number it gave, so a cut-off end is seen too.
            let last = try Int64.fetchOne(
                database, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'events'")
            guard (last ?? 0) < expected else {
                return .broken(sequence: expected, problem: "it is missing")
            }
            return .intact(events: expected - 1)
        }
    }
}
