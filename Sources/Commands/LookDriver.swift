import Reconciler
import Synchronization

/// Has the repository looked at whenever somebody asks: one look at a time, and no asking is lost.
final class LookDriver: Sendable {
    private let signal = Mutex(LookSignal())
    private let wakes: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation

    init() {
        (wakes, wake) = AsyncStream.makeStream(of: Void.self)
    }

    func notify() {
        if signal.withLock({ $0.notify() }) { wake.yield() }
    }

    /// Until the task is cancelled, or `look` throws.
    func run(_ look: () async throws -> Void) async throws {
        for await _ in wakes {
            repeat { try await look() } while signal.withLock { $0.finished() }
        }
    }
}
