import Synchronization

/// Holds the right to write for as long as it lives.
protocol WriterLock: Sendable {}

extension StateLock: WriterLock {}

/// The lock of a database in memory.
final class MemoryLock: WriterLock {
    private let database: MemoryDatabase
    private let number: UInt64

    init(_ database: MemoryDatabase, number: UInt64) {
        self.database = database
        self.number = number
    }

    deinit {
        database.release(number)
    }
}
