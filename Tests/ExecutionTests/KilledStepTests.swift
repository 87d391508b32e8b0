import Foundation
import Glibc
import ResourceAPI
import Testing

@testable import Execution

@Suite("A worker that is killed by somebody else")
struct KilledStepTests {
    private let step = "the worker of step trainingconfig/arrival-delay#train "

    /// What a conversation makes of the last line of a warm parent.
    private func outcome(_ exit: String) throws -> StepOutcome? {
        let id = try #require(StepID("trainingconfig/arrival-delay#train"))
        var conversation = StepConversation(
            order: StepOrder(
                runID: "r", step: id, program: [:], seed: 0, resources: .standard, inputs: [:],
                outputDirectory: "/o", logPath: "/l.log"), limits: StepLimits())
        _ = conversation.receive(.connected)
        guard
            case .finish(let outcome, isClean: true)? =
                conversation.receive(.bytes(Array((exit + "\n").utf8))).first
        else { return nil }
        return outcome
    }

    @Test("by the kernel for want of memory is a failure of class resource")
    func outOfMemory() throws {
        #expect(
            try outcome("{\"event\":\"exit\",\"signal\":9,\"out_of_memory\":true}")
                == .failed(
                    StepFailure(
                        class: .resource, code: "OutOfMemory",
                        message: step + "was killed by the kernel, because the machine or its "
                            + "container ran out of memory",
                        hint: "lower resources.memory of steps that run side by side, or use a "
                            + "machine with more memory; the step is retried",
                        details: ["signal": 9])))
    }

    @Test("on a kernel that does not count what it kills may have run out of memory")
    func unknown() throws {
        #expect(
            try outcome("{\"event\":\"exit\",\"signal\":9}")
                == .failed(
                    StepFailure(
                        class: .killed, code: "WorkerKilled",
                        message: step + "was killed by signal 9 (SIGKILL)",
                        hint: "signal 9 usually means that the machine ran out of memory: lower "
                            + "resources.memory of steps that run side by side, or use a machine "
                            + "with more memory",
                        details: ["signal": 9])))
    }

    @Test("says so, and what it has started is dead", arguments: [SIGKILL, SIGTERM])
    func outside(signal: Int32) async throws {
        try await HostileStep.with { bench in
            // Told to hang, it would ignore SIGTERM.
            let program: JSONValue = ["do": "daemon", "then": signal == SIGKILL ? "hang" : "wait"]
            let (outcome, pids) = try await HostileStep.run(program, in: bench) { _, pids in
                _ = kill(pids[0], signal)
            }
            let name = signal == SIGKILL ? "9 (SIGKILL)" : "15 (SIGTERM)"
            #expect(
                outcome
                    == .failed(
                        StepFailure(
                            class: .killed, code: "WorkerKilled",
                            message: step + "was killed by signal \(name)",
                            hint: "neither Ingot nor a lack of memory has killed it, but somebody "
                                + "or something else on this machine; the step is retried",
                            details: ["signal": .int(Int64(signal))])))
            #expect(!pids.contains(where: isAlive))
        }
    }
}
