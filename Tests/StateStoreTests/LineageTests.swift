import Foundation
import ResourceAPI
import StateStore
import Testing

@Suite("Lineage and verification")
struct LineageTests {
    let scratch: Scratch
    let store: StateStore

    init() async throws {
        scratch = try Scratch()
        store = try await scratch.writer()
    }

    /// flights.csv → dataset → training set (also from weather.csv → dataset → view) → model.
    private func chain() async throws -> FinishedRun {
        let flights = try await store.succeed(
            scratch, newRun("dataset/flights#snapshot", "1", inputs: ["source": digest("csv")]),
            "flights")
        let weather = try await store.succeed(
            scratch, newRun("dataset/weather#snapshot", "2", inputs: ["source": digest("w")]),
            "weather")
        let view = try await store.succeed(
            scratch,
            newRun("featureview/weather#features", "3", inputs: ["dataset": weather.artifact]),
            "view")
        let set = try await store.succeed(
            scratch,
            newRun(
                "trainingconfig/delay#training-set", "4",
                inputs: ["spine": flights.artifact, "view:weather": view.artifact]), "set")
        return try await store.succeed(
            scratch,
            newRun("trainingconfig/delay#train", "5", inputs: ["training-set": set.artifact]),
            "onnx")
    }

    @Test("lineage walks from a model to the source files")
    func lineage() async throws {
        let model = try await chain()
        let lineage = try await store.lineage(of: model.artifact)
        #expect(
            lineage.runs.map(\.step.description) == [
                "trainingconfig/delay#train", "trainingconfig/delay#training-set",
                "dataset/flights#snapshot", "featureview/weather#features",
                "dataset/weather#snapshot",
            ])
        #expect(lineage.producers[digest("csv")] == nil)
        #expect(lineage.producers.count == 5)
        let unknown = try await store.lineage(of: digest("nothing"))
        #expect(unknown.runs.isEmpty)
    }

    @Test("the first run that made an artifact is its producer")
    func firstProducer() async throws {
        let first = try await store.succeed(scratch, newRun("dataset/a#snapshot", "1"), "same")
        let second = try await store.succeed(scratch, newRun("dataset/a#snapshot", "2"), "same")
        #expect(first.artifact == second.artifact)
        let lineage = try await store.lineage(of: first.artifact)
        #expect(lineage.runs.map(\.id) == ["run-1"])
    }

    @Test("a whole state has no findings")
    func whole() async throws {
        _ = try await chain()
        #expect(try await store.verify(isDeep: true).findings.isEmpty)
    }

    @Test("missing and changed files are found, the latter by reading them")
    func findings() async throws {
        let model = try await chain()
        let path = store.artifacts.path(ofBlob: digest("onnx"))
        try FileManager.default.removeItem(atPath: path)
        try Data("evil".utf8).write(to: URL(fileURLWithPath: path))
        #expect(try await store.verify(isDeep: false).findings.isEmpty)
        #expect(
            try await store.verify(isDeep: true).findings == [
                Finding(
                    kind: .artifact, artifact: model.artifact,
                    message:
                        "the artifact \(model.artifact) is damaged: the content of data.parquet has changed (\(path))"
                )
            ])
        try FileManager.default.removeItem(atPath: path)
        #expect(
            try await store.verify(isDeep: false).findings.map(\.message) == [
                "the artifact \(model.artifact) is damaged: data.parquet is missing (\(path))"
            ])
    }

    @Test("a record without its artifact is found")
    func records() async throws {
        let run = try await store.succeed(scratch, newRun("dataset/a#snapshot", "1"), "one")
        try scratch.sql(
            "PRAGMA foreign_keys = OFF; DELETE FROM artifact_files; DELETE FROM artifacts")
        #expect(
            try await store.verify(isDeep: false).findings == [
                Finding(
                    kind: .record, artifact: run.artifact,
                    message:
                        "the fingerprint \(fingerprint("1")) has the artifact \(run.artifact), which is not recorded"
                )
            ])
    }
}
