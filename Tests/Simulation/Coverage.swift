import Synchronization

/// How often something met something else: a fault an operation, for example. A simulation that
/// never met what it was made for proves nothing.
package final class Coverage: Sendable {
    private let counts = Mutex<[String: Int]>([:])

    package init() {}

    package func note(_ what: String, _ where_: String) { note("\(what) × \(where_)") }

    package func note(_ meeting: String) {
        counts.withLock { $0[meeting, default: 0] += 1 }
    }

    package func add(_ other: Coverage) {
        let more = other.all
        counts.withLock { $0.merge(more, uniquingKeysWith: +) }
    }

    package var all: [String: Int] { counts.withLock { $0 } }

    /// Those of the declared meetings that never took place, sorted.
    package func missing(from declared: [String]) -> [String] {
        let found = all
        return declared.filter { found[$0, default: 0] == 0 }.sorted()
    }

    /// One line for each meeting, sorted.
    package var report: String {
        all.sorted { $0.key < $1.key }.map { "\($0.value)\t\($0.key)" }.joined(separator: "\n")
    }
}
