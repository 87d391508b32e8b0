import GRDB
import Synchronization

/// The records of a state directory: what ran, what came of it, which versions and stages there
/// are, what is served, what happened.
///
/// Each operation is one transaction, durable when it returns, and goes through even if the task
/// that asked for it is cancelled meanwhile. One process writes (`openWriter`, which holds a lock);
/// any number read (`openReader`) at the same time.
package final class StateStore: Sendable {
    package let directory: StateDirectory
    package let artifacts: ArtifactStore
    /// Milliseconds since 1970.
    let clock: @Sendable () -> Int64
    /// Makes the id of a run that begins now.
    let runID: @Sendable (Int64) -> String
    private let database: DatabaseQueue
    private let isMemory: Bool
    /// Whether this process may write: whether it held the lock when it opened.
    package let isWriter: Bool
    /// Number of this writer, larger than those of all before it; 0 in a reader.
    package let epoch: Int64
    private let faults: (any TransactionFaults)?
    /// Calls are queued under this lock, so that none comes after the closing: GRDB would trap.
    private let access: Mutex<Access>

    private struct Access: Sendable {
        var isOpen = true
        /// Nil in a reader, and once closed.
        var lock: (any WriterLock)?
    }

    init(
        _ opened: Opened, artifacts: ArtifactStore, clock: @escaping @Sendable () -> Int64,
        runID: @escaping @Sendable (Int64) -> String = { _ in "" }, epoch: Int64 = 0,
        faults: (any TransactionFaults)? = nil
    ) {
        directory = opened.directory
        self.artifacts = artifacts
        database = opened.database
        isMemory = opened.isMemory
        isWriter = opened.lock != nil
        access = Mutex(Access(lock: opened.lock))
        self.clock = clock
        self.runID = runID
        self.epoch = epoch
        self.faults = faults
    }

    /// Writes the rest of SQLite's log into the database and lets go of the lock, in this order, so
    /// that the next writer can open. To be called before another one is opened in this process;
    /// the end of the process does as well. Every call after it is an error.
    package func close() async throws(StateStoreError) {
        let wasOpen = access.withLock { access in
            defer { access.isOpen = false }
            return access.isOpen
        }
        guard wasOpen else { return }
        if !isMemory {
            let database = database
            let path = directory.databasePath
            try await BlockingQueue(label: "ingot.close").run { () throws(StateStoreError) in
                try DatabaseOpening.translating(path) { try database.close() }
            }
        }
        access.withLock { $0.lock = nil }
    }

    /// One transaction, of the newest writer only. Not GRDB's own async methods: those stop when the
    /// task is cancelled, and the end of a cancelled step must still be recorded.
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StateStoreError) -> Value {
        guard isWriter else { throw .readOnly }
        let (own, faults) = (epoch, faults)
        let transaction: @Sendable (Database) throws -> Value = { database in
            try faults?.reach(.begin)
            try Fencing.check(database, own: own)
            let value = try body(database)
            try faults?.reach(.beforeCommit)
            return value
        }
        return try await call { database in
            let value = try database.write(transaction)
            try faults?.reach(.afterCommit)
            return value
        } queue: { database, waiting in
            database.asyncWrite(transaction) { _, result in
                let outcome = Result {
                    let value = try result.get()
                    try faults?.reach(.afterCommit)
                    return value
                }
                waiting.resume(returning: outcome)
            }
        }
    }

    /// One consistent view of the database.
    ///
    /// Not GRDB's own safe reads: they switch `PRAGMA query_only` on and off, and each switch has
    /// SQLite compile every prepared statement of the connection anew, which took longer than the
    /// reads themselves. Readers open the file read-only anyway.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StateStoreError) -> Value {
        let view: @Sendable (Database) throws -> Value = { database in
            try database.beginTransaction(.deferred)
            defer { try? database.commit() }
            return try body(database)
        }
        return try await call { database in
            try database.unsafeRead(view)
        } queue: { database, waiting in
            database.asyncUnsafeRead { database in
                waiting.resume(returning: Result { try view(database.get()) })
            }
        }
    }

    private typealias Waiting<Value> = CheckedContinuation<Result<Value, any Error>, Never>

    /// - Parameters:
    ///   - here: for a database in memory, which has nothing to wait for.
    ///   - queue: for a file, away from the cooperative pool.
    private func call<Value: Sendable>(
        here: (DatabaseQueue) throws -> Value,
        queue: (DatabaseQueue, Waiting<Value>) -> Void
    ) async throws(StateStoreError) -> Value {
        let path = directory.databasePath
        if isMemory {
            guard access.withLock({ $0.isOpen }) else { throw .closed }
            return try DatabaseOpening.translating(path) { try here(database) }
        }
        let result: Result<Value, any Error> = await withCheckedContinuation { waiting in
            let isOpen = access.withLock { access in
                if access.isOpen { queue(database, waiting) }
                return access.isOpen
            }
            if !isOpen { waiting.resume(returning: .failure(StateStoreError.closed)) }
        }
        return try DatabaseOpening.translating(path) { try result.get() }
    }
}
