import Foundation
import Glibc
import ResourceAPI
import Testing

@testable import Execution

/// A thousand steps that compute nothing, two at a time: what is left behind, and what they cost.
@Suite("A thousand steps")
struct StepOverheadTests {
    private func descriptors(of root: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap {
            try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/" + $0)
        }
    }

    /// The dead that wait to be reaped, below this process and below the bench's warm parent.
    private func zombies(_ root: String) throws -> [Int32] {
        let all = try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap {
            Int32($0)
        }.compactMap { pid -> ProcessTree.Member? in
            let stat = FileManager.default.contents(atPath: "/proc/\(pid)/stat")
            return stat.flatMap { ProcessTree.member(pid: pid, stat: Array($0)) }
        }
        return all.filter { member in
            guard member.isDead else { return false }
            let environment = FileManager.default.contents(
                atPath: "/proc/\(member.parent)/environ")
            let isOfBench =
                environment.map { String(decoding: $0, as: UTF8.self) }?.contains(root) == true
            return isOfBench || member.parent == getpid()
        }.map(\.pid)
    }

    private func run(_ steps: Int, in bench: Bench, prefix: String) async throws {
        try await withThrowingTaskGroup { group in
            for lane in 0..<2 {
                group.addTask {
                    for number in stride(from: lane, to: steps, by: 2) {
                        let order = try StepOrder(
                            runID: "\(prefix)-\(number)",
                            step: bench.step(.noop),
                            program: ["content": .string("\(number)"), "seconds": 0],
                            seed: 0,
                            resources: StepResources(
                                cpus: 1, memoryBytes: 1 << 28, timeoutSeconds: 60),
                            inputs: [:],
                            outputDirectory: "\(bench.root)/work/\(prefix)-\(number)",
                            logPath: "\(bench.root)/logs/\(prefix)-\(number).log")
                        let outcome = await bench.executor.run(order) { _ in }
                        guard case .succeeded = outcome else {
                            Issue.record("\(outcome)")
                            return
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test("leave no descriptor and no zombie")
    func leftovers() async throws {
        try await Bench.with(package: WorkerPackage.directory) { bench in
            try await run(10, in: bench, prefix: "warm")
            let before = try descriptors(of: bench.root).count
            try await run(1000, in: bench, prefix: "run")
            let after = try descriptors(of: bench.root)
            #expect(!after.contains { $0.hasPrefix(bench.root) })
            // Room for what tests that run at the same time have open.
            #expect(after.count < before + 100)
            var left = try zombies(bench.root)
            // One of a test that runs at the same time is reaped in a moment.
            for _ in 0..<500 where !left.isEmpty {
                try await Task.sleep(for: .milliseconds(10))
                left = try zombies(bench.root).filter(left.contains)
            }
            #expect(left == [])
        }
    }

    @Test(
        "cost little: prints how much",
        .enabled(if: ProcessInfo.processInfo.environment["INGOT_MEASURE_STEPS"] != nil))
    func cost() async throws {
        try await Bench.with(package: WorkerPackage.directory) { bench in
            let clock = ContinuousClock()
            print("first:", try await clock.measure { try await run(1, in: bench, prefix: "a") })
            print("imports:", try await clock.measure { try await run(20, in: bench, prefix: "b") })
            try await Task.sleep(for: .seconds(3))
            for round in 0..<3 {
                let time = try await clock.measure {
                    try await run(1000, in: bench, prefix: "c\(round)")
                }
                print("1,000 steps, two at a time:", time)
            }
        }
    }
}
