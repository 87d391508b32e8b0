import GRDB
import Synchronization

/// The simulated form of state.sqlite: the same tables and the same statements, in memory. It
/// outlives the stores that are opened on it, as a file outlives a crash: what was committed stays,
/// what was not is gone.
package final class MemoryDatabase: Sendable {
    let queue: DatabaseQueue
    private let lock = Mutex(Lock())

    private struct Lock: Sendable {
        /// Of locks given so far.
        var count: UInt64 = 0
        var holder: UInt64?
    }

    package init() throws(StateStoreError) {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = true
        configuration.label = "ingot.memory"
        let settings = configuration
        queue = try DatabaseOpening.translating(":memory:") {
            let queue = try DatabaseQueue(configuration: settings)
            try Schema.migrator.migrate(queue)
            return queue
        }
    }

    /// Takes the lock away from whoever holds it, as when its holder is paused and the lock's time
    /// runs out. The holder does not notice; the next writer can open.
    package func dropLock() {
        lock.withLock { $0.holder = nil }
    }

    /// Rows that were ever written, in whatever transaction.
    package var changes: Int {
        queue.unsafeReentrantRead { $0.totalChangesCount }
    }

    /// Nil if another writer holds it.
    func tryLock() -> MemoryLock? {
        let number: UInt64? = lock.withLock { lock in
            guard lock.holder == nil else { return nil }
            lock.count += 1
            lock.holder = lock.count
            return lock.count
        }
        return number.map { MemoryLock(self, number: $0) }
    }

    func release(_ number: UInt64) {
        lock.withLock { lock in
            if lock.holder == number { lock.holder = nil }
        }
    }
}
