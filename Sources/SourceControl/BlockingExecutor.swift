import Dispatch

/// Runs an actor's code on its own queue: libgit2 blocks on files and has no asynchronous form, and
/// must not hold threads of the cooperative pool. One at a time and in order, so that a repository
/// object, which libgit2 does not allow two threads to use at once, is safe as actor state.
final class BlockingExecutor: SerialExecutor {
    private let queue: DispatchQueue

    init(label: String) {
        queue = DispatchQueue(label: label)
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let unowned = UnownedJob(job)
        queue.async {
            unowned.runSynchronously(on: self.asUnownedSerialExecutor())
        }
    }
}
