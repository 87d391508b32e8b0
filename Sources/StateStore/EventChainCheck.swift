import Foundation
import GRDB
import ResourceAPI

extension StateStore {
    /// Reads the whole log and names the first row that was changed, removed or put in.
    package func verifyEventChain() async throws(StateStoreError) -> EventChainVerdict {
        try await read { database in try EventChainCheck(database: database).verdict() }
    }
}

struct EventChainCheck {
    let database: Database

    func verdict() throws -> EventChainVerdict {
        var previous = EventChain.origin
        var expected: Int64 = 1
        let rows = try Row.fetchCursor(
            database, sql: "SELECT \(EventEncoding.columns) FROM events ORDER BY seq")
        while let row = try rows.next() {
            if let hash = follows(row, previous, expected) {
                previous = hash
            } else if let problem = problem(row, previous, expected) {
                return .broken(sequence: expected, problem: problem)
            } else {
                previous = try Record("events", row).value("hash")
            }
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

    /// - Returns: the row's hash if it is as it was written; nil if it needs a closer look.
    private func follows(_ row: Row, _ previous: Digest, _ expected: Int64) -> Digest? {
        guard let event = EventEncoding(row), event.sequence == expected,
            event.previous == previous.description,
            let hash = Data.fromDatabaseValue(row[11]).flatMap({ Digest(bytes: Array($0)) }),
            event.hash == hash
        else { return nil }
        return hash
    }

    /// Nil if nothing is wrong.
    private func problem(_ row: Row, _ previous: Digest, _ expected: Int64) -> String? {
        do throws(StateStoreError) {
            let event = try RecordedEvent(Record("events", row))
            if event.sequence != expected { return "it is missing" }
            if event.previousHash != previous { return "it does not follow the event before it" }
            return event.hash == event.expectedHash ? nil : "its content has changed"
        } catch {
            return error.message
        }
    }
}
