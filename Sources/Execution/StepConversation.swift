import ResourceAPI

/// What has been said between the executor and the worker of one step, and what follows from it. A
/// value without any I/O: it takes what happens, and says what is to be done.
struct StepConversation: Sendable {
    enum Input: Hashable, Sendable {
        case connected
        case unavailable(ExecutionError)
        case bytes([UInt8])
        /// The worker's side of the connection is closed: no process of the step holds it any more.
        case closed
        case timedOut
        case cancelled
        case logTooLarge
        /// The warm parent ended; with how, for people.
        case parentEnded(String)
        /// The warm parent still lives some time after a connection broke off.
        case parentLives
        /// The warm parent did not close the connection in time after it was told to kill.
        case killOverdue
    }

    enum Action: Hashable, Sendable {
        /// Send the request and start the step's clock.
        case start
        case emit(WorkerEvent)
        /// Make the warm parent kill the step, and wait until the connection is closed.
        case kill
        /// Find out whether the connection broke off because the warm parent ended: that is told
        /// by another messenger, which may be slower.
        case awaitParentEnd
        /// Nothing follows. `isClean` if the warm parent has reaped the worker itself; otherwise
        /// processes of the step may be left.
        case finish(StepOutcome, isClean: Bool)
        /// The warm parent does not answer: end it, which ends all of its steps.
        case abandonParent
    }

    private enum Phase {
        case connecting
        case running
        case brokenOff
        case ending(StepOutcome)
        case finished
    }

    private let order: StepOrder
    private let limits: StepLimits
    private var phase = Phase.connecting
    private var reader: LineReader
    private var eventBytes = 0
    private var result: JSONValue?
    private var failure: StepFailure?
    /// The worker, which leads the session of its step; nil until it has said so.
    private(set) var workerPID: Int32?

    init(order: StepOrder, limits: StepLimits) {
        self.order = order
        self.limits = limits
        reader = LineReader(lineBytesMax: limits.lineBytesMax)
    }

    mutating func receive(_ input: Input) -> [Action] {
        switch phase {
        case .connecting: return receiveConnecting(input)
        case .running: return receiveRunning(input)
        case .brokenOff: return receiveBrokenOff(input)
        case .ending(let outcome): return receiveEnding(input, outcome)
        case .finished: return []
        }
    }

    private mutating func receiveConnecting(_ input: Input) -> [Action] {
        switch input {
        case .connected:
            phase = .running
            return [.start]
        case .unavailable(let error): return finish(.failed(error.failure), isClean: true)
        case .cancelled: return finish(.cancelled, isClean: true)
        case .parentEnded(let reason):
            return finish(fail(.workerLost(step: order.step, reason: reason)), isClean: true)
        case .bytes, .closed, .timedOut, .logTooLarge, .parentLives, .killOverdue: return []
        }
    }

    private mutating func receiveRunning(_ input: Input) -> [Action] {
        let step = order.step
        switch input {
        case .bytes(let bytes): return receive(bytes)
        case .closed:
            phase = .brokenOff
            return [.awaitParentEnd]
        case .timedOut:
            return end(
                fail(.timedOut(step: step, seconds: order.resources.timeoutSeconds)))
        case .cancelled: return end(.cancelled)
        case .logTooLarge:
            return end(
                fail(
                    .logTooLarge(
                        step: step, limit: limits.logBytesMax, logPath: order.logPath)))
        case .parentEnded(let reason):
            return finish(fail(.workerLost(step: step, reason: reason)), isClean: false)
        case .connected, .unavailable, .parentLives, .killOverdue: return []
        }
    }

    private mutating func receiveBrokenOff(_ input: Input) -> [Action] {
        switch input {
        case .parentEnded(let reason):
            return finish(fail(.workerLost(step: order.step, reason: reason)), isClean: false)
        case .parentLives:
            let error = ExecutionError.protocolError(step: order.step, problem: .closedEarly)
            return finish(fail(error), isClean: false)
        case .cancelled: return finish(.cancelled, isClean: false)
        case .connected, .unavailable, .bytes, .closed, .timedOut, .logTooLarge, .killOverdue:
            return []
        }
    }

    /// What a step that is being killed still says does not matter.
    private mutating func receiveEnding(_ input: Input, _ outcome: StepOutcome) -> [Action] {
        switch input {
        case .closed, .parentEnded: return finish(outcome, isClean: false)
        case .killOverdue:
            // A step that has not begun waits for the imports, and is not begun any more.
            if workerPID == nil, outcome == .cancelled { return finish(outcome, isClean: false) }
            return [.abandonParent] + finish(outcome, isClean: false)
        case .cancelled:
            phase = .ending(.cancelled)
            return []
        case .connected, .unavailable, .bytes, .timedOut, .logTooLarge, .parentLives: return []
        }
    }

    private mutating func receive(_ bytes: [UInt8]) -> [Action] {
        var actions: [Action] = []
        do throws(ProtocolProblem) {
            eventBytes += bytes.count
            guard eventBytes <= limits.eventBytesMax else {
                throw .tooManyBytes(limit: limits.eventBytesMax)
            }
            for line in try reader.append(bytes) {
                actions += try receive(WorkerMessage.parse(line))
                if case .finished = phase { break }
            }
        } catch {
            actions += end(fail(.protocolError(step: order.step, problem: error)))
        }
        return actions
    }

    private mutating func receive(
        _ message: WorkerMessage
    ) throws(ProtocolProblem) -> [Action] {
        switch message {
        case .event(let event):
            if case .started(let pid) = event { workerPID = pid }
            return [.emit(event)]
        case .result(let metadata):
            guard result == nil else { throw .secondResult }
            result = metadata
            return []
        case .error(let reported):
            // The first one is the cause; what follows may be its consequence.
            failure = failure ?? reported
            return []
        case .exited(let code): return finish(outcome(exitCode: code), isClean: true)
        case .signalled(let signal, let cause):
            let killed = ExecutionError.workerKilled(
                step: order.step, signal: signal, cause: cause, logPath: order.logPath)
            return finish(.failed(failure ?? killed.failure), isClean: true)
        case .unknown: return []
        }
    }

    private func outcome(exitCode code: Int64) -> StepOutcome {
        if let failure { return .failed(failure) }
        guard code == 0 else {
            return fail(
                .workerExited(step: order.step, code: code, logPath: order.logPath))
        }
        guard let result else { return fail(.missingResult(step: order.step)) }
        return .succeeded(metadata: result)
    }

    private func fail(_ error: ExecutionError) -> StepOutcome { .failed(error.failure) }

    private mutating func end(_ outcome: StepOutcome) -> [Action] {
        if PlantedMistake.endBeforeTreeIsDead.isPlanted { return finish(outcome, isClean: true) }
        phase = .ending(outcome)
        return [.kill]
    }

    private mutating func finish(_ outcome: StepOutcome, isClean: Bool) -> [Action] {
        phase = .finished
        return [.finish(outcome, isClean: isClean)]
    }
}
