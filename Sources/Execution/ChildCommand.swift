import Subprocess
import Synchronization
import SystemPackage

/// A short-lived command whose output is read line by line, such as pip.
struct ChildCommand: Sendable {
    let program: Executable
    let arguments: [String]
    /// The whole environment.
    let environment: [String: String]
    let deadline: Duration

    struct Result: Sendable {
        let isSuccess: Bool
        /// `ended with exit code 1`, `was stopped after 1800 s`.
        let ending: String
        /// The last lines of standard output and standard error together.
        let tail: [String]
    }

    /// Runs the command to its end. Cancelling the task kills it.
    ///
    /// - Throws: `SubprocessError`, if it cannot be started.
    func run(
        clock: any Clock<Duration>, onLine: @escaping @Sendable (String) -> Void
    ) async throws -> Result {
        let isOverdue = Mutex(false)
        let tail = Mutex(OutputTail())
        let task = Task {
            try await Subprocess.run(
                program, arguments: Arguments(arguments),
                environment: WorkerEnvironment.environment(environment), input: .none,
                output: .sequence, error: .combinedWithOutput
            ) { execution in
                for try await buffer in execution.standardOutput {
                    let bytes = buffer.withUnsafeBytes { Array($0) }
                    for line in tail.withLock({ $0.append(bytes) }) { onLine(line) }
                }
                for line in tail.withLock({ $0.finish() }) { onLine(line) }
            }.terminationStatus
        }
        let timer = Task {
            try await clock.sleep(for: deadline)
            isOverdue.withLock { $0 = true }
            task.cancel()
        }
        defer { timer.cancel() }
        let status = await withTaskCancellationHandler {
            await task.result
        } onCancel: {
            task.cancel()
        }
        let lines = tail.withLock { $0.lines }
        try Task.checkCancellation()
        if isOverdue.withLock({ $0 }) {
            let seconds = deadline.components.seconds
            return Result(isSuccess: false, ending: "was stopped after \(seconds) s", tail: lines)
        }
        let ending = try status.get()
        return Result(isSuccess: ending == .exited(0), ending: ending.phrase, tail: lines)
    }
}
