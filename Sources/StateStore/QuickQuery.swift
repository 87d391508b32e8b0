import GRDB

/// Queries that must stay fast however long the history is: each goes straight to its rows by an
/// index, which a test checks.
package enum QuickQuery: String, CaseIterable, Sendable {
    case run = "SELECT * FROM runs WHERE id = ?"
    case runs = "SELECT * FROM runs ORDER BY seq DESC LIMIT ?"
    case runsOfResource = "SELECT * FROM runs WHERE resource = ? ORDER BY seq DESC LIMIT ?"
    case runsOfStep = "SELECT * FROM runs WHERE step = ? ORDER BY seq DESC LIMIT ?"
    case runningOfFingerprint =
        "SELECT id FROM runs WHERE fingerprint = ? AND state = 'running'"
    case producer =
        "SELECT * FROM runs WHERE artifact = ? AND state = 'succeeded' ORDER BY seq LIMIT 1"
    case newestRevision =
        "SELECT * FROM revisions WHERE pointer = ? ORDER BY seq DESC LIMIT 1"
    case status = "SELECT * FROM statuses WHERE resource = ?"
    case lastEvent = "SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1"
    case eventsOfResource =
        "SELECT * FROM events WHERE seq > ? AND resource = ? ORDER BY seq DESC LIMIT ?"
    case eventsOfKind =
        "SELECT * FROM events WHERE seq > ? AND kind = ? ORDER BY seq DESC LIMIT ?"
}

extension StateStore {
    /// How SQLite would answer a query: the lines of EXPLAIN QUERY PLAN.
    package func plan(of query: QuickQuery) async throws(StateStoreError) -> [String] {
        try await read { database in
            let places = query.rawValue.count { $0 == "?" }
            return try Row.fetchAll(
                database, sql: "EXPLAIN QUERY PLAN \(query.rawValue)",
                arguments: StatementArguments(Array(repeating: 1, count: places))
            ).map { String.fromDatabaseValue($0["detail"]) ?? "" }
        }
    }
}
