package import Foundation
package import Logging
import ResourceAPI

/// Runs steps on this machine, as forks of a warm Python process, side by side as far as the budget
/// goes.
package final class LocalExecutor: Executor {
    private let parent: WarmParent
    private let budget: ResourceBudget
    private let queue: BudgetQueue
    private let limits: StepLimits
    private let clock: any Clock<Duration>
    private let now: @Sendable () -> Date
    private let logger: Logger

    /// - Parameters:
    ///   - clock: for time limits.
    ///   - now: for the times in event logs.
    package init(
        parent: WarmParent, budget: ResourceBudget, limits: StepLimits = StepLimits(),
        clock: any Clock<Duration> = ContinuousClock(), now: @escaping @Sendable () -> Date,
        logger: Logger = Logger(label: "ingot.execution")
    ) {
        self.parent = parent
        self.budget = budget
        self.queue = BudgetQueue(budget: budget)
        self.limits = limits
        self.clock = clock
        self.now = now
        self.logger = logger
    }

    package func run(
        _ order: StepOrder, onEvent: @escaping @Sendable (WorkerEvent) -> Void
    ) async -> StepOutcome {
        do throws(ExecutionError) {
            try budget.check(order)
            guard await queue.acquire(order.resources) else { return .cancelled }
            defer { queue.release(order.resources) }
            let fileBytes = try await BlockingWork(label: "ingot.prepare-step").run {
                [limits] () throws(ExecutionError) in
                try StepFolder.prepare(order)
                return StepFolder.fileBytesMax(order, limits)
            }
            let attempt = StepAttempt(
                order: order, fileBytes: fileBytes, limits: limits, clock: clock, now: now,
                logger: logger)
            return await attempt.run(in: parent, onEvent: onEvent)
        } catch {
            return .failed(error.failure)
        }
    }
}
