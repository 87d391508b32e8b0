import Foundation
import Glibc
import ResourceAPI
import Testing

@testable import Execution

@Suite("Local executor")
struct LocalExecutorTests {
    @Test("gives the result, the events in their order, and the event log")
    func success() async throws {
        try await Bench.with { bench in
            let recorder = EventRecorder()
            let order = try bench.order(["do": "succeed"])
            let outcome = await bench.executor.run(order) { recorder.record($0) }
            #expect(outcome == .succeeded(metadata: ["rows": 3]))
            var events = recorder.events
            guard case .started(let pid)? = events.first else {
                Issue.record("not started: \(events)")
                return
            }
            #expect(!isAlive(pid))
            events.removeFirst()
            #expect(
                events == [
                    .progress(fraction: 0.5, message: "half"),
                    .metric(name: "roc_auc", value: 0.75),
                    .log(level: .warning, message: "careful"),
                ])
            let log = try String(contentsOfFile: bench.root + "/logs/run-1.jsonl", encoding: .utf8)
            #expect(
                log == """
                    {"event":{"event":"progress","fraction":0.5,"message":"half"},"time":"2023-11-14T22:13:20.000Z"}
                    {"event":{"event":"log","level":"warning","message":"careful"},"time":"2023-11-14T22:13:20.000Z"}

                    """)
        }
    }

    @Test("sends the whole order and makes the output directory")
    func request() async throws {
        var limits = StepLimits()
        limits.fileBytesMax = 1 << 20
        try await Bench.with(limits: limits) { bench in
            let outcome = await bench.executor.run(try bench.order(["do": "echo"])) { _ in }
            #expect(
                outcome
                    == .succeeded(metadata: [
                        "protocol": 1, "run": "run-1", "kind": "train",
                        "program": ["do": "echo"], "seed": 17, "threads": 1,
                        "memory_bytes": 268_435_456, "file_bytes": 1_048_576,
                        "inputs": ["training-set": ["data.parquet": "/store/data.parquet"]],
                        "output": .string(bench.root + "/work/run-1/output"),
                        "log": .string(bench.root + "/logs/run-1.log"),
                    ]))
            let made = try FileManager.default.contentsOfDirectory(
                atPath: bench.root + "/work/run-1/output")
            #expect(made.isEmpty)
        }
    }

    @Test("sends a request larger than a socket's buffer")
    func largeRequest() async throws {
        try await Bench.with { bench in
            let padding = JSONValue.string(String(repeating: "x", count: 2 << 20))
            let order = try bench.order(["do": "quick", "padding": padding])
            #expect(await bench.executor.run(order) { _ in } == .succeeded(metadata: [:]))
        }
    }

    @Test("gives workers an environment made from nothing")
    func environment() async throws {
        setenv("INGOT_TEST_SECRET", "hunter2", 1)
        try await Bench.with { bench in
            let outcome = await bench.executor.run(try bench.order(["do": "environment"])) { _ in }
            guard case .succeeded(let variables) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(
                (variables.object ?? [:]).keys.sorted() == [
                    "HOME", "INGOT_WARM_PARENT", "LANG", "OMP_NUM_THREADS",
                    "OPENBLAS_NUM_THREADS", "ORT_DISABLE_TELEMETRY", "PATH", "TMPDIR", "TZ",
                ])
            #expect(variables["HOME"]?.string == bench.root + "/work")
        }
    }

    @Test("works below a state directory whose path is too long for a socket")
    func longPath() async throws {
        try await Bench.with(longPath: true) { bench in
            let outcome = await bench.executor.run(try bench.order(["do": "quick"])) { _ in }
            #expect(outcome == .succeeded(metadata: [:]))
        }
    }

    @Test("does not leak descriptors over 200 steps")
    func descriptors() async throws {
        try await Bench.with { bench in
            func open() throws -> [String] {
                try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap {
                    try? FileManager.default.destinationOfSymbolicLink(
                        atPath: "/proc/self/fd/" + $0)
                }
            }
            _ = await bench.executor.run(try bench.order(["do": "quick"])) { _ in }
            let before = try open().count
            for number in 0..<200 {
                let order = try bench.order(["do": "quick"], run: "n-\(number)")
                #expect(await bench.executor.run(order) { _ in } == .succeeded(metadata: [:]))
            }
            let after = try open()
            #expect(!after.contains { $0.hasPrefix(bench.root) })
            // Room for what tests that run at the same time have open; a leak would be 200 or more.
            #expect(after.count < before + 100)
        }
    }

    @Test("keeps no more events than the event log may hold, and goes on")
    func boundedEventLog() async throws {
        var limits = StepLimits()
        limits.eventLogBytesMax = 5000
        try await Bench.with(limits: limits) { bench in
            let order = try bench.order(["do": "chatter", "lines": 100])
            #expect(await bench.executor.run(order) { _ in } == .succeeded(metadata: [:]))
            let log = try String(contentsOfFile: bench.root + "/logs/run-1.jsonl", encoding: .utf8)
            let lines = log.split(separator: "\n")
            #expect(lines.count == 5)
            #expect(
                lines.last == """
                    {"event":{"event":"log","level":"warning","message":"no further events are kept: more than 4.8 KiB"},"time":"2023-11-14T22:13:20.000Z"}
                    """)
        }
    }
}
