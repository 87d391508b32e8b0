import Foundation
import Glibc
import ResourceAPI
import Synchronization
import Testing

@testable import Execution

@Suite("The processes of a step", .serialized)
struct ProcessTreeTests {
    @Test(
        "are dead when a cancelled step has ended",
        arguments: ["daemon", "grandchild", "bomb"])
    func cancelled(what: String) async throws {
        try await HostileStep.with { bench in
            let start = Mutex(ContinuousClock.now)
            let (outcome, pids) = try await HostileStep.run(
                ["do": .string(what), "then": "hang"], in: bench
            ) { task, pids in
                try #require(pids.allSatisfy(isAlive))
                start.withLock { $0 = .now }
                task.cancel()
            }
            #expect(outcome == .cancelled)
            #expect(!pids.contains(where: isAlive))
            #expect(start.withLock { ContinuousClock.now - $0 } < .seconds(5))
        }
    }

    @Test(
        "are dead when a step has ended, and do not keep it from ending",
        arguments: ["daemon", "grandchild", "bomb"], ["end", "crash"])
    func ended(what: String, then: String) async throws {
        try await HostileStep.with { bench in
            let (outcome, pids) = try await HostileStep.run(
                ["do": .string(what), "then": .string(then)], in: bench
            ) { _, _ in }
            #expect(!pids.contains(where: isAlive))
            guard then == "crash" else {
                #expect(outcome == .succeeded(metadata: [:]))
                return
            }
            #expect(
                outcome
                    == .failed(
                        StepFailure(
                            class: .internal, code: "WorkerCrashed",
                            message: "the worker of step trainingconfig/arrival-delay#train "
                                + "crashed with signal 11 (SIGSEGV)",
                            hint: "see what it printed: \(bench.root)/logs/run-1.log",
                            details: ["signal": 11])))
        }
    }

    @Test("are dead at the time limit", arguments: ["daemon", "bomb"])
    func timeLimit(what: String) async throws {
        let clock = ManualClock()
        try await HostileStep.with(clock: clock) { bench in
            let (outcome, pids) = try await HostileStep.run(
                ["do": .string(what), "then": "hang"], in: bench
            ) { _, _ in clock.advance(by: .seconds(1800)) }
            guard case .failed(let failure) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(failure.class == .timeout)
            #expect(!pids.contains(where: isAlive))
        }
    }

    @Test("write nothing any more when it has ended")
    func lateWriter() async throws {
        try await HostileStep.with { bench in
            let order = try bench.order(["do": "late-writer", "then": "end"])
            #expect(await bench.executor.run(order) { _ in } == .succeeded(metadata: [:]))
            let path = order.outputDirectory + "/late"
            let written = try #require(FileManager.default.contents(atPath: path)).count
            #expect(written > 0)
            try await Task.sleep(for: .milliseconds(100))
            #expect(FileManager.default.contents(atPath: path)?.count == written)
        }
    }

    @Test(
        "die within a second of the controller, however it dies",
        arguments: ["daemon", "grandchild", "bomb"])
    func controllerKilled(what: String) async throws {
        var times: [Double] = []
        // The best of three: the machine may be busy with other tests.
        for _ in 0..<3 { times.append(try await millisecondsToDie(what)) }
        let list = times.map { String(format: "%.1f", $0) }.joined(separator: ", ")
        print("figure: tree dead after SIGKILL of the controller, \(what): \(list) ms")
        #expect(try #require(times.min()) < 1000)
    }

    /// How long processes of a step live after a controller that killed itself.
    private func millisecondsToDie(_ what: String) async throws -> Double {
        var template = Array("/tmp/ingot-killed-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let directory = String(decoding: template.dropLast().map(UInt8.init), as: UTF8.self)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let told = directory + "/root-time-and-pids"
        await #expect(processExitsWith: .signal(SIGKILL)) {
            [what = what as String, told = told as String] in
            try await HostileStep.with { bench in
                _ = try await HostileStep.run(
                    ["do": .string(what), "then": "hang"], in: bench
                ) { _, pids in
                    let words = [bench.root, "\(monotonicMilliseconds)"] + pids.map(String.init)
                    try Data(words.joined(separator: " ").utf8).write(
                        to: URL(fileURLWithPath: told))
                    kill(getpid(), SIGKILL)
                }
            }
        }
        let words = try String(contentsOfFile: told, encoding: .utf8).split(separator: " ")
        defer { try? FileManager.default.removeItem(atPath: String(words[0])) }
        let killed = try #require(Double(words[1]))
        let pids = words.dropFirst(2).compactMap { Int32($0) }
        #expect(!pids.isEmpty)
        while pids.contains(where: isAlive) {
            try #require(monotonicMilliseconds - killed < 10_000)
            try await Task.sleep(for: .milliseconds(2))
        }
        return monotonicMilliseconds - killed
    }

    @Test("count: a step that ends before they are dead is noticed")
    func planted() async {
        await #expect(processExitsWith: .exitCode(3)) {
            PlantedMistake.plant(.endBeforeTreeIsDead)
            let isNoticed = try await Bench.with(fake: "slow-to-kill") { bench in
                let (_, pids) = try await HostileStep.run(
                    ["do": "hang-with-grandchild"], in: bench
                ) { task, _ in task.cancel() }
                // They would hold the output of the tests open for minutes.
                defer { for pid in pids { kill(pid, SIGKILL) } }
                return pids.contains(where: isAlive)
            }
            exit(isNoticed ? 3 : 0)
        }
    }

    @Test("of a warm parent that is slow to kill are waited for")
    func slowToKill() async throws {
        try await Bench.with(fake: "slow-to-kill") { bench in
            let (outcome, pids) = try await HostileStep.run(
                ["do": "hang-with-grandchild"], in: bench
            ) { task, _ in task.cancel() }
            #expect(outcome == .cancelled)
            #expect(!pids.contains(where: isAlive))
        }
    }
}
