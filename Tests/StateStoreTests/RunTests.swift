import Foundation
import Planning
import ResourceAPI
import StateStore
import Testing

@Suite("Runs")
struct RunTests {
    let scratch: Scratch
    let clock = TestClock()
    let store: StateStore

    init() async throws {
        scratch = try Scratch()
        store = try await scratch.writer(clock: clock)
    }

    @Test("a run is read back as it was recorded")
    func roundTrip() async throws {
        let order = try newRun(
            "trainingconfig/delay#train", "k", inputs: ["training-set": digest("set")])
        clock.set(5_000)
        let finished = try await store.succeed(scratch, order, "onnx")
        let run = try await store.run("run-1")
        #expect(finished.run == run)
        #expect(run.order == order)
        #expect(run.state == .succeeded)
        #expect(run.startedAt == 6_000)
        #expect(run.finishedAt == 7_000)
        #expect(run.seconds == 1)
        #expect(run.artifact == finished.artifact)
        #expect(finished.isReproducible)
        #expect(run.metadata == ["rows": 4])
        #expect(run.failure == nil)
        #expect(try await store.result(of: order.fingerprint) == run)
        #expect(try await store.result(of: fingerprint("other")) == nil)
        #expect(try await store.runs(of: order.step) == [run])
        #expect(try await store.runs(of: order.step.resource) == [run])
        #expect(try await store.runs(of: step("trainingconfig/delay#evaluate")).isEmpty)
    }

    @Test("a run takes no time, and not less, if the clock was set back meanwhile")
    func clockSetBack() async throws {
        clock.set(500_000)
        let id = try await store.startRun(newRun("dataset/a#snapshot", "k"))
        clock.set(100_000)
        let artifact = try await store.artifacts.publish(
            directory: scratch.output(["data.parquet": "one"]))
        let run = try await store.finishRun(id, artifact: artifact, metadata: [:]).run
        #expect((run.startedAt, run.finishedAt) == (501_000, 101_000))
        #expect(run.seconds == 0)
        let state = try await store.recordedState()
        #expect(state.results[fingerprint("k")]?.seconds == 0)
        #expect(state.lastExecutions[try step("dataset/a#snapshot")]?.seconds == 0)
    }

    @Test("a plan sees results, the newest execution of each step, and failures")
    func recordedState() async throws {
        let first = try await store.succeed(scratch, newRun("dataset/a#snapshot", "1"), "one")
        let second = try await store.succeed(
            scratch, newRun("dataset/a#snapshot", "2", commit: 2, inputs: ["source": digest("s")]),
            "two")
        let failed = try await store.startRun(newRun("dataset/a#profile", "3"))
        try await store.failRun(
            failed,
            RunFailure(class: "data", code: "ExpectationFailed", message: "3 rows", hint: "look"),
            isDeterministic: true)
        let passing = try await store.startRun(newRun("dataset/b#snapshot", "4"))
        try await store.failRun(
            passing, RunFailure(class: "resource", code: "DiskFull", message: "full"),
            isDeterministic: false)
        let cancelled = try await store.startRun(newRun("dataset/c#snapshot", "5"))
        try await store.cancelRun(cancelled, cause: "superseded by main@sha1:222")

        let state = try await store.recordedState()
        #expect(
            state.results == [
                fingerprint("1"): RecordedResult(
                    digest: first.artifact, runID: "run-1", seconds: 1),
                fingerprint("2"): RecordedResult(
                    digest: second.artifact, runID: "run-2", seconds: 1),
            ])
        let order = try newRun("dataset/a#snapshot", "2")
        #expect(
            state.lastExecutions == [
                try step("dataset/a#snapshot"): RecordedExecution(
                    fingerprint: fingerprint("2"), recipeVersion: 3, recipe: order.recipe,
                    inputs: ["source": digest("s")], runtime: digest("lock"), seed: 17, threads: 2,
                    digest: second.artifact, commit: try commit(2), seconds: 1)
            ])
        #expect(
            state.failures == [
                fingerprint("3"): RecordedFailure(
                    runID: "run-3", code: "ExpectationFailed", message: "3 rows", hint: "look")
            ])
        #expect(try await store.run(cancelled).state == .cancelled)
        #expect(try await store.runs().map(\.id) == ["run-5", "run-4", "run-3", "run-2", "run-1"])
    }

    @Test("a run ends once")
    func endsOnce() async throws {
        let id = try await store.startRun(newRun("dataset/a#snapshot", "1"))
        try await store.cancelRun(id, cause: "no longer wanted")
        let error = await stateError { try await store.cancelRun(id, cause: "again") }
        #expect(error?.description == "run run-1 has already ended: cancelled")
        let unknown = await stateError { try await store.cancelRun("run-9", cause: "what") }
        #expect(unknown?.description == "no run 'run-9'")
        #expect(await stateError { _ = try await store.run("run-9") } == .unknownRun("run-9"))
    }

    @Test("a fingerprint is run once at a time")
    func oneAttempt() async throws {
        let id = try await store.startRun(newRun("dataset/a#snapshot", "1"))
        let error = await stateError {
            _ = try await store.startRun(newRun("dataset/b#snapshot", "1"))
        }
        #expect(
            error?.description
                == "the fingerprint \(fingerprint("1")) is already being run by \(id)")
        try await store.cancelRun(id, cause: "no longer wanted")
        _ = try await store.startRun(newRun("dataset/b#snapshot", "1"))
    }

    @Test("the first digest of a fingerprint stays, and another one is told")
    func nonReproducible() async throws {
        let first = try await store.succeed(scratch, newRun("dataset/a#snapshot", "1"), "one")
        let second = try await store.succeed(scratch, newRun("dataset/a#snapshot", "1"), "two")
        #expect(second.artifact == first.artifact)
        #expect(second.produced != first.artifact)
        #expect(second.isReproducible == false)
        let state = try await store.recordedState()
        #expect(state.results[fingerprint("1")]?.digest == first.artifact)
        #expect(state.results[fingerprint("1")]?.runID == "run-1")
        #expect(
            state.lastExecutions[try step("dataset/a#snapshot")]?.digest == first.artifact)
        let events = try await store.events(EventFilter(kinds: [.nonReproducible]))
        #expect(
            events.map(\.event.result) == [
                "made \(second.produced) where the fingerprint first made \(first.artifact)"
            ])
        #expect(events.first?.event.resource == (try resource("dataset/a")))
    }

    @Test("a damaged artifact is made again, and is whole again")
    func damaged() async throws {
        let first = try await store.succeed(scratch, newRun("dataset/a#snapshot", "1"), "one")
        let origin = ChangeOrigin(actor: "controller", cause: "verification")
        try await store.markDamaged(first.artifact, problem: "a file is missing", origin: origin)
        try await store.markDamaged(first.artifact, problem: "a file is missing", origin: origin)
        #expect(try await store.recordedState().results.isEmpty)
        #expect(try await store.recordedState().lastExecutions.count == 1)
        #expect(try await store.events(EventFilter(kinds: [.artifactDamaged])).count == 1)
        let again = try await store.succeed(scratch, newRun("dataset/a#snapshot", "1"), "one")
        #expect(again.artifact == first.artifact)
        #expect(try await store.recordedState().results.count == 1)
    }

    @Test("a damaged artifact that cannot be made again is an error that is remembered")
    func damagedForGood() async throws {
        let first = try await store.succeed(scratch, newRun("dataset/a#snapshot", "1"), "one")
        try await store.markDamaged(
            first.artifact, problem: "gone", origin: ChangeOrigin(actor: "c", cause: "v"))
        let id = try await store.startRun(newRun("dataset/a#snapshot", "1"))
        let artifact = try await store.artifacts.publish(
            directory: try scratch.output(["data.parquet": "two"]))
        let error = await stateError {
            _ = try await store.finishRun(id, artifact: artifact, metadata: [:])
        }
        #expect(
            error?.description == """
                the fingerprint \(fingerprint("1")) made \(artifact.digest) where it first made \(first.artifact), which is no longer in the store
                hint: the step is not deterministic: fix its seed and threads, or change its manifest, so that it gets another fingerprint
                """)
        let run = try await store.run(id)
        #expect(run.state == .failed)
        #expect(run.failure?.code == "NonReproducible")
        #expect(try await store.recordedState().failures[fingerprint("1")]?.runID == id)
        #expect(try await store.recordedState().results.isEmpty)
    }

    @Test("a success needs its files")
    func filesFirst() async throws {
        let id = try await store.startRun(newRun("dataset/a#snapshot", "1"))
        let artifact = try await store.artifacts.publish(
            directory: try scratch.output(["data.parquet": "two"]))
        try FileManager.default.removeItem(
            atPath: store.artifacts.path(ofBlob: digest("two")))
        let error = await stateError {
            _ = try await store.finishRun(id, artifact: artifact, metadata: [:])
        }
        #expect(
            error?.message
                == "the artifact \(artifact.digest) is damaged: data.parquet is missing (\(store.artifacts.path(ofBlob: digest("two"))))"
        )
        #expect(try await store.run(id).state == .running)
    }

    @Test("a remembered failure can be forgotten, and a success forgets it")
    func forget() async throws {
        for key in ["1", "2"] {
            let id = try await store.startRun(newRun("dataset/a#snapshot", key))
            try await store.failRun(
                id, RunFailure(class: "config", code: "BadColumn", message: "no column"),
                isDeterministic: true)
        }
        let origin = ChangeOrigin(actor: "ada", cause: "fixed the disk")
        #expect(try await store.forgetFailure(fingerprint("1"), origin: origin))
        #expect(try await store.forgetFailure(fingerprint("1"), origin: origin) == false)
        _ = try await store.succeed(scratch, newRun("dataset/a#snapshot", "2"), "one")
        #expect(try await store.recordedState().failures.isEmpty)
    }

    @Test("the end of a cancelled task's run is still recorded")
    func cancelledTask() async throws {
        let id = try await store.startRun(newRun("dataset/a#snapshot", "1"))
        let store = store
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            #expect(Task.isCancelled)
            try await store.cancelRun(id, cause: "superseded")
        }
        try await task.value
        #expect(try await store.run(id).state == .cancelled)
    }

    @Test("a row that cannot be read is an error with its place")
    func damagedRow() async throws {
        _ = try await store.succeed(scratch, newRun("dataset/a#snapshot", "1"), "one")
        try scratch.sql("UPDATE runs SET recipe = '{\"a\":'")
        let error = await stateError { _ = try await store.recordedState() }
        #expect(
            error?.description == """
                the state database holds a value that cannot be read: runs.recipe
                hint: `ingot verify` lists what is damaged
                """)
    }

    @Test("run ids sort by time")
    func ids() {
        #expect(RunID.make(1_700_000_000_000).hasPrefix("18bcfe56800"))
        #expect(RunID.make(1_700_000_000_000).utf8.count == 19)
        #expect(RunID.make(999) < RunID.make(1000))
    }
}
