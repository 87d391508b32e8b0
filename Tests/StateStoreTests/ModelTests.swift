import Foundation
import Planning
import ResourceAPI
import StateStore
import Testing

@Suite("Versions, stages and rollouts")
struct ModelTests {
    let scratch: Scratch
    let clock = TestClock()
    let store: StateStore
    let origin: ChangeOrigin

    init() async throws {
        scratch = try Scratch()
        store = try await scratch.writer(clock: clock)
        origin = ChangeOrigin(
            actor: "controller", commit: try commit(1), plan: "plan-1", cause: "track: latest")
    }

    private func train(_ key: String, model: String = "delay") async throws -> VersionRecord {
        let run = try await store.succeed(
            scratch, newRun("trainingconfig/delay#train", key), "onnx \(key)")
        return try await store.registerVersion(
            NewVersion(
                model: name(model), digest: run.artifact, fingerprint: fingerprint(key),
                commit: commit(1), metrics: ["test": ["roc_auc": 0.75, "rows": 1.0]],
                gates: [GateResult(metric: .rocAUC, value: 0.75, min: 0.7, passed: true)]),
            origin: origin)
    }

    @Test("versions are numbered per model, and a digest keeps its number")
    func numbers() async throws {
        let first = try await train("1")
        #expect(first.version.number == 1)
        #expect(first.runID == "run-1")
        #expect(first.version.metrics == ["test": ["roc_auc": 0.75, "rows": 1.0]])
        #expect(first.gates.map(\.explanation) == ["roc_auc 0.75 is within its bounds"])
        #expect(try await train("2").version.number == 2)
        #expect(try await train("3", model: "other").version.number == 1)
        let again = try await store.registerVersion(
            NewVersion(
                model: name("delay"), digest: first.version.digest, fingerprint: fingerprint("1"),
                commit: commit(2), metrics: [:], gates: []), origin: origin)
        #expect(again == first)
        #expect(try await store.versions(of: name("delay")).map(\.version.number) == [1, 2])
        #expect(try await store.versions().count == 3)
        #expect(try await store.version(1, of: name("delay")) == first)
        let error = await stateError { _ = try await store.version(7, of: name("delay")) }
        #expect(
            error?.description == """
                model/delay has no version 7
                hint: `ingot registry` lists the versions
                """)
    }

    @Test("a version is found by the beginning of its digest")
    func prefix() async throws {
        let first = try await train("1")
        _ = try await train("2")
        let bytes = Array(first.version.digest.bytes.prefix(8))
        #expect(try await store.versions(digestPrefix: bytes) == [first])
        #expect(try await store.versions(digestPrefix: [UInt8](repeating: 255, count: 8)).isEmpty)
    }

    @Test("what no run has made cannot be a version")
    func untrained() async throws {
        let error = await stateError {
            _ = try await store.registerVersion(
                NewVersion(
                    model: name("delay"), digest: digest("x"), fingerprint: fingerprint("x"),
                    commit: commit(1), metrics: [:], gates: []), origin: origin)
        }
        #expect(
            error?.description
                == "model/delay cannot have a version of \(fingerprint("x")): no run of it has succeeded"
        )
    }

    @Test("a stage moves only if it points elsewhere, and every move is kept")
    func stages() async throws {
        let first = try await train("1")
        let second = try await train("2")
        let (model, stage) = (try name("delay"), try name("production"))
        func set(_ version: Int?) async throws -> Bool {
            try await store.setStage(model: model, stage: stage, version: version, origin: origin)
        }
        #expect(try await set(nil) == false)
        #expect(try await set(1))
        #expect(try await set(1) == false)
        #expect(try await set(2))
        #expect(try await set(1))
        #expect(try await set(nil))
        let history = try await store.stageHistory(of: model)
        #expect(history.map(\.sequence) == [4, 3, 2, 1])
        #expect(history.map(\.version) == [nil, 1, 2, 1])
        #expect(
            history.map(\.digest)
                == [nil, first.version.digest, second.version.digest, first.version.digest])
        #expect(history[1].actor == "controller")
        #expect(history[1].cause == "track: latest")
        #expect(history[1].commit == (try commit(1)))
        let current = try await store.currentStages(of: model)
        #expect(current.map(\.version) == [nil])
        #expect(try await store.currentStages() == current)
        #expect(try await store.stageHistory(of: model, stage: name("staging")).isEmpty)
        let events = try await store.events(EventFilter(kinds: [.stageMoved, .stageCleared]))
        #expect(
            events.map(\.event.result) == [
                "production: version 1 to nothing", "production: version 2 to version 1",
                "production: version 1 to version 2", "production: nothing to version 1",
            ])
    }

    @Test("a stage never points to what could not be served")
    func stageOfMissing() async throws {
        let first = try await train("1")
        let (model, stage) = (try name("delay"), try name("production"))
        let unknown = await stateError {
            try await store.setStage(model: model, stage: stage, version: 9, origin: origin)
        }
        #expect(unknown == .unknownVersion(model: model, number: 9))
        let path = store.artifacts.path(ofBlob: digest("onnx 1"))
        try FileManager.default.removeItem(atPath: path)
        let error = await stateError {
            try await store.setStage(model: model, stage: stage, version: 1, origin: origin)
        }
        #expect(
            error?.message
                == "the artifact \(first.version.digest) is damaged: data.parquet is missing (\(path))"
        )
        #expect(try await store.currentStages().isEmpty)
    }

    @Test("history cannot be rewritten, not even with SQL")
    func appendOnly() async throws {
        _ = try await train("1")
        _ = try await store.setStage(
            model: name("delay"), stage: name("production"), version: 1, origin: origin)
        for table in ["events", "stage_history", "versions"] {
            #expect(try scratch.sqlStatus("DELETE FROM \(table)") != 0)
            #expect(try scratch.sqlStatus("UPDATE \(table) SET actor = 'eve'") != 0)
        }
        #expect(try await store.stageHistory(of: name("delay")).count == 1)
    }

    @Test("a rollout is recorded once, and answers from when it was ready")
    func rollouts() async throws {
        let first = try await train("1").version
        let second = try await train("2").version
        let deployment = try name("delay")
        func start(_ version: ModelVersion) async throws -> Bool {
            try await store.startRollout(
                deployment: deployment, version: version, revision: revision(1), origin: origin)
        }
        clock.set(9_000)
        #expect(try await start(first))
        clock.set(19_000)
        #expect(try await start(first) == false)
        try await store.markRolloutReady(
            deployment: deployment, digest: first.digest, origin: origin)
        try await store.markRolloutReady(
            deployment: deployment, digest: first.digest, origin: origin)
        clock.set(29_000)
        #expect(try await start(second))
        let rollouts = try await store.rollouts(of: deployment)
        #expect(rollouts.map(\.sequence) == [2, 1])
        #expect(rollouts.map(\.version) == [2, 1])
        #expect(rollouts.map(\.startedAt) == [30_000, 10_000])
        #expect(rollouts.map(\.readyAt) == [nil, 21_000])
        #expect(rollouts[0].revision == (try revision(1)))
        #expect(try await store.rollout(of: deployment, at: 20_999) == nil)
        #expect(try await store.rollout(of: deployment, at: 21_000) == rollouts[1])
        #expect(try await store.rollout(of: deployment, at: 99_000) == rollouts[1])
        let error = await stateError {
            try await store.markRolloutReady(
                deployment: deployment, digest: first.digest, origin: origin)
        }
        #expect(error?.description == "deployment/delay was never asked to serve that version")
        let ready = try await store.events(EventFilter(kinds: [.rolloutReady]))
        #expect(ready.map(\.event.result) == ["version 1 of model/delay"])
        #expect(ready.first?.event.payload["milliseconds"] == 11_000)
    }
}
