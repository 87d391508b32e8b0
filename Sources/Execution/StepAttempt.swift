import Foundation
import Glibc
import Logging
import ResourceAPI

/// Carries one step through its `StepConversation`: brings it what happens, and does what it says.
struct StepAttempt: Sendable {
    private enum Signal: Sendable {
        case connected(WorkerConnection, WorkerProcess, observer: Int)
        case input(StepConversation.Input)
    }

    /// What has to be undone when the step has ended.
    private struct Link {
        let connection: WorkerConnection
        let process: WorkerProcess
        let observer: Int
        /// The step's processes as they were when it was told to end.
        var members: Set<ProcessTree.Member> = []
    }

    let order: StepOrder
    /// The largest file that the worker may write.
    let fileBytes: Int64
    let limits: StepLimits
    let clock: any Clock<Duration>
    let now: @Sendable () -> Date
    let logger: Logger

    private static let processQueue = BlockingWork(label: "ingot.process-tree")
    private static let logQueue = BlockingWork(label: "ingot.log-size")

    /// The loop runs in a task of its own, since a cancelled task can wait for nothing any more, and
    /// a cancelled step must still be seen to die.
    func run(
        in parent: WarmParent, onEvent: @escaping @Sendable (WorkerEvent) -> Void
    ) async -> StepOutcome {
        let (signals, continuation) = AsyncStream<Signal>.makeStream()
        let task = Task {
            await loop(parent, signals, continuation, onEvent: onEvent)
        }
        return await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            continuation.yield(.input(.cancelled))
        }
    }

    private func loop(
        _ parent: WarmParent, _ signals: AsyncStream<Signal>,
        _ continuation: AsyncStream<Signal>.Continuation,
        onEvent: @Sendable (WorkerEvent) -> Void
    ) async -> StepOutcome {
        var conversation = StepConversation(order: order, limits: limits)
        var link: Link?
        var timers = [Task { await connect(to: parent, continuation) }]
        let eventLog = EventLog(
            path: order.eventLogPath, bytesMax: limits.eventLogBytesMax, now: now)
        var ended: (outcome: StepOutcome, isClean: Bool)?

        for await signal in signals {
            let input: StepConversation.Input
            switch signal {
            case .connected(let connection, let process, let observer):
                link = Link(connection: connection, process: process, observer: observer)
                input = .connected
            case .input(let other): input = other
            }
            for action in conversation.receive(input) {
                switch action {
                case .start:
                    start(link, continuation)
                    timers += [timeLimit(continuation), logLimit(continuation)]
                case .emit(let event):
                    eventLog.append(event)
                    onEvent(event)
                case .kill:
                    link?.members = await members(of: conversation.workerPID)
                    link?.connection.halfClose()
                    timers.append(after(limits.killGrace, .killOverdue, continuation))
                case .awaitParentEnd:
                    timers.append(after(limits.parentEndGrace, .parentLives, continuation))
                case .abandonParent:
                    logger.error("the warm parent did not kill step \(order.step); it is killed")
                    link?.process.kill()
                case .finish(let outcome, let isClean): ended = (outcome, isClean)
                }
            }
            if ended != nil { break }
        }

        for timer in timers { timer.cancel() }
        continuation.finish()
        await releaseUnused(signals)
        if let link { await release(link, conversation.workerPID, isClean: ended?.isClean == true) }
        await eventLog.close()
        await truncateLog()
        return ended?.outcome ?? .cancelled
    }

    // MARK: What happens

    private func connect(
        to parent: WarmParent, _ continuation: AsyncStream<Signal>.Continuation
    ) async {
        do throws(ExecutionError) {
            let process = try await parent.running()
            let connection = try await WorkerConnection.open(
                path: order.needsLibraries ? process.socketPath : process.lightSocketPath)
            let observer = process.onExit { continuation.yield(.input(.parentEnded($0))) }
            let result = continuation.yield(
                .connected(connection, process, observer: observer))
            // The step has ended without it.
            if case .terminated = result {
                process.removeObserver(observer)
                await connection.close()
            }
        } catch {
            continuation.yield(.input(.unavailable(error)))
        }
    }

    private func start(_ link: Link?, _ continuation: AsyncStream<Signal>.Continuation) {
        link?.connection.start(request: WorkerRequest.line(for: order, fileBytes: fileBytes)) {
            input in
            switch input {
            case .bytes(let bytes): continuation.yield(.input(.bytes(bytes)))
            case .closed: continuation.yield(.input(.closed))
            }
        }
    }

    private func after(
        _ duration: Duration, _ input: StepConversation.Input,
        _ continuation: AsyncStream<Signal>.Continuation
    ) -> Task<Void, Never> {
        Task {
            // Throws only when it is cancelled, which means that nobody listens any more.
            guard (try? await clock.sleep(for: duration)) != nil else { return }
            continuation.yield(.input(input))
        }
    }

    private func timeLimit(
        _ continuation: AsyncStream<Signal>.Continuation
    ) -> Task<Void, Never> {
        after(.seconds(order.resources.timeoutSeconds), .timedOut, continuation)
    }

    private func logLimit(
        _ continuation: AsyncStream<Signal>.Continuation
    ) -> Task<Void, Never> {
        let path = order.logPath
        return Task {
            while (try? await clock.sleep(for: limits.logCheckInterval)) != nil {
                let size = await Self.logQueue.run { Self.size(ofFile: path) }
                if size > limits.logBytesMax {
                    continuation.yield(.input(.logTooLarge))
                    return
                }
            }
        }
    }

    // MARK: What is left when it has ended

    /// A connection that was made after the step had ended.
    private func releaseUnused(_ signals: AsyncStream<Signal>) async {
        for await signal in signals {
            guard case .connected(let connection, let process, let observer) = signal else {
                continue
            }
            process.removeObserver(observer)
            await connection.close()
        }
    }

    private func release(_ link: Link, _ worker: Int32?, isClean: Bool) async {
        link.process.removeObserver(link.observer)
        await link.connection.close()
        if isClean { return link.process.markProven() }
        guard let worker else { return }
        let members = link.members
        await Self.processQueue.run {
            let known = members.union(ProcessTree.members(ofWorker: worker))
            ProcessTree.killAll(known: known, worker: worker)
        }
    }

    private func members(of worker: Int32?) async -> Set<ProcessTree.Member> {
        guard let worker else { return [] }
        return await Self.processQueue.run { ProcessTree.members(ofWorker: worker) }
    }

    /// Between two looks a log can grow beyond its limit: what is too much is cut off, now that
    /// nobody writes to it any more.
    private func truncateLog() async {
        let (path, limit) = (order.logPath, limits.logBytesMax)
        await Self.logQueue.run {
            if Self.size(ofFile: path) > limit { _ = Glibc.truncate(path, off_t(limit)) }
        }
    }

    /// 0 if there is no such file.
    private static func size(ofFile path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }
}
