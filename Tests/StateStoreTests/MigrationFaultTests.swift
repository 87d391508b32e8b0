import Foundation
import Planning
import ResourceAPI
import StateStore
import Testing

/// An upgrade from schema 1 that is cut off: every fault at every point at which SQLite changes its
/// files, from the opening to the close after it.
@Suite("Migration cut off", .serialized)
struct MigrationFaultTests {
    let scratch: Scratch
    let old: URL

    private var database: String { scratch.state + "/state.sqlite" }

    init() async throws {
        // In memory: what is synced is for the layer under SQLite to say.
        let memory = "/dev/shm"
        scratch = try Scratch(
            in: FileManager.default.fileExists(atPath: memory) ? memory : "/tmp")
        old = URL(fileURLWithPath: scratch.path + "/old.sqlite")
        try await makeOldState()
    }

    /// What a released Ingot of schema 1 would have left of a small project: its own tables, with the
    /// rows and files that this one has made.
    private func makeOldState() async throws {
        let store = try await scratch.writer()
        let run = try await store.succeed(
            scratch, newRun("trainingconfig/delay#train", "k"), "onnx")
        let origin = ChangeOrigin(actor: "controller", cause: "test")
        _ = try await store.registerVersion(
            NewVersion(
                model: name("delay"), digest: run.artifact, fingerprint: fingerprint("k"),
                commit: commit(1), metrics: [:], gates: []), origin: origin)
        try await store.setStage(
            model: name("delay"), stage: name("production"), version: 1, origin: origin)
        try await store.close()
        let current = scratch.path + "/current.sqlite"
        try FileManager.default.moveItem(atPath: database, toPath: current)
        guard let end = versionOneDatabase.range(of: "INSERT INTO artifacts") else {
            throw BadSample()
        }
        let tables = [
            "artifacts", "artifact_files", "runs", "fingerprints", "versions", "stage_history",
            "events",
        ]
        try scratch.sql(
            """
            \(versionOneDatabase[..<end.lowerBound])
            ATTACH '\(current)' AS current;
            \(tables.map { "INSERT INTO main.\($0) SELECT * FROM current.\($0);" }.joined())
            PRAGMA application_id = 1229866831;
            PRAGMA user_version = 1;
            PRAGMA journal_mode = WAL;
            """)
        try FileManager.default.moveItem(at: URL(fileURLWithPath: database), to: old)
    }

    private func restoreOldState() throws {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            try? FileManager.default.removeItem(atPath: database + suffix)
        }
        try? FileManager.default.removeItem(atPath: scratch.state + "/store/epoch")
        try FileManager.default.copyItem(at: old, to: URL(fileURLWithPath: database))
    }

    // MARK: What is looked at

    /// Schema 1, to be brought up to date, or 2: nothing between.
    private func isOld() async throws -> Bool {
        do {
            let reader = try await scratch.reader()
            try await reader.close()
            return false
        } catch StateStoreError.olderSchema {
            return true
        }
    }

    /// Everything that schema 1 had.
    private struct Content: Equatable {
        let runs: [RunRecord]
        let results: [Fingerprint: RecordedResult]
        let versions: [VersionRecord]
        let stages: [StageRecord]
        let events: [RecordedEvent]
        let findings: [Finding]

        init(_ store: StateStore) async throws {
            runs = try await store.runs()
            results = try await store.recordedState().results
            versions = try await store.versions()
            stages = try await store.currentStages()
            events = try await store.events()
            findings = try await store.verify().findings
        }
    }

    /// - Returns: whether it said that it is done.
    private func upgrade() async -> Bool {
        guard let store = try? await scratch.writer() else { return false }
        try? await store.close()
        return true
    }

    /// What did not hold.
    private func violations(
        _ fault: DatabaseFault, at point: Int, _ expected: Content
    ) async throws -> [String] {
        try restoreOldState()
        let disk = try FaultyDatabase(database, fault, at: point)
        var found: [String] = []
        let isDone = await upgrade()
        if !disk.isMet { found.append("the fault was not met") }
        try disk.restart(after: fault, seed: point)
        do {
            if try await isOld(), isDone { found.append("what was acknowledged is lost") }
            let store = try await scratch.writer()
            if try await Content(store) != expected { found.append("something is missing") }
            try await store.close()
            try disk.losePower()
            if try await isOld() { found.append("what was acknowledged is lost with the power") }
        } catch {
            found.append("it cannot be opened again: \(error)")
        }
        return found.map { "\(fault.rawValue) at point \(point): \($0)" }
    }

    @Test func `every fault at every write point leaves the old state or the new one`()
        async throws
    {
        try restoreOldState()
        let disk = try FaultyDatabase(database)
        let store = try await scratch.writer()
        let opening = disk.points
        let expected = try await Content(store)
        #expect(expected.findings == [])
        #expect((expected.runs.count, expected.stages.count, expected.events.count) == (1, 1, 4))
        try await store.close()
        let points = disk.points
        // So that nobody takes an upgrade for tested that SQLite does in memory.
        #expect(opening > 40 && points > opening, "\(opening) points, \(points) with the close")
        var found: [String] = []
        for fault in DatabaseFault.allCases {
            for point in 1...points {
                found += try await violations(fault, at: point, expected)
            }
        }
        #expect(found == [])
    }

    // MARK: The first start

    private func removeState() throws {
        if FileManager.default.fileExists(atPath: scratch.state) {
            try FileManager.default.removeItem(atPath: scratch.state)
        }
        try FileManager.default.createDirectory(
            atPath: scratch.state, withIntermediateDirectories: true)
    }

    /// What did not hold.
    private func violationsOfFirstStart(
        _ fault: DatabaseFault, at point: Int
    ) async throws -> [String] {
        try removeState()
        let disk = try FaultyDatabase(database, fault, at: point)
        var found: [String] = []
        let isDone = await upgrade()
        if !disk.isMet { found.append("the fault was not met") }
        try disk.restart(after: fault, seed: point)
        do {
            let reader = try await scratch.reader()
            try await reader.close()
        } catch StateStoreError.stateMissing, StateStoreError.olderSchema {
            // Both say that a writer has to be started.
            if isDone { found.append("what was acknowledged is lost") }
        } catch {
            found.append("a reader does not take it for a state in the making: \(error)")
        }
        do {
            let store = try await scratch.writer()
            if try await !store.runs().isEmpty { found.append("it is not empty") }
            found += try await store.verify().findings.map { "\($0)" }
            try await store.close()
        } catch {
            found.append("it cannot be started again: \(error)")
        }
        return found.map { "\(fault.rawValue) at point \(point): \($0)" }
    }

    @Test func `a first start cut off at any write point can be made again`() async throws {
        try removeState()
        let disk = try FaultyDatabase(database)
        try await scratch.writer().close()
        let points = disk.points
        #expect(points > 40, "\(points) points")
        var found: [String] = []
        for fault in DatabaseFault.allCases {
            for point in 1...points {
                found += try await violationsOfFirstStart(fault, at: point)
            }
        }
        #expect(found == [])
    }
}
