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
    /// Whether this process may write: whether it holds the lock.
    package let isWriter: Bool
    /// Calls are queued under this lock, so that none comes after the closing: GRDB would trap.
    private let access: Mutex<Access>

    private struct Access: Sendable {
        var isOpen = true
        /// Nil in a reader, and once closed.
        var lock: StateLock?
    }

    private init(
        directory: StateDirectory, artifacts: ArtifactStore, database: DatabaseQueue,
        lock: StateLock?, clock: @escaping @Sendable () -> Int64,
        runID: @escaping @Sendable (Int64) -> String
    ) {
        self.directory = directory
        self.artifacts = artifacts
        self.database = database
        isWriter = lock != nil
        access = Mutex(Access(lock: lock))
        self.clock = clock
        self.runID = runID
    }

    /// Opens the state for writing, makes it if there is none, brings it up to date if it is of an
    /// older Ingot, and sweeps half-written artifacts. Call `abandonRunningRuns` next.
    ///
    /// - Parameters:
    ///   - directory: absolute path; made if its parent exists.
    ///   - clock: milliseconds since 1970.
    package static func openWriter(
        directory path: String, clock: @escaping @Sendable () -> Int64,
        runID: @escaping @Sendable (Int64) -> String = RunID.make,
        fileSystem: any FileSystem = LocalFileSystem()
    ) async throws(StateStoreError) -> StateStore {
        let directory = StateDirectory(path: path)
        let opening = BlockingQueue(label: "ingot.open")
        let (lock, database) = try await opening.run {
            () throws(StateStoreError) -> (StateLock, DatabaseQueue) in
            do throws(FileSystemError) {
                try LocalFileSystem().createDirectory(path)
            } catch {
                throw .directoryUnusable(
                    path: path, problem: StateStoreError.text(of: error.code))
            }
            let lock = try StateLock(directory)
            return (lock, try DatabaseOpening(path: directory.databasePath).writer())
        }
        let artifacts = ArtifactStore(root: directory.storePath, fileSystem: fileSystem)
        try await artifacts.prepare()
        try await artifacts.sweepTemporary()
        return StateStore(
            directory: directory, artifacts: artifacts, database: database, lock: lock,
            clock: clock, runID: runID)
    }

    /// Opens the state for reading, beside a writer or without one. Never writes.
    package static func openReader(
        directory path: String
    ) async throws(StateStoreError) -> StateStore {
        let directory = StateDirectory(path: path)
        let opening = BlockingQueue(label: "ingot.open")
        let database = try await opening.run { () throws(StateStoreError) -> DatabaseQueue in
            let opening = DatabaseOpening(path: directory.databasePath)
            guard try opening.exists() else { throw .stateMissing(directory: path) }
            return try opening.reader()
        }
        return StateStore(
            directory: directory, artifacts: ArtifactStore(root: directory.storePath),
            database: database, lock: nil, clock: { 0 }, runID: { _ in "" })
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
        let database = database
        let path = directory.databasePath
        try await BlockingQueue(label: "ingot.close").run { () throws(StateStoreError) in
            try DatabaseOpening.translating(path) { try database.close() }
        }
        access.withLock { $0.lock = nil }
    }

    /// One transaction. Not GRDB's own async methods: those stop when the task is cancelled, and
    /// the end of a cancelled step must still be recorded.
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StateStoreError) -> Value {
        guard isWriter else { throw .readOnly }
        let result: Result<Value, any Error> = await withCheckedContinuation { waiting in
            queue(waiting) { database in
                database.asyncWrite(body) { _, result in waiting.resume(returning: result) }
            }
        }
        return try DatabaseOpening.translating(directory.databasePath) { try result.get() }
    }

    /// One consistent view of the database.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StateStoreError) -> Value {
        let result: Result<Value, any Error> = await withCheckedContinuation { waiting in
            queue(waiting) { database in
                database.asyncRead { database in
                    waiting.resume(returning: Result { try body(try database.get()) })
                }
            }
        }
        return try DatabaseOpening.translating(directory.databasePath) { try result.get() }
    }

    private func queue<Value: Sendable>(
        _ waiting: CheckedContinuation<Result<Value, any Error>, Never>,
        _ call: (DatabaseQueue) -> Void
    ) {
        let isOpen = access.withLock { access in
            if access.isOpen { call(database) }
            return access.isOpen
        }
        if !isOpen { waiting.resume(returning: .failure(StateStoreError.closed)) }
    }
}

/// Identities of runs: 11 hex digits of milliseconds since 1970 and 8 random ones, so that they
/// sort by time.
package enum RunID {
    package static func make(_ milliseconds: Int64) -> String {
        digits(UInt64(clamping: milliseconds), count: 11)
            + digits(UInt64(UInt32.random(in: .min ... .max)), count: 8)
    }

    private static func digits(_ value: UInt64, count: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
    }
}
