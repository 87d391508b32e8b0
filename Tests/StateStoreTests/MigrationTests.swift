import Foundation
import Planning
import ResourceAPI
import StateStore
import Testing

@Suite("Migration")
struct MigrationTests {
    let scratch: Scratch

    init() throws {
        scratch = try Scratch()
        try FileManager.default.createDirectory(
            atPath: scratch.state, withIntermediateDirectories: true)
        try scratch.sql(versionOneDatabase)
        // It has a run with the first id.
        _ = scratch.ids.next()
    }

    @Test("a state of schema 1 is brought up to date with everything in it")
    func fromOne() async throws {
        let store = try await scratch.writer()
        #expect(store.epoch == 1)
        let runs = try await store.runs()
        #expect(runs.map(\.id) == ["run-1"])
        #expect(try await store.recordedState().results.count == 1)
        #expect(try await store.versions().map(\.version.number) == [1])
        #expect(try await store.currentStages().map(\.version) == [1])
        #expect(try await store.lineage(of: runs[0].artifact ?? digest("")).runs == runs)
        // Its file was never there in this test: found, and able to be collected from now on.
        #expect(try await store.lostArtifacts() == runs.compactMap(\.artifact))
        try await store.markDamaged(
            runs[0].artifact ?? digest(""), problem: "test",
            origin: ChangeOrigin(actor: "ada", cause: "test"))
        _ = try await store.succeed(scratch, newRun("dataset/a#snapshot", "9"), "nine")
        let report = try await store.collectGarbage(keeping: [], retention: 0)
        #expect(report.collected.count == 1)
        try await store.close()
        #expect(try scratch.sqlStatus("PRAGMA foreign_key_check") == 0)
        #expect(try await scratch.reader().runs().count == 2)
    }

    @Test("a reader asks for a writer first")
    func reader() async throws {
        let error = await stateError { _ = try await scratch.reader() }
        #expect(
            error?.description == """
                \(scratch.state)/state.sqlite was written by an older Ingot: its schema is 1, this one reads 2
                hint: run `ingot apply` or `ingot run` once, which brings it up to date
                """)
    }
}
