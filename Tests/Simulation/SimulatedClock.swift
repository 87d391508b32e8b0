import Synchronization

/// A clock that stands still until it is told to go on.
package final class SimulatedClock: Sendable {
    private struct Time: Sendable {
        var wall: Int64
        var monotonic: Int64 = 0
    }

    private let time: Mutex<Time>

    /// - Parameter start: milliseconds since 1970.
    package init(start: Int64 = 1_700_000_000_000) {
        time = Mutex(Time(wall: start))
    }

    /// Milliseconds since 1970. May jump, also backwards.
    package var wall: Int64 { time.withLock { $0.wall } }

    /// Milliseconds since the simulation began. Never goes back.
    package var monotonic: Int64 { time.withLock { $0.monotonic } }

    /// - Parameter milliseconds: at least 0.
    package func advance(by milliseconds: Int64) {
        time.withLock { time in
            time.wall += milliseconds
            time.monotonic += milliseconds
        }
    }

    /// Somebody sets the wall clock.
    package func jump(by milliseconds: Int64) {
        time.withLock { $0.wall += milliseconds }
    }
}
