import ResourceAPI
import Synchronization

/// Lets steps start in the order in which they came, each as soon as it fits beside those that run.
///
/// Strictly first in, first out: a small step does not overtake a large one that waits, because then
/// a stream of small ones would keep it waiting for ever.
final class BudgetQueue: Sendable {
    private struct Waiter {
        let id: Int
        let demand: StepResources
        let continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var cpusInUse = 0
        var memoryInUse: Int64 = 0
        var nextID = 0
        var waiters: [Waiter] = []
        /// Cancelled between asking for an id and joining the queue.
        var cancelled: Set<Int> = []
    }

    private let budget: ResourceBudget
    private let state = Mutex(State())

    init(budget: ResourceBudget) {
        self.budget = budget
    }

    /// Waits until the demand fits; false if the task was cancelled first. After true, `release`
    /// must be called with the same demand.
    func acquire(_ demand: StepResources) async -> Bool {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        let isGranted = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                join(Waiter(id: id, demand: demand, continuation: continuation))
            }
        } onCancel: {
            leave(id)
        }
        // A cancellation that came after the grant has left its mark; the id is never used again.
        _ = state.withLock { $0.cancelled.remove(id) }
        return isGranted
    }

    func release(_ demand: StepResources) {
        resume(
            state.withLock { state in
                state.cpusInUse -= demand.cpus
                state.memoryInUse -= demand.memoryBytes
                return admit(&state)
            })
    }

    private func join(_ waiter: Waiter) {
        let admitted: [Waiter]? = state.withLock { state in
            if state.cancelled.contains(waiter.id) { return nil }
            state.waiters.append(waiter)
            return admit(&state)
        }
        guard let admitted else { return waiter.continuation.resume(returning: false) }
        resume(admitted)
    }

    private func leave(_ id: Int) {
        let (left, admitted): (Waiter?, [Waiter]) = state.withLock { state in
            guard let index = state.waiters.firstIndex(where: { $0.id == id }) else {
                state.cancelled.insert(id)
                return (nil, [])
            }
            let left = state.waiters.remove(at: index)
            return (left, admit(&state))
        }
        left?.continuation.resume(returning: false)
        resume(admitted)
    }

    /// Takes from the front whatever fits.
    private func admit(_ state: inout State) -> [Waiter] {
        var admitted: [Waiter] = []
        while let first = state.waiters.first, fits(first.demand, state) {
            state.waiters.removeFirst()
            state.cpusInUse += first.demand.cpus
            state.memoryInUse += first.demand.memoryBytes
            admitted.append(first)
        }
        return admitted
    }

    /// More processors than the budget has are granted to a step that runs alone.
    private func fits(_ demand: StepResources, _ state: State) -> Bool {
        state.memoryInUse + demand.memoryBytes <= budget.memoryBytes
            && (state.cpusInUse == 0 || state.cpusInUse + demand.cpus <= budget.cpus)
    }

    /// Outside the lock, since a continuation may run at once.
    private func resume(_ waiters: [Waiter]) {
        for waiter in waiters { waiter.continuation.resume(returning: true) }
    }
}
