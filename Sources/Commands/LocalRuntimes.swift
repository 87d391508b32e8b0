import Execution
import Foundation
import Logging
import Reconciler
import ResourceAPI

/// Finds or makes Python runtimes on demand, and keeps a warm parent for each that is in use: those
/// of running steps, and that of the newest commit.
actor LocalRuntimes: RuntimeExecutors {
    /// Lock files that are remembered; others are looked up again.
    private static let maximumLocks = 16

    /// A lock file by its digest, at a commit that names it.
    typealias LockSource = @Sendable (Digest, CommitID) async -> RequirementsLock?

    private struct Started {
        let parent: WarmParent
        let executor: LocalExecutor
        var steps = 0
    }

    private let provider: RuntimeProvider
    private let stateDirectory: String
    private let budget: ResourceBudget
    private let logger: Logger
    private let progress: @Sendable (String) -> Void
    private let oldLock: LockSource

    private var locks: [Digest: RequirementsLock] = [:]
    /// That of the newest commit.
    private var newest: Digest?
    private var ready: [Digest: Runtime] = [:]
    private var preparing: [Digest: Task<Runtime, any Error>] = [:]
    /// Why a runtime could not be made, until it can.
    private var failures: [Digest: ServingTrouble] = [:]
    private var started: [Digest: Started] = [:]
    private var stopping: [Digest: Task<Void, Never>] = [:]

    /// - Parameter oldLock: finds lock files of earlier commits.
    init(
        provider: RuntimeProvider, stateDirectory: String, budget: ResourceBudget, logger: Logger,
        oldLock: @escaping LockSource, progress: @escaping @Sendable (String) -> Void
    ) {
        self.provider = provider
        self.stateDirectory = stateDirectory
        self.budget = budget
        self.logger = logger
        self.oldLock = oldLock
        self.progress = progress
    }

    /// Makes the lock file of the newest commit known; a step names it by its digest only. Warm
    /// parents of others end with their last step.
    func follow(_ lock: RequirementsLock) {
        newest = lock.digest
        remember(lock)
        retire()
    }

    private func remember(_ lock: RequirementsLock) {
        if locks.count >= Self.maximumLocks, locks[lock.digest] == nil {
            locks = locks.filter { $0.key == newest }
        }
        locks[lock.digest] = lock
    }

    // MARK: Runtimes

    /// The runtime of a lock file; made if it does not exist.
    func runtime(for digest: Digest) async throws -> Runtime {
        if let known = usable(digest) { return known }
        if let lock = locks[digest] { return try await wait(for: prepare(lock)) }
        // Made by another controller, or by another release.
        guard let found = provider.existing(digest) else {
            throw ExecutionError.runtimeUnknown(digest)
        }
        ready[digest] = found
        return found
    }

    /// Nil if it is not ready, or was removed since.
    private func usable(_ digest: Digest) -> Runtime? {
        guard let known = ready[digest] else { return nil }
        if FileManager.default.fileExists(atPath: known.onnxRuntimeLibraryPath) { return known }
        ready[digest] = nil
        return nil
    }

    /// Begins to make it, if nobody does yet.
    private func prepare(_ lock: RequirementsLock) -> Task<Runtime, any Error> {
        let digest = lock.digest
        if let running = preparing[digest] { return running }
        let provider = provider
        let progress = progress
        let task = Task {
            let result: Result<Runtime, any Error>
            do {
                result = .success(try await provider.prepare(lock, onProgress: progress))
            } catch {
                result = .failure(error)
            }
            prepared(digest, result)
            return try result.get()
        }
        preparing[digest] = task
        return task
    }

    /// Unlike the task's value, not longer than the caller wants to wait.
    private func wait(for task: Task<Runtime, any Error>) async throws -> Runtime {
        let (stream, post) = AsyncThrowingStream<Runtime, any Error>.makeStream()
        Task {
            do {
                post.yield(try await task.value)
                post.finish()
            } catch {
                post.finish(throwing: error)
            }
        }
        for try await runtime in stream { return runtime }
        throw CancellationError()
    }

    private func prepared(_ digest: Digest, _ result: Result<Runtime, any Error>) {
        preparing[digest] = nil
        switch result {
        case .success(let runtime):
            ready[digest] = runtime
            failures[digest] = nil
        case .failure(let error):
            // Whoever asks next tries again: a package index may be back by then.
            failures[digest] = trouble(error)
        }
    }

    private func trouble(_ error: any Error) -> ServingTrouble {
        guard let error = error as? ExecutionError else {
            return ServingTrouble(message: "\(error)")
        }
        return ServingTrouble(message: error.message, hint: error.hint)
    }

    // MARK: Steps

    func executor(for digest: Digest) async throws -> any Executor {
        _ = try await runtime(for: digest)
        return RuntimeExecutor(runtime: digest, runtimes: self)
    }

    /// Counts a step in.
    fileprivate func enter(_ digest: Digest) async throws -> LocalExecutor {
        let runtime = try await runtime(for: digest)
        var entry = started[digest] ?? start(runtime)
        entry.steps += 1
        started[digest] = entry
        return entry.executor
    }

    private func start(_ runtime: Runtime) -> Started {
        let parent = WarmParent(
            WarmParent.Configuration(
                pythonPath: runtime.pythonPath, workDirectory: stateDirectory + "/work",
                socketDirectory: stateDirectory + "/run"),
            logger: logger)
        return Started(
            parent: parent,
            executor: LocalExecutor(
                parent: parent, budget: budget, now: { Date() }, logger: logger))
    }

    fileprivate func leave(_ digest: Digest) {
        started[digest]?.steps -= 1
        retire()
    }

    private func retire() {
        for (digest, entry) in started where digest != newest && entry.steps == 0 {
            started[digest] = nil
            let before = stopping[digest]
            stopping[digest] = Task {
                await before?.value
                await entry.parent.stop()
            }
        }
    }

    /// Ends every warm parent, and with it every step, and whatever is being installed.
    func stop() async {
        for task in preparing.values { task.cancel() }
        for entry in started.values { await entry.parent.stop() }
        started = [:]
        for task in stopping.values { await task.value }
        for task in preparing.values { _ = await task.result }
    }
}

extension LocalRuntimes: RuntimeLibraries {
    func library(of runtime: Digest, trainedAt commit: CommitID) async -> RuntimeLibrary {
        if let found = usable(runtime) ?? provider.existing(runtime) {
            ready[runtime] = found
            return .found(path: found.onnxRuntimeLibraryPath)
        }
        if locks[runtime] == nil, let old = await oldLock(runtime, commit) { remember(old) }
        guard let lock = locks[runtime] else {
            return .missing(trouble(ExecutionError.runtimeUnknown(runtime)))
        }
        _ = prepare(lock)
        return .missing(
            failures[runtime]
                ?? ServingTrouble(
                    message: "waits for the Python runtime that it was trained with, which is made",
                    isUnderWay: true))
    }
}

/// Runs steps in one runtime, whose warm parent lives at least as long as they do.
private struct RuntimeExecutor: Executor {
    let runtime: Digest
    let runtimes: LocalRuntimes

    func run(
        _ order: StepOrder, onEvent: @escaping @Sendable (WorkerEvent) -> Void
    ) async -> StepOutcome {
        let executor: LocalExecutor
        do {
            executor = try await runtimes.enter(runtime)
        } catch is CancellationError {
            return .cancelled
        } catch {
            // It was there a moment ago: whatever it is, the step is not at fault.
            let known = error as? ExecutionError
            return .failed(
                StepFailure(
                    class: .internal, code: known?.code ?? "RuntimeLost",
                    message: known?.message ?? "\(error)", hint: known?.hint))
        }
        let outcome = await executor.run(order, onEvent: onEvent)
        await runtimes.leave(runtime)
        return outcome
    }
}
