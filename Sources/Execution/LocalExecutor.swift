package import Foundation
package import Logging
import Glibc
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
            try await BlockingWork(label: "ingot.prepare-step").run {
                () throws(ExecutionError) in try Self.prepare(order)
            }
            let attempt = StepAttempt(
                order: order, limits: limits, clock: clock, now: now, logger: logger)
            return await attempt.run(in: parent, onEvent: onEvent)
        } catch {
            return .failed(error.failure)
        }
    }

    /// Makes the directories of the output and of the logs.
    private static func prepare(_ order: StepOrder) throws(ExecutionError) {
        let logDirectory = (order.logPath as NSString).deletingLastPathComponent
        for path in [order.outputDirectory, logDirectory] {
            do {
                try FileManager.default.createDirectory(
                    atPath: path, withIntermediateDirectories: true)
            } catch {
                let problem = (error as? CocoaError)?.underlying as? POSIXError
                throw .cannotPrepare(
                    step: order.step, path: path,
                    problem: problem.map { String(cString: strerror($0.code.rawValue)) }
                        ?? error.localizedDescription,
                    isDiskFull: problem?.code == .ENOSPC)
            }
        }
        let found = (try? FileManager.default.contentsOfDirectory(atPath: order.outputDirectory))
        guard found?.isEmpty != false else {
            throw .outputNotEmpty(step: order.step, path: order.outputDirectory)
        }
    }
}
