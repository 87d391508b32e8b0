import Foundation
import ResourceAPI
import Testing

@testable import Execution

@Suite("Budget")
struct BudgetTests {
    @Test("is never exceeded by 50 orders of random size")
    func neverExceeded() async throws {
        let budget = ResourceBudget(cpus: 4, memoryBytes: 1000)
        try await Bench.with(budget: budget) { bench in
            let trace = bench.root + "/trace"
            var random = SeededGenerator(seed: 7)
            let orders = try (0..<50).map { number in
                try bench.order(
                    ["do": "traced", "trace": .string(trace), "seconds": 0.01],
                    run: "r\(number)", cpus: Int.random(in: 1...4, using: &random),
                    memory: Int64.random(in: 1...1000, using: &random))
            }
            await withTaskGroup { group in
                for order in orders {
                    group.addTask { await bench.executor.run(order) { _ in } }
                }
                for await outcome in group { #expect(outcome == .succeeded(metadata: [:])) }
            }
            let usage = try Usage(trace: trace)
            #expect(usage.started.count == 50)
            #expect(usage.cpusMax <= 4)
            #expect(usage.memoryMax <= 1000)
            #expect(usage.sideBySideMax > 1)
        }
    }

    @Test("is given out in the order of asking, though a smaller step would fit")
    func fair() async throws {
        let queue = BudgetQueue(budget: ResourceBudget(cpus: 2, memoryBytes: 100))
        func demand(_ cpus: Int) -> StepResources {
            StepResources(cpus: cpus, memoryBytes: 1, timeoutSeconds: 1)
        }
        #expect(await queue.acquire(demand(1)))
        let order = AsyncStream<String>.makeStream()
        let large = Task {
            #expect(await queue.acquire(demand(2)))
            order.continuation.yield("large")
            queue.release(demand(2))
        }
        try await Task.sleep(for: .milliseconds(20))
        let small = Task {
            #expect(await queue.acquire(demand(1)))
            order.continuation.yield("small")
            queue.release(demand(1))
        }
        try await Task.sleep(for: .milliseconds(20))
        queue.release(demand(1))
        await large.value
        await small.value
        order.continuation.finish()
        var seen: [String] = []
        for await name in order.stream { seen.append(name) }
        #expect(seen == ["large", "small"])
    }

    @Test("lets those behind a cancelled step go on")
    func cancelledFirst() async throws {
        let queue = BudgetQueue(budget: ResourceBudget(cpus: 2, memoryBytes: 100))
        let one = StepResources(cpus: 1, memoryBytes: 1, timeoutSeconds: 1)
        let two = StepResources(cpus: 2, memoryBytes: 1, timeoutSeconds: 1)
        #expect(await queue.acquire(one))
        let large = Task { await queue.acquire(two) }
        try await Task.sleep(for: .milliseconds(20))
        let small = Task { await queue.acquire(one) }
        try await Task.sleep(for: .milliseconds(20))
        large.cancel()
        #expect(await large.value == false)
        #expect(await small.value)
    }

    @Test("grants more processors than there are to a step that runs alone")
    func oversubscribed() async throws {
        try await Bench.with(budget: ResourceBudget(cpus: 1, memoryBytes: 1 << 30)) { bench in
            let order = try bench.order(["do": "echo"], cpus: 16)
            guard case .succeeded(let request) = await bench.executor.run(order, onEvent: { _ in })
            else {
                Issue.record("not run")
                return
            }
            #expect(request["threads"] == 16)
        }
    }

    @Test("refuses a step that needs more memory than there is, with both numbers")
    func tooMuchMemory() async throws {
        try await Bench.with(budget: ResourceBudget(cpus: 1, memoryBytes: 3 << 29)) { bench in
            let order = try bench.order(["do": "quick"], memory: 4 << 30)
            #expect(
                await bench.executor.run(order) { _ in }
                    == .failed(
                        StepFailure(
                            class: .config, code: "MemoryOverBudget",
                            message: "step trainingconfig/arrival-delay#train asks for 4 GiB of "
                                + "memory, and the budget of all steps together is 1.5 GiB",
                            hint: "lower resources.memory in the manifest, or give the controller "
                                + "more memory",
                            details: ["neededBytes": 4_294_967_296, "budgetBytes": 1_610_612_736])))
        }
    }
}

/// What ran side by side, as the workers themselves recorded it.
private struct Usage {
    private(set) var started: [String] = []
    private(set) var cpusMax = 0
    private(set) var memoryMax = 0
    private(set) var sideBySideMax = 0

    init(trace path: String) throws {
        var (cpus, memory, count) = (0, 0, 0)
        for line in try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n") {
            let words = line.split(separator: " ")
            let sign = words[0] == "start" ? 1 : -1
            if sign == 1 { started.append(String(words[1])) }
            cpus += sign * (Int(words[2]) ?? 0)
            memory += sign * (Int(words[3]) ?? 0)
            count += sign
            cpusMax = max(cpusMax, cpus)
            memoryMax = max(memoryMax, memory)
            sideBySideMax = max(sideBySideMax, count)
        }
    }
}

/// SplitMix64: the same numbers in every run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}
