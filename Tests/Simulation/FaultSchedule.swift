import Glibc
package import StateStore
import Synchronization

/// What can go wrong at one point.
package enum Fault: String, Hashable, Sendable, CaseIterable {
    /// The process dies; what it has written stays.
    case crash
    /// The machine dies; of what was not synced, a random part stays.
    case powerLoss
    /// The machine dies; of what was not synced, nothing stays.
    case powerLossOfAll
    case noSpace
    case errorOnce
    /// From then on, until the disk is mended.
    case errorForGood
    /// A write takes less than it was given, and says nothing.
    case shortWrite
}

/// Decides at which operation of a disk, and at which point of a transaction, something goes wrong.
/// All of them have numbers in one row, from 1.
package final class FaultSchedule: TransactionFaults {
    /// Of errors that only a simulation has: the process is dead, and nothing more can be done.
    package static let crashCode: Int32 = 9999

    private struct State: Sendable {
        var count = 0
        var planned: [Int: Fault] = [:]
        var rates: [Fault: Double] = [:]
        var random: SeededRandom
        /// Set by a crash: nothing works any more until `restart`.
        var down: Fault?
        var isBroken = false
        var isOff = false
        var isFull = false
        var last: (fault: Fault, operation: String)?
        /// What is being done, if the simulation says so.
        var transition: Transition?
        var targets: [SimulationPlan.Target] = []
    }

    private let state: Mutex<State>
    package let coverage: Coverage

    package init(random: SeededRandom, coverage: Coverage = Coverage()) {
        state = Mutex(State(random: random))
        self.coverage = coverage
    }

    /// - Parameter at: numbers of operations and the faults that they meet.
    package func plan(_ at: [Int: Fault]) { state.withLock { $0.planned = at } }

    /// - Parameter rates: probability of each fault at each operation.
    package func set(rates: [Fault: Double]) { state.withLock { $0.rates = rates } }

    /// How many operations there were since the start or the last `reset`.
    package var count: Int { state.withLock { $0.count } }

    /// The fault that ended the process; nil while it lives.
    package var down: Fault? { state.withLock { $0.down } }

    /// The last fault that was met.
    package var met: (fault: Fault, operation: String)? { state.withLock { $0.last } }

    /// Numbers start anew, and nothing is planned.
    package func reset() {
        state.withLock { state in
            state.count = 0
            state.planned = [:]
            state.last = nil
        }
    }

    /// Nothing goes wrong inside, and nothing is counted: for looks of the simulation's own.
    package func pause(_ isOff: Bool) { state.withLock { $0.isOff = isOff } }

    /// From now on operations are part of this.
    package func enter(_ transition: Transition?) { state.withLock { $0.transition = transition } }

    /// Lets each of these faults meet its transition, once.
    func aim(_ targets: [SimulationPlan.Target]) {
        state.withLock { $0.targets = targets }
    }

    /// No space is left, or there is some again.
    package func fill(_ isFull: Bool) { state.withLock { $0.isFull = isFull } }

    package var isFull: Bool { state.withLock { $0.isFull } }

    /// The process dies now.
    package func kill(_ fault: Fault) { state.withLock { $0.down = fault } }

    package func restart() { state.withLock { $0.down = nil } }

    package var isDamaged: Bool { state.withLock { $0.isBroken } }

    /// A disk that fails for good is replaced.
    package func repair() { state.withLock { $0.isBroken = false } }

    package func mend() {
        state.withLock { state in
            state.isBroken = false
            state.isFull = false
            state.planned = [:]
            state.rates = [:]
        }
    }

    /// - Returns: the fault that this operation meets.
    package func next(_ operation: String) -> Fault? {
        var transition: Transition?
        let fault: Fault? = state.withLock { state in
            if state.isOff { return nil }
            if let down = state.down { return down }
            state.count += 1
            transition = state.transition
            if state.isBroken { return .errorForGood }
            if state.isFull, operation != "remove" { return .noSpace }
            guard
                let fault = state.planned[state.count] ?? aimed(&state, operation)
                    ?? drawn(&state)
            else { return nil }
            state.last = (fault, operation)
            switch fault {
            case .crash, .powerLoss, .powerLossOfAll: state.down = fault
            case .errorForGood: state.isBroken = true
            case .noSpace, .errorOnce, .shortWrite: break
            }
            return fault
        }
        if let fault {
            coverage.note(fault.rawValue, operation)
            if let transition { coverage.note(fault.rawValue, transition.rawValue) }
        }
        return fault
    }

    /// A committed transaction cannot lack space, and an error after it is no error.
    private func aimed(_ state: inout State, _ operation: String) -> Fault? {
        guard
            let index = state.targets.firstIndex(where: { $0.transition == state.transition }),
            state.random.chance(0.6)
        else { return nil }
        let target = state.targets[index]
        let isHarmless = operation == "transaction \(TransactionPoint.afterCommit.rawValue)"
        switch target.fault {
        case .noSpace, .errorOnce, .errorForGood: if isHarmless { return nil }
        case .crash, .powerLoss, .powerLossOfAll, .shortWrite: break
        }
        state.targets.remove(at: index)
        return target.fault
    }

    private func drawn(_ state: inout State) -> Fault? {
        guard !state.rates.isEmpty else { return nil }
        for fault in Fault.allCases {
            guard let rate = state.rates[fault], rate > 0 else { continue }
            if state.random.chance(rate) { return fault }
        }
        return nil
    }

    package func reach(_ point: TransactionPoint) throws {
        let path = "state.sqlite"
        switch next("transaction \(point.rawValue)") {
        case nil, .shortWrite: return
        case .crash, .powerLoss, .powerLossOfAll: throw SimulatedCrash()
        case .noSpace:
            // Once it has committed it cannot be out of space.
            if point != .afterCommit { throw StateStoreError.diskFull(path: path) }
        case .errorOnce, .errorForGood:
            if point != .afterCommit {
                throw StateStoreError.notWritten(path: path, problem: "Input/output error")
            }
        }
    }
}

/// The process died here.
package struct SimulatedCrash: Error {
    package init() {}
}

extension Fault {
    var code: Int32 {
        switch self {
        case .crash, .powerLoss, .powerLossOfAll: FaultSchedule.crashCode
        case .noSpace: ENOSPC
        case .errorOnce, .errorForGood: EIO
        case .shortWrite: 0
        }
    }
}
