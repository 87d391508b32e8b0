import Foundation
import Glibc
import ResourceAPI
import Testing

@testable import Execution

@Suite("Warm parent")
struct WarmParentTests {
    @Test("its death fails the running steps, kills their processes, and it is started again")
    func death() async throws {
        try await Bench.with { bench in
            let recorder = EventRecorder()
            let bystander = try bench.order(["do": "hang-with-grandchild"], run: "bystander")
            async let outcome = bench.executor.run(bystander) { recorder.record($0) }
            let pids = try await recorder.firstLog().split(separator: " ").compactMap { Int32($0) }
            let lost = StepFailure(
                class: .killed, code: "WorkerLost",
                message: "the worker of step trainingconfig/arrival-delay#train was lost: "
                    + "the warm parent process was killed by signal 9",
                hint: "the step is retried")
            #expect(try await bench.failure(["do": "kill-parent"]) == lost)
            #expect(await outcome == .failed(lost))
            #expect(!pids.isEmpty && !pids.contains(where: isAlive))
            let next = try bench.order(["do": "quick"], run: "next")
            #expect(await bench.executor.run(next) { _ in } == .succeeded(metadata: [:]))
        }
    }

    @Test("that ends before it is ready is a failure with what it printed")
    func broken() async throws {
        try await Bench.with(fake: "broken") { bench in
            let failure = try await bench.failure(["do": "quick"])
            #expect(
                failure
                    == StepFailure(
                        class: .internal, code: "WorkerStartFailed",
                        message: """
                            the Python worker did not start: the warm parent process ended with \
                            exit code 1:
                              ModuleNotFoundError: No module named 'duckdb'
                            """,
                        hint: "check the Python runtime; a damaged one is made anew after its "
                            + "directory is removed"))
        }
    }

    @Test("that is not ready in time is killed")
    func neverReady() async throws {
        try await Bench.with(fake: "never-ready", readyDeadline: .seconds(1)) { bench in
            let failure = try await bench.failure(["do": "quick"])
            #expect(failure.code == "WorkerStartFailed")
            #expect(failure.message == "the Python worker was not ready after 1 s")
        }
    }

    @Test("whose Python does not exist is a failure that names it")
    func noPython() async throws {
        let parent = WarmParent(
            WarmParent.Configuration(
                pythonPath: "/nowhere/bin/python", packageDirectory: Bench.fakePackage,
                workDirectory: "/tmp", socketDirectory: "/tmp"))
        let error = await #expect(throws: ExecutionError.self) { try await parent.start() }
        #expect(
            error?.message.hasPrefix(
                "the Python worker did not start: /nowhere/bin/python cannot be run: ") == true)
        await parent.stop()
    }

    @Test("ends with the executor, and its running steps with it")
    func stop() async throws {
        try await Bench.with { bench in
            let recorder = EventRecorder()
            let order = try bench.order(["do": "hang-with-grandchild"])
            async let outcome = bench.executor.run(order) { recorder.record($0) }
            let pids = try await recorder.firstLog().split(separator: " ").compactMap { Int32($0) }
            await bench.parent.stop()
            guard case .failed(let failure) = await outcome else {
                Issue.record("the step went on")
                return
            }
            #expect(failure.class == .killed)
            #expect(!pids.isEmpty && !pids.contains(where: isAlive))
            let late = try await bench.failure(["do": "quick"])
            #expect(late.message == "the Python worker did not start: it was stopped")
        }
    }

    @Test("ends what a controller that is dead has left, and nothing else")
    func strays() async throws {
        func sleeper(_ mark: String) throws -> Process {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/bin/sleep")
            process.arguments = ["300"]
            process.environment = [WorkerProcess.markVariable: mark]
            try process.run()
            return process
        }
        try await Bench.with { bench in
            // No process has an id as large as this one.
            let dead: Int32 = 999_999_999
            let directory = bench.root + "/run/worker-"
            let stray = try sleeper(directory + "\(dead)-1.sock")
            let others = [
                try sleeper(directory + "\(getppid())-1.sock"),
                try sleeper("/elsewhere/worker-\(dead)-1.sock"),
            ]
            // What the test's thread blocks, they block too: no gentler signal. Alive they would hold
            // the output of the tests open for minutes.
            defer { for other in others { kill(other.processIdentifier, SIGKILL) } }
            try await bench.parent.start()
            #expect(!isAlive(stray.processIdentifier))
            #expect(others.allSatisfy { isAlive($0.processIdentifier) })
        }
    }

    @Test("takes steps that need no libraries while it imports them")
    func importing() async throws {
        var limits = StepLimits()
        limits.killGrace = .milliseconds(50)
        try await HostileStep.with(fake: "endless-imports", limits: limits) { bench in
            let heavy = try bench.order(["do": "quick"], run: "heavy")
            let waiting = Task { await bench.executor.run(heavy) { _ in } }
            let light = try bench.order(["do": "quick"], run: "light", kind: .noop)
            #expect(await bench.executor.run(light) { _ in } == .succeeded(metadata: [:]))
            waiting.cancel()
            #expect(await waiting.value == .cancelled)
            let next = try bench.order(["do": "quick"], run: "next", kind: .noop)
            #expect(await bench.executor.run(next) { _ in } == .succeeded(metadata: [:]))
        }
    }
}
