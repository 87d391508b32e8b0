import Foundation
import ResourceAPI
import Testing

@testable import Execution

@Suite("What can go wrong with a step")
struct StepFailureTests {
    @Test(
        "an error event decides the failure, whatever the exit code",
        arguments: ["data", "config", "internal", "resource"], [0, 3])
    func errorEvent(name: String, code: Int64) async throws {
        try await Bench.with { bench in
            let error: JSONValue = [
                "class": .string(name), "code": "ColumnMissing",
                "message": "data/weather.csv has no column \"temp\"", "hint": "add it",
                "details": ["column": "temp"],
            ]
            let failure = try await bench.failure(
                ["do": "error", "error": error, "code": .int(code)])
            #expect(
                failure
                    == StepFailure(
                        class: try #require(StepFailure.Class(rawValue: name)),
                        code: "ColumnMissing", message: "data/weather.csv has no column \"temp\"",
                        hint: "add it", details: ["column": "temp"]))
            #expect(failure.isDeterministic == (name == "data" || name == "config"))
        }
    }

    @Test("an exit code without an error")
    func exitCode() async throws {
        try await Bench.with { bench in
            let failure = try await bench.failure(["do": "exit", "code": 1])
            #expect(
                failure
                    == StepFailure(
                        class: .internal, code: "WorkerExited",
                        message: "the worker of step trainingconfig/arrival-delay#train "
                            + "ended with exit code 1 and did not say why",
                        hint: "see what it printed: \(bench.root)/logs/run-1.log",
                        details: ["exitCode": 1]))
        }
    }

    @Test("an exit without a result")
    func missingResult() async throws {
        try await Bench.with { bench in
            let failure = try await bench.failure(["do": "silent"])
            #expect(
                failure
                    == StepFailure(
                        class: .internal, code: "MissingResult",
                        message: "the worker of step trainingconfig/arrival-delay#train "
                            + "ended without an error and without a result",
                        hint: "this is a bug in Ingot or in a library that it uses; "
                            + "please report it with the log"))
        }
    }

    @Test("a worker that is killed")
    func killed() async throws {
        try await Bench.with { bench in
            let failure = try await bench.failure(["do": "killed", "signal": 9])
            #expect(
                failure
                    == StepFailure(
                        class: .killed, code: "WorkerKilled",
                        message: "the worker of step trainingconfig/arrival-delay#train "
                            + "was killed by signal 9 (SIGKILL)",
                        hint: "signal 9 usually means that the machine ran out of memory: lower "
                            + "resources.memory of steps that run side by side, or use a machine "
                            + "with more memory",
                        details: ["signal": 9]))
        }
    }

    @Test("a worker that hangs is stopped at its time limit")
    func timeout() async throws {
        let clock = ManualClock()
        try await Bench.with(clock: clock) { bench in
            let recorder = EventRecorder()
            let order = try bench.order(["do": "hang-with-grandchild"])
            async let outcome = bench.executor.run(order) { recorder.record($0) }
            let pids = try await recorder.firstLog().split(separator: " ").compactMap { Int32($0) }
            try #require(pids.count == 2 && pids.allSatisfy(isAlive))
            clock.advance(by: .seconds(1799))
            try await Task.sleep(for: .milliseconds(50))
            try #require(pids.allSatisfy(isAlive))
            clock.advance(by: .seconds(1))
            #expect(
                await outcome
                    == .failed(
                        StepFailure(
                            class: .timeout, code: "TimedOut",
                            message: "step trainingconfig/arrival-delay#train ran longer than 30m "
                                + "and was stopped",
                            hint: "raise resources.timeout in the manifest, or give the step less "
                                + "to do", details: ["timeoutSeconds": 1800])))
            #expect(!pids.contains(where: isAlive))
        }
    }

    @Test("a line that is not an event")
    func garbage() async throws {
        try await Bench.with { bench in
            let text = "Segmentation \"fault\"\t\u{ff}" + String(repeating: "x", count: 100) + "\n"
            let failure = try await bench.failure(["do": "write", "text": .string(text)])
            #expect(failure.class == .internal)
            #expect(failure.code == "ProtocolError")
            #expect(
                failure.message == "the worker of step trainingconfig/arrival-delay#train wrote "
                    + "something that is not an event: \"Segmentation \\\"fault\\\"\\x09\\xff"
                    + String(repeating: "x", count: 58) + "…\"")
        }
    }

    @Test("a line that is too long")
    func longLine() async throws {
        try await Bench.with { bench in
            let failure = try await bench.failure(["do": "long-line", "bytes": 70_000])
            #expect(failure.code == "ProtocolError")
            #expect(
                failure.message == "the worker of step trainingconfig/arrival-delay#train wrote "
                    + "an event line longer than 64 KiB")
        }
    }

    @Test("more events than all events of a step may take")
    func tooManyEvents() async throws {
        var limits = StepLimits()
        limits.eventBytesMax = 100_000
        try await Bench.with(limits: limits) { bench in
            let failure = try await bench.failure(["do": "chatter", "lines": 1000])
            #expect(failure.code == "ProtocolError")
            #expect(
                failure.message == "the worker of step trainingconfig/arrival-delay#train wrote "
                    + "more than 97.6 KiB of events")
        }
    }

    @Test("two results")
    func twoResults() async throws {
        try await Bench.with { bench in
            let failure = try await bench.failure(["do": "two-results"])
            #expect(failure.code == "ProtocolError")
            #expect(
                failure.message
                    == "the worker of step trainingconfig/arrival-delay#train reported two results")
        }
    }

    @Test("an event with a field of the wrong type")
    func badField() async throws {
        try await Bench.with { bench in
            let line = "{\"event\":\"metric\",\"name\":\"auc\",\"value\":\"high\"}\n"
            let failure = try await bench.failure(["do": "write", "text": .string(line)])
            #expect(
                failure.message == "the worker of step trainingconfig/arrival-delay#train wrote "
                    + "an event \"metric\" whose field \"value\" is missing or wrong")
        }
    }

    @Test("a worker that prints without end is stopped, and the beginning of its log is kept")
    func logLimit() async throws {
        var limits = StepLimits()
        limits.logBytesMax = 1 << 20
        try await Bench.with(limits: limits) { bench in
            let failure = try await bench.failure(["do": "print"])
            let log = "\(bench.root)/logs/run-1.log"
            #expect(
                failure
                    == StepFailure(
                        class: .resource, code: "LogTooLarge",
                        message: "step trainingconfig/arrival-delay#train printed more than 1 MiB "
                            + "and was stopped",
                        hint: "let it print less; the beginning is kept in \(log)"))
            let size = try FileManager.default.attributesOfItem(atPath: log)[.size] as? Int
            #expect(size == 1 << 20)
        }
    }

    @Test("an output directory that is not empty loses nothing")
    func outputNotEmpty() async throws {
        try await Bench.with { bench in
            let output = bench.root + "/work/run-1/output"
            try FileManager.default.createDirectory(
                atPath: output, withIntermediateDirectories: true)
            _ = FileManager.default.createFile(atPath: output + "/kept", contents: Data())
            let failure = try await bench.failure(["do": "quick"])
            #expect(
                failure
                    == StepFailure(
                        class: .internal, code: "OutputNotEmpty",
                        message: "the output directory of step trainingconfig/arrival-delay#train "
                            + "is not empty: \(output)",
                        hint: "every run needs a directory of its own; remove this one"))
            #expect(FileManager.default.fileExists(atPath: output + "/kept"))
        }
    }

    @Test("a directory that cannot be made")
    func cannotPrepare() async throws {
        try await Bench.with { bench in
            let blocked = bench.root + "/work/run-1"
            _ = FileManager.default.createFile(atPath: blocked, contents: Data())
            let failure = try await bench.failure(["do": "quick"])
            #expect(failure.class == .internal)
            #expect(failure.code == "CannotPrepare")
            #expect(
                failure.message == "cannot prepare step trainingconfig/arrival-delay#train: "
                    + "\(blocked)/output: Not a directory")
        }
    }
}
