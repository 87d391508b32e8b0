import Foundation
import Glibc
import ResourceAPI
import Testing

@testable import Execution

/// A thousand steps that compute nothing, two at a time: what they cost.
@Suite("A thousand steps")
struct StepOverheadTests {
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
