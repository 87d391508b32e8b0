/// Runs steps. Implementations decide where; callers see only what became of them.
package protocol Executor: Sendable {
    /// Runs one step to its end. Never throws: whatever goes wrong is an outcome.
    ///
    /// Cancelling the Swift task cancels the step; every process of the step is dead before
    /// `.cancelled` is returned. A step that has already ended keeps its outcome.
    ///
    /// - Parameter onEvent: called in the order of the events, never at the same time twice for one
    ///   step, and not after this function has returned. It must not block.
    func run(
        _ order: StepOrder, onEvent: @escaping @Sendable (WorkerEvent) -> Void
    ) async -> StepOutcome
}
