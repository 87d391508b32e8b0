import GRDB

extension StateStore {
    /// Opens the state for writing, makes it if there is none, brings it up to date if it is of an
    /// older Ingot, sweeps half-written artifacts and becomes the newest writer: earlier ones that
    /// still live can write nothing more. Call `abandonRunningRuns` next.
    ///
    /// - Parameters:
    ///   - directory: absolute path; made if its parent exists.
    ///   - clock: milliseconds since 1970.
    package static func openWriter(
        directory path: String, clock: @escaping @Sendable () -> Int64,
        runID: @escaping @Sendable (Int64) -> String = RunID.make,
        fileSystem: any FileSystem = LocalFileSystem(), faults: (any TransactionFaults)? = nil
    ) async throws(StateStoreError) -> StateStore {
        let directory = StateDirectory(path: path)
        let opening = BlockingQueue(label: "ingot.open")
        let (lock, database) = try await opening.run {
            () throws(StateStoreError) -> (StateLock, DatabaseQueue) in
            do throws(FileSystemError) {
                try directory.make(on: LocalFileSystem())
            } catch {
                throw .directoryUnusable(
                    path: path, problem: StateStoreError.text(of: error.code))
            }
            let lock = try StateLock(directory)
            return (lock, try DatabaseOpening(directory: directory).writer())
        }
        return try await openWriter(
            Opened(directory: directory, database: database, isMemory: false, lock: lock),
            clock: clock, runID: runID, fileSystem: fileSystem, faults: faults)
    }

    /// Opens a simulated database for writing.
    ///
    /// - Parameter path: of the state directory. Everything below it is reached through
    ///   `fileSystem`.
    package static func openWriter(
        memory: MemoryDatabase, directory path: String, clock: @escaping @Sendable () -> Int64,
        runID: @escaping @Sendable (Int64) -> String = RunID.make, fileSystem: any FileSystem,
        faults: (any TransactionFaults)? = nil
    ) async throws(StateStoreError) -> StateStore {
        guard let lock = memory.tryLock() else { throw .inUse(directory: path, process: nil) }
        let directory = StateDirectory(path: path)
        try await BlockingQueue.opening(on: fileSystem).run { () throws(StateStoreError) in
            try StateStoreError.translating { () throws(FileSystemError) in
                try directory.make(on: fileSystem)
            }
        }
        return try await openWriter(
            Opened(directory: directory, database: memory.queue, isMemory: true, lock: lock),
            clock: clock, runID: runID, fileSystem: fileSystem, faults: faults)
    }

    /// Opens the state for reading, beside a writer or without one. Never writes.
    package static func openReader(
        directory path: String
    ) async throws(StateStoreError) -> StateStore {
        let directory = StateDirectory(path: path)
        let opening = BlockingQueue(label: "ingot.open")
        let database = try await opening.run { () throws(StateStoreError) -> DatabaseQueue in
            let opening = DatabaseOpening(directory: directory)
            guard try opening.exists() else { throw .stateMissing(directory: path) }
            return try opening.reader()
        }
        return StateStore(
            Opened(directory: directory, database: database, isMemory: false, lock: nil),
            artifacts: ArtifactStore(root: directory.storePath), clock: LocalFileSystem.now)
    }

    /// Opens a simulated database for reading.
    package static func openReader(
        memory: MemoryDatabase, directory path: String, fileSystem: any FileSystem,
        clock: @escaping @Sendable () -> Int64 = { 0 }
    ) -> StateStore {
        let directory = StateDirectory(path: path)
        return StateStore(
            Opened(directory: directory, database: memory.queue, isMemory: true, lock: nil),
            artifacts: ArtifactStore(root: directory.storePath, fileSystem: fileSystem),
            clock: clock)
    }

    private static func openWriter(
        _ opened: Opened, clock: @escaping @Sendable () -> Int64,
        runID: @escaping @Sendable (Int64) -> String, fileSystem: any FileSystem,
        faults: (any TransactionFaults)?
    ) async throws(StateStoreError) -> StateStore {
        let directory = opened.directory
        let (database, path) = (opened.database, directory.databasePath)
        let epoch = try await BlockingQueue.opening(on: fileSystem).run {
            () throws(StateStoreError) -> Int64 in
            let blobs = BlobStore(root: directory.storePath, fileSystem: fileSystem)
            try StateStoreError.translating { () throws(FileSystemError) in
                try blobs.prepare()
                try fileSystem.synchronizeDirectory(directory.path)
                _ = try blobs.sweepTemporary()
            }
            let file = EpochFile(blobs: blobs)
            let stored = try file.read()
            let epoch = try DatabaseOpening.translating(path) {
                let epoch = try database.write { database in
                    try faults?.reach(.begin)
                    let epoch = try Fencing.advance(database, stored: stored)
                    try faults?.reach(.beforeCommit)
                    return epoch
                }
                try faults?.reach(.afterCommit)
                return epoch
            }
            // In this order, so that a kill between the two does not look like an old database.
            try file.write(epoch)
            return epoch
        }
        let artifacts = ArtifactStore(
            root: directory.storePath, fileSystem: fileSystem, temporaryPrefix: "\(epoch)-")
        return StateStore(
            opened, artifacts: artifacts, clock: clock, runID: runID, epoch: epoch,
            faults: faults)
    }
}

extension BlockingQueue {
    fileprivate static func opening(on fileSystem: any FileSystem) -> BlockingQueue {
        fileSystem.mayWait ? BlockingQueue(label: "ingot.open") : .none
    }
}

/// What a store is made of once its database is open.
struct Opened: Sendable {
    let directory: StateDirectory
    let database: DatabaseQueue
    /// It outlives the store.
    let isMemory: Bool
    /// Nil for a reader.
    let lock: (any WriterLock)?
}
