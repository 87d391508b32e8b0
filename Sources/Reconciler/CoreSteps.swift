import Planning
import ResourceAPI
import ResourceGraph

/// What steps may use together.
package struct StepBudget: Hashable, Sendable {
    package let cpus: Int
    package let memoryBytes: Int64
    package init(cpus: Int, memoryBytes: Int64) {
        self.cpus = cpus
        self.memoryBytes = memoryBytes
    }

    package static let unlimited = StepBudget(cpus: .max / 2, memoryBytes: .max / 2)
}

/// Which steps run, wait for room, or wait for another try.
struct StepWork: Sendable {
    struct Running: Sendable {
        let id: StepID
        let resources: StepResources
        var isCancelling = false
    }

    struct Attempt: Sendable {
        let id: StepID
        var count: Int
        var notBefore: Int64
        var interruption: Interruption

        /// Nothing but a change will start it again.
        var isExhausted: Bool {
            !interruption.isEnvironmental && count >= StepWork.maximumAttempts
        }
    }

    /// A step that has failed this often for passing reasons of its own waits for a new commit.
    static let maximumAttempts = 6

    let budget: StepBudget
    private(set) var running: [Fingerprint: Running] = [:]
    private(set) var runningSteps: Set<StepID> = []
    private(set) var attempts: [Fingerprint: Attempt] = [:]
    private(set) var ranForRevision: Set<Fingerprint> = []
    /// Something was planned differently since running steps were last compared with the plan.
    var hasChangedPlan = false
    private var usedCPUs = 0
    private var usedMemory: Int64 = 0

    /// Steps that may be ready, first come, first served. Looked at when there is room.
    private var queue: [StepID] = []
    private var head = 0
    private var queued: Set<StepID> = []
    /// Ready, but suspended.
    private var parked: Set<StepID> = []

    init(budget: StepBudget) {
        self.budget = budget
    }

    var hasQueue: Bool { head < queue.count }

    mutating func enqueue(_ id: StepID) {
        guard queued.insert(id).inserted else { return }
        queue.append(id)
    }

    /// The next in the queue, without taking it.
    var first: StepID? { hasQueue ? queue[head] : nil }

    mutating func removeFirst() {
        queued.remove(queue[head])
        head += 1
        if head > 1024, head * 2 > queue.count {
            queue.removeFirst(head)
            head = 0
        }
    }

    mutating func park(_ id: StepID) { parked.insert(id) }

    mutating func unpark() {
        for id in parked.sorted() { enqueue(id) }
        parked = []
    }

    /// A step that is larger than the budget starts alone: the executor says what is wrong with it.
    func hasRoom(for resources: StepResources) -> Bool {
        running.isEmpty
            || (usedCPUs + resources.cpus <= budget.cpus
                && usedMemory + resources.memoryBytes <= budget.memoryBytes)
    }

    mutating func start(_ id: StepID, _ fingerprint: Fingerprint, _ resources: StepResources) {
        running[fingerprint] = Running(id: id, resources: resources)
        runningSteps.insert(id)
        usedCPUs += resources.cpus
        usedMemory += resources.memoryBytes
    }

    mutating func end(_ fingerprint: Fingerprint) -> Running? {
        guard let ended = running.removeValue(forKey: fingerprint) else { return nil }
        runningSteps.remove(ended.id)
        usedCPUs -= ended.resources.cpus
        usedMemory -= ended.resources.memoryBytes
        return ended
    }

    /// - Returns: false if it was asked to before.
    mutating func cancel(_ fingerprint: Fingerprint) -> Bool {
        guard running[fingerprint]?.isCancelling == false else { return false }
        running[fingerprint]?.isCancelling = true
        return true
    }

    mutating func interrupted(
        _ fingerprint: Fingerprint, _ id: StepID, _ interruption: Interruption, now: Int64
    ) {
        let count = (attempts[fingerprint]?.count ?? 0) + 1
        attempts[fingerprint] = Attempt(
            id: id, count: count, notBefore: now + ReconcilerCore.backoff(after: count),
            interruption: interruption)
    }

    mutating func forgetAttempts(of fingerprint: Fingerprint) { attempts[fingerprint] = nil }

    mutating func ran(_ fingerprint: Fingerprint) { ranForRevision.insert(fingerprint) }

    mutating func startOver() {
        for attempt in attempts.values.sorted(by: { $0.id < $1.id }) { enqueue(attempt.id) }
        attempts = [:]
        ranForRevision = []
        unpark()
    }

    func nextRetry(after now: Int64) -> Int64? {
        attempts.values.lazy.filter { !$0.isExhausted && $0.notBefore > now }.map(\.notBefore).min()
    }

    /// Those whose time has come, in a stable order.
    func due(now: Int64) -> [(key: Fingerprint, value: Attempt)] {
        guard !attempts.isEmpty else { return [] }
        return attempts.filter { !$0.value.isExhausted && $0.value.notBefore <= now }
            .sorted { $0.key < $1.key }
    }

}

// MARK: - Scheduling

extension ReconcilerCore {
    mutating func take(_ end: StepEnd, of fingerprint: Fingerprint, now: Int64) {
        guard let ended = work.end(fingerprint) else { return }
        dirty.statuses.insert(ended.id.resource)
        switch end {
        case .succeeded(let id, let result, let execution):
            work.forgetAttempts(of: fingerprint)
            work.ran(fingerprint)
            touch(steps: plan.succeeded(id, fingerprint, result, execution))
        case .failed(let failure):
            work.forgetAttempts(of: fingerprint)
            if PlantedMistake.retryDeterministic.isPlanted { break }
            touch(steps: plan.failed(fingerprint, failure))
        case .interrupted(let interruption):
            work.interrupted(fingerprint, ended.id, interruption, now: now)
        case .cancelled:
            break
        }
        // It may be wanted again by now, or by another step with the same fingerprint.
        if let id = plan.wanting(fingerprint, first: ended.id) { work.enqueue(id) }
    }

    mutating func scheduleSteps(now: Int64) -> [CoreEffect] {
        guard let desired else { return [] }
        var effects: [CoreEffect] = []
        enqueueDue(now: now)
        while let id = work.first {
            guard let planned = plan.step(id), case .run(isReady: true) = planned.action,
                let fingerprint = planned.fingerprint, work.running[fingerprint] == nil
            else {
                work.removeFirst()
                continue
            }
            if isSuspended(id.resource) || !healing.allows(id.resource) {
                work.removeFirst()
                work.park(id)
                continue
            }
            let attempt = work.attempts[fingerprint]
            if let attempt, attempt.isExhausted || attempt.notBefore > now {
                work.removeFirst()
                continue
            }
            guard work.hasRoom(for: planned.step.resources) else { break }
            work.removeFirst()
            work.start(id, fingerprint, planned.step.resources)
            dirty.statuses.insert(id.resource)
            effects.append(
                .start(
                    StepLaunch(
                        step: planned.step, program: desired.graph.program(of: planned.step),
                        fingerprint: fingerprint, inputs: planned.inputs,
                        reasons: planned.reasons, revision: desired.revision,
                        runtime: desired.runtime, attempt: (attempt?.count ?? 0) + 1,
                        plan: planID)))
        }
        return effects + cancelUnwanted()
    }

    /// By now another step may want the same fingerprint, or none.
    private mutating func enqueueDue(now: Int64) {
        for (fingerprint, attempt) in work.due(now: now) {
            if let id = plan.wanting(fingerprint, first: attempt.id) {
                work.enqueue(id)
            } else {
                work.forgetAttempts(of: fingerprint)
            }
        }
    }

    private mutating func cancelUnwanted() -> [CoreEffect] {
        guard work.hasChangedPlan, !PlantedMistake.forgetCancel.isPlanted else { return [] }
        work.hasChangedPlan = false
        var effects: [CoreEffect] = []
        for (fingerprint, running) in work.running.sorted(by: { $0.key < $1.key })
        where plan.wanting(fingerprint, first: running.id) == nil && work.cancel(fingerprint) {
            effects.append(.cancel(fingerprint))
        }
        return effects
    }

    /// Whether a step is running or can still be started. One that waits for a step that has used up
    /// its attempts, or that is suspended, waits for nothing that will come by itself.
    private var isBusy: Bool {
        !work.running.isEmpty || work.hasQueue || isRetrying || registry.isBusy
            || serving.isBusy || obstacles.hasAny
    }

    /// Something that is wanted, and may be done, is to be tried again later.
    private var isRetrying: Bool {
        work.attempts.contains { fingerprint, attempt in
            !attempt.isExhausted && plan.wanting(fingerprint, first: attempt.id) != nil
                && !isSuspended(attempt.id.resource) && healing.allows(attempt.id.resource)
        }
    }

    mutating func settle() -> [CoreEffect] {
        guard let desired, !isBusy, !obstacles.hinder(.settlement) else { return [] }
        let counts = plan.counts
        let settlement = Settlement(
            revision: desired.revision, cached: counts.cached, ran: work.ranForRevision.count,
            failed: counts.total - counts.cached + serving.unserved.count,
            errors: desired.diagnostics.count { $0.severity == .error })
        guard settlement != settled else { return [] }
        settled = settlement
        return [.settled(settlement, desired.diagnostics)]
    }
}

extension LivePlan {
    /// The step that would run with this fingerprint now, if any.
    func wanting(_ fingerprint: Fingerprint, first id: StepID) -> StepID? {
        if isWanted(fingerprint, by: id) { return id }
        return steps(with: fingerprint).first { isWanted(fingerprint, by: $0) }
    }

    private func isWanted(_ fingerprint: Fingerprint, by id: StepID) -> Bool {
        guard let planned = step(id), planned.fingerprint == fingerprint,
            case .run(isReady: true) = planned.action
        else { return false }
        return true
    }
}
