import Foundation
import Glibc
import ResourceAPI
import Testing

@testable import Execution

@Suite("Cancelling a step")
struct CancellationTests {
    @Test("kills the whole tree before it returns, with what ignores SIGTERM or left the session")
    func tree() async throws {
        try await Bench.with { bench in
            let recorder = EventRecorder()
            let order = try bench.order(["do": "hang-with-grandchild"])
            let task = Task { await bench.executor.run(order) { recorder.record($0) } }
            let pids = try await recorder.firstLog().split(separator: " ").compactMap { Int32($0) }
            guard case .started(let worker)? = recorder.events.first else { return }
            try #require((pids + [worker]).allSatisfy(isAlive))
            let start = ContinuousClock.now
            task.cancel()
            #expect(await task.value == .cancelled)
            #expect(!(pids + [worker]).contains(where: isAlive))
            // The promise is one second; five, so that a loaded machine does not fail the test.
            #expect(ContinuousClock.now - start < .seconds(5))
        }
    }

    @Test("works while the step waits for the budget, and for the warm parent")
    func waiting() async throws {
        try await Bench.with(
            fake: "never-ready", budget: ResourceBudget(cpus: 1, memoryBytes: 1 << 30)
        ) { bench in
            let first = try bench.order(["do": "quick"], run: "a")
            let second = try bench.order(["do": "quick"], run: "b")
            let starting = Task { await bench.executor.run(first) { _ in } }
            let queued = Task { await bench.executor.run(second) { _ in } }
            try await Task.sleep(for: .milliseconds(50))
            queued.cancel()
            #expect(await queued.value == .cancelled)
            starting.cancel()
            #expect(await starting.value == .cancelled)
        }
    }

    @Test("before it began runs nothing")
    func before() async throws {
        try await Bench.with { bench in
            let order = try bench.order(["do": "quick"])
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return await bench.executor.run(order) { _ in }
            }
            #expect(await task.value == .cancelled)
        }
    }

    @Test("kills a warm parent that does not do its part")
    func deaf() async throws {
        var limits = StepLimits()
        limits.killGrace = .milliseconds(200)
        try await Bench.with(fake: "deaf", limits: limits) { bench in
            let recorder = EventRecorder()
            let order = try bench.order(["do": "hang-with-grandchild"])
            let task = Task { await bench.executor.run(order) { recorder.record($0) } }
            let pids = try await recorder.firstLog().split(separator: " ").compactMap { Int32($0) }
            task.cancel()
            #expect(await task.value == .cancelled)
            #expect(!pids.contains(where: isAlive))
            let next = try bench.order(["do": "quick"], run: "next")
            #expect(await bench.executor.run(next) { _ in } == .succeeded(metadata: [:]))
        }
    }
}
