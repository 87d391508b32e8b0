import Execution
import Foundation
import Logging
import Reconciler
import ResourceAPI

/// Prepares Python runtimes on demand, one warm parent for each, and keeps them until the end.
actor LocalRuntimes: RuntimeExecutors {
    private let provider: RuntimeProvider
    private let stateDirectory: String
    private let budget: ResourceBudget
    private let logger: Logger
    private let progress: @Sendable (String) -> Void

    private var locks: [Digest: RequirementsLock] = [:]
    private var runtimes: [Digest: Task<Runtime, any Error>] = [:]
    private var started: [Digest: (parent: WarmParent, executor: LocalExecutor)] = [:]

    init(
        provider: RuntimeProvider, stateDirectory: String, budget: ResourceBudget, logger: Logger,
        progress: @escaping @Sendable (String) -> Void
    ) {
        self.provider = provider
        self.stateDirectory = stateDirectory
        self.budget = budget
        self.logger = logger
        self.progress = progress
    }

    /// Makes a lock file known; a step names it by its digest only.
    func add(_ lock: RequirementsLock) {
        locks[lock.digest] = lock
    }

    /// The runtime of a lock file that was added; made if it does not exist.
    func runtime(for digest: Digest) async throws -> Runtime {
        if let known = runtimes[digest] { return try await known.value }
        guard let lock = locks[digest] else {
            throw CommandError.unknownRuntime(digest)
        }
        let provider = provider
        let progress = progress
        let task = Task { try await provider.prepare(lock, onProgress: progress) }
        runtimes[digest] = task
        do {
            return try await task.value
        } catch {
            // The next step tries again: a package index may be back by then.
            runtimes[digest] = nil
            throw error
        }
    }

    func executor(for digest: Digest) async throws -> any Executor {
        let runtime = try await runtime(for: digest)
        if let known = started[digest] { return known.executor }
        let parent = WarmParent(
            WarmParent.Configuration(
                pythonPath: runtime.pythonPath, workDirectory: stateDirectory + "/work",
                socketDirectory: stateDirectory + "/run"),
            logger: logger)
        let executor = LocalExecutor(
            parent: parent, budget: budget, now: { Date() }, logger: logger)
        started[digest] = (parent, executor)
        return executor
    }

    /// Ends every warm parent, and with it every step.
    func stop() async {
        for (parent, _) in started.values { await parent.stop() }
        started = [:]
    }
}
