import Foundation
import Planning
import ResourceAPI
import StateStore
import Testing

@Suite("Rebuilding the database")
struct RebuildTests {
    let scratch: Scratch
    let origin = ChangeOrigin(actor: "controller", cause: "its gates passed")

    init() throws {
        scratch = try Scratch()
    }

    private var database: String { scratch.state + "/state.sqlite" }

    /// Two results, the second of them a version.
    private func fill() async throws -> (RecordedState, [RunRecord], [VersionRecord]) {
        let store = try await scratch.writer()
        let data = try await store.succeed(scratch, newRun("dataset/a#snapshot", "1"), "data")
        let model = try await store.succeed(
            scratch,
            newRun("trainingconfig/delay#train", "2", inputs: ["features": data.artifact]), "onnx")
        _ = try await store.registerVersion(
            NewVersion(
                model: name("delay"), digest: model.artifact, fingerprint: fingerprint("2"),
                commit: commit(1), metrics: ["test": ["roc_auc": 0.75]],
                gates: [GateResult(metric: .rocAUC, value: 0.75, min: 0.7, passed: true)]),
            origin: origin)
        let result = (
            try await store.recordedState(), try await store.runs(), try await store.versions()
        )
        try await store.close()
        return result
    }

    private func rebuild() async throws -> RebuildReport {
        try await StateStore.rebuild(directory: scratch.state, clock: { 77 })
    }

    @Test("runs, results and versions come back as they were, whatever became of the database")
    func comesBack() async throws {
        let (state, runs, versions) = try await fill()
        try Data(repeating: 0x2A, count: 8192).write(to: URL(fileURLWithPath: database))
        let report = try await rebuild()
        #expect((report.results, report.incomplete, report.versions) == (2, 0, 1))
        #expect((report.unusable, report.movedTo) == ([], database + ".damaged-77"))
        #expect(
            try Data(contentsOf: URL(fileURLWithPath: database + ".damaged-77"))
                == Data(repeating: 0x2A, count: 8192))
        let store = try await scratch.writer()
        #expect(store.epoch == 2)
        #expect(try await store.recordedState().results == state.results)
        #expect(try await store.runs() == runs)
        #expect(try await store.versions() == versions)
        #expect(
            try await store.events().map(\.event.result) == ["2 results from the store"])
        #expect(try await store.verify().findings.isEmpty)
        _ = try await store.succeed(scratch, newRun("dataset/a#snapshot", "3"), "three")
        #expect(try await store.verify().findings.isEmpty)
    }

    @Test("a database that is gone is made anew, and nothing is moved")
    func gone() async throws {
        let (state, _, _) = try await fill()
        try FileManager.default.removeItem(atPath: database)
        #expect(try await rebuild().movedTo == nil)
        let store = try await scratch.reader()
        #expect(try await store.recordedState().results == state.results)
    }

    @Test("a result whose files are not whole is known, and does not count")
    func incomplete() async throws {
        let (_, _, versions) = try await fill()
        let store = ArtifactStore(root: scratch.state + "/store")
        try FileManager.default.removeItem(atPath: store.path(ofBlob: digest("onnx")))
        try FileManager.default.removeItem(atPath: database)
        let report = try await rebuild()
        #expect((report.results, report.incomplete, report.versions) == (2, 1, 1))
        let reader = try await scratch.reader()
        #expect(try await reader.recordedState().results.keys.map(\.self) == [fingerprint("1")])
        // The number is not given to another model later.
        #expect(try await reader.versions() == versions)
        #expect(try await reader.verify().findings.isEmpty)
    }

    @Test("a changed record is left out, alone and named")
    func changedRecord() async throws {
        _ = try await fill()
        let hex = fingerprint("1").digest.hex
        let path = "\(scratch.state)/store/records/\(hex.prefix(2))/\(hex).json"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try FileManager.default.removeItem(atPath: path)
        try text.replacingOccurrences(of: "\"seed\":17", with: "\"seed\":18")
            .write(toFile: path, atomically: true, encoding: .utf8)
        let report = try await rebuild()
        #expect((report.results, report.unusable) == (1, [path]))
    }

    @Test("without any record nothing is touched")
    func noRecords() async throws {
        let store = try await scratch.writer()
        try await store.close()
        let before = try Data(contentsOf: URL(fileURLWithPath: database))
        let error = await stateError { _ = try await rebuild() }
        #expect(
            error?.description == """
                \(scratch.state)/store holds no record of a result
                hint: nothing was changed; `ingot apply` makes everything again from git
                """)
        #expect(try Data(contentsOf: URL(fileURLWithPath: database)) == before)
    }

    @Test("a state that somebody is using is not rebuilt")
    func inUse() async throws {
        _ = try await fill()
        let store = try await scratch.writer()
        let error = await stateError { _ = try await rebuild() }
        #expect(error == .inUse(directory: scratch.state, process: getpid()))
        try await store.close()
    }

    @Test("a database cut to nothing beside a used store is refused, not begun anew")
    func cutToNothing() async throws {
        _ = try await fill()
        try Data().write(to: URL(fileURLWithPath: database))
        let error = await stateError { _ = try await scratch.writer() }
        #expect(
            error?.description == """
                \(database) is damaged: it is empty, although the store has been in use
                hint: nothing was deleted: `ingot rebuild` moves the file aside and makes a new one from the store's records
                """)
        #expect(try await rebuild().results == 2)
    }

    @Test("a kill while rebuilding leaves the old database or a state to rebuild")
    func killed() async throws {
        let (state, _, _) = try await fill()
        try Data("half".utf8).write(to: URL(fileURLWithPath: database + ".rebuilding"))
        try Data("half".utf8).write(to: URL(fileURLWithPath: database + ".rebuilding-journal"))
        try FileManager.default.moveItem(atPath: database, toPath: database + ".damaged-1")
        #expect(try await rebuild().results == 2)
        #expect(try await scratch.reader().recordedState().results == state.results)
        #expect(
            try scratch.files(below: ".ingot").filter { $0.contains("rebuilding") }.isEmpty)
    }
}
