import Logging
import ResourceAPI
import Subprocess
import Synchronization
import SystemPackage

/// One life of the warm parent: from its start until it has ended.
///
/// Its standard input is held open for as long as it shall live. When the controller dies, however
/// it dies, the kernel closes that pipe, and the parent ends with all of its workers.
final class WorkerProcess: Sendable {
    /// What happens while it starts; the first one decides.
    private enum LaunchEvent: Sendable {
        case ready
        case ended
        case deadline
    }

    private struct State {
        var tail = OutputTail()
        var ending: String?
        var isProven = false
        var isKilled = false
        var nextObserver = 0
        var observers: [Int: @Sendable (String) -> Void] = [:]
        var lifetime: Task<Void, Never>?
    }

    private static let stopSeconds = 3
    /// The environment variable by which everything that descends from one parent is known. Its
    /// value is one that no other parent has.
    static let markVariable = "INGOT_WARM_PARENT"

    let socketPath: String
    /// Where steps are taken that need no libraries, already while those are imported.
    var lightSocketPath: String { socketPath + Self.lightSuffix }
    static let lightSuffix = ".light"
    private let mark: String
    private let state = Mutex(State())
    private let stopRequests: AsyncStream<Void>.Continuation

    private init(
        socketPath: String, mark: String, stopRequests: AsyncStream<Void>.Continuation
    ) {
        self.socketPath = socketPath
        self.mark = mark
        self.stopRequests = stopRequests
    }

    /// Starts a parent and waits until it has said that it is ready.
    static func launch(
        _ configuration: WarmParent.Configuration, socketPath: String, mark: String,
        clock: any Clock<Duration>
    ) async throws(ExecutionError) -> WorkerProcess {
        let (stops, stopRequests) = AsyncStream<Void>.makeStream()
        let (events, launchEvents) = AsyncStream<LaunchEvent>.makeStream()
        let process = WorkerProcess(
            socketPath: socketPath, mark: mark, stopRequests: stopRequests)
        let lifetime = Task {
            await process.live(configuration, stops: stops) { launchEvents.yield(.ready) }
            launchEvents.yield(.ended)
        }
        process.state.withLock { $0.lifetime = lifetime }
        let timer = Task {
            try await clock.sleep(for: configuration.readyDeadline)
            launchEvents.yield(.deadline)
        }
        defer { timer.cancel() }
        for await event in events {
            switch event {
            case .ready: return process
            case .ended:
                let (ending, output) = process.state.withLock { ($0.ending ?? "", $0.tail.lines) }
                throw .workerDidNotStart(reason: ending, output: output)
            case .deadline:
                process.kill()
                await lifetime.value
                throw .workerNotReady(
                    seconds: configuration.readyDeadline.components.seconds,
                    output: process.state.withLock { $0.tail.lines })
            }
        }
        // Only if this task was cancelled: the warm parent is being stopped.
        process.kill()
        await lifetime.value
        throw .workerDidNotStart(reason: "it was stopped", output: [])
    }

    /// Whether it lives and may be given steps: one that was told to die may take a moment to.
    var isUsable: Bool { state.withLock { $0.ending == nil && !$0.isKilled } }

    /// Returns when the process and all that descends from it are dead.
    func waitForEnd() async {
        await state.withLock { $0.lifetime }?.value
    }

    /// It has brought a step to its end, so that a later death is not a failure to start.
    func markProven() { state.withLock { $0.isProven = true } }

    var isProven: Bool { state.withLock { $0.isProven } }

    /// Calls back once, when the process ends; at once if it has.
    func onExit(_ observer: @escaping @Sendable (String) -> Void) -> Int {
        let (id, ending) = state.withLock { state in
            state.nextObserver += 1
            if state.ending == nil { state.observers[state.nextObserver] = observer }
            return (state.nextObserver, state.ending)
        }
        if let ending { observer(ending) }
        return id
    }

    func removeObserver(_ id: Int) {
        _ = state.withLock { $0.observers.removeValue(forKey: id) }
    }

    /// Closes its standard input, and kills it if it has not ended after three seconds.
    func stop() async {
        stopRequests.yield()
        let timer = Task {
            try await Task.sleep(for: .seconds(Self.stopSeconds))
            kill()
        }
        await waitForEnd()
        timer.cancel()
    }

    /// SIGKILL, by the cancellation of `Subprocess.run`.
    func kill() {
        let lifetime = state.withLock { state in
            state.isKilled = true
            return state.lifetime
        }
        lifetime?.cancel()
    }

    private func live(
        _ configuration: WarmParent.Configuration, stops: AsyncStream<Void>,
        onReady: @escaping @Sendable () -> Void
    ) async {
        var options = PlatformOptions()
        options.createSession = true
        var environment = configuration.environment
        environment[Self.markVariable] = mark
        var ending: String
        do {
            let result = try await Subprocess.run(
                .path(FilePath(configuration.pythonPath)),
                arguments: Arguments(configuration.arguments(socketPath: socketPath)),
                environment: WorkerEnvironment.environment(environment),
                workingDirectory: FilePath(configuration.workDirectory),
                platformOptions: options, input: .inputWriter, output: .sequence,
                error: .combinedWithOutput
            ) { execution in
                await withTaskGroup { group in
                    group.addTask {
                        for await _ in stops {
                            try? await execution.standardInputWriter.finish()
                        }
                    }
                    await self.read(execution.standardOutput, onReady: onReady)
                    group.cancelAll()
                }
            }
            ending = "the warm parent process \(result.terminationStatus.phrase)"
        } catch let error as SubprocessError {
            ending = "\(configuration.pythonPath) cannot be run: \(error)"
        } catch {
            ending = "the warm parent process was stopped"
        }
        if Task.isCancelled { ending = "the warm parent process was stopped" }
        // A parent that was killed could not end its workers, and one that was asked to end may not
        // know of all that they have started.
        await BlockingWork(label: "ingot.worker-sweep").run { [mark] in
            ProcessTree.killAll { $0 == "\(Self.markVariable)=\(mark)" }
        }
        finish(ending)
    }

    /// Whatever it prints beside `ready` is kept for the message, in case it ends.
    private func read(
        _ output: SubprocessOutputSequence, onReady: @Sendable () -> Void
    ) async {
        do {
            for try await buffer in output {
                let bytes = buffer.withUnsafeBytes { Array($0) }
                let isReady = state.withLock { state in
                    state.tail.append(bytes).contains("ready")
                }
                if isReady { onReady() }
            }
        } catch {
            // The process ends by itself or was killed; `live` says which.
        }
    }

    private func finish(_ ending: String) {
        let observers = state.withLock { state in
            state.ending = ending
            defer { state.observers = [:] }
            return state.observers
        }
        for observer in observers.values { observer(ending) }
    }
}

extension TerminationStatus {
    /// After the name of a process: `ended with exit code 1`, `was killed by signal 9`.
    var phrase: String {
        switch self {
        case .exited(let code): "ended with exit code \(code)"
        case .signaled(let signal): "was killed by signal \(signal)"
        }
    }
}
