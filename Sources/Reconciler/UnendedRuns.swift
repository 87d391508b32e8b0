import StateStore
import Synchronization

extension RunFailure {
    static let unrecorded = RunFailure(
        class: "interrupted", code: "Interrupted", message: "its end could not be recorded")
}

/// Runs that have ended, and whose end could not be recorded when it came: the disk was full.
final class UnendedRuns: Sendable {
    private let ids = Mutex<Set<String>>([])

    var all: [String] { ids.withLock { $0.sorted() } }

    func add(_ id: String) { ids.withLock { _ = $0.insert(id) } }

    func remove(_ id: String) { ids.withLock { _ = $0.remove(id) } }
}
