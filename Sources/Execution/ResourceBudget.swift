import Foundation
import ResourceAPI

/// What all running steps together may use.
package struct ResourceBudget: Hashable, Sendable {
    package let cpus: Int
    package let memoryBytes: Int64

    package init(cpus: Int, memoryBytes: Int64) {
        self.cpus = cpus
        self.memoryBytes = memoryBytes
    }

    /// All processors that this process may run on, and four fifths of the memory that it may use
    /// (of the machine, or of the control group if that is less).
    package static func machine() -> ResourceBudget {
        var memory = Int64(clamping: ProcessInfo.processInfo.physicalMemory)
        if let text = try? String(contentsOfFile: "/sys/fs/cgroup/memory.max", encoding: .utf8),
            let limit = Int64(text.trimmingCharacters(in: .whitespacesAndNewlines)), limit > 0
        {
            memory = min(memory, limit)
        }
        return ResourceBudget(
            cpus: max(1, ProcessInfo.processInfo.activeProcessorCount),
            memoryBytes: memory / 5 * 4)
    }

    /// What is left of the order's demand to wait for, or why it can never run.
    ///
    /// Too much memory fails, since the number of bytes is a promise that the machine cannot keep.
    /// Too many processors do not: threads are part of the recipe, so they must not be clamped, and
    /// a step that has the machine for itself is only slower.
    func check(_ order: StepOrder) throws(ExecutionError) {
        guard order.resources.memoryBytes <= memoryBytes else {
            throw .memoryOverBudget(
                step: order.step, needed: order.resources.memoryBytes, budget: memoryBytes)
        }
    }
}
