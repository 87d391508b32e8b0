import Foundation
import StateStore
import Testing

@testable import Commands

@Suite("Waiting for a state")
struct RevisionLookTests {
    @Test("a state that the controller is just bringing up to date is waited for")
    func upgrade() async throws {
        let state = NSTemporaryDirectory() + "ingot-look-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: state) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "python3", "-c",
            """
            import sqlite3, sys
            database = sqlite3.connect(sys.argv[1])
            database.execute("PRAGMA application_id = 0x494E474F")
            database.execute("PRAGMA user_version = 1")
            database.execute("CREATE TABLE grdb_migrations (a)")
            """, state + "/state.sqlite",
        ]
        try process.run()
        process.waitUntilExit()
        var look = RevisionLook(wanted: nil, stateDirectory: state, skipsServing: false)
        let older = StateStoreError.olderSchema(
            path: state + "/state.sqlite", found: 1, needed: 2)
        await #expect(throws: older) { _ = try await look.verdict(now: 0) }

        let lock = open(state + "/state.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        defer { close(lock) }
        try #require(flock(lock, LOCK_EX) == 0)
        guard case .waiting(let why) = try await look.verdict(now: 0) else {
            Issue.record("it is not waited for")
            return
        }
        #expect(why == "the state is being brought up to date")
    }
}
