import Reconciler
import Synchronization

/// Why the newest commit is not followed, kept for `ingot status`.
final class TroubleNote: Sendable {
    private let last = Mutex<String?>(nil)

    /// - Returns: whether it is another trouble than before.
    func tell(_ text: String, in stateDirectory: String) -> Bool {
        // On a full disk the log has it still.
        try? RunFile.writeTrouble(text, in: stateDirectory)
        return last.withLock { last in
            defer { last = text }
            return last != text
        }
    }

    func clear(in stateDirectory: String) {
        last.withLock { $0 = nil }
        RunFile.clearTrouble(in: stateDirectory)
    }
}
