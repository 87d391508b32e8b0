import GRDB
import ResourceAPI

/// What a rebuilt database has.
package struct RebuildReport: Hashable, Sendable {
    /// Results that were taken over.
    package let results: Int
    /// Results among them whose files are not whole: their steps run again.
    package let incomplete: Int
    package let versions: Int
    /// Paths of records that could not be used.
    package let unusable: [String]
    /// Where the old database is now; nil if there was none.
    package let movedTo: String?
}

extension StateStore {
    /// Makes a new database from what the store says of its own content: runs, results and versions.
    /// Every artifact is read again. Revisions, stages and what is served follow from git at the next
    /// reconcile; failures are tried again. The old database is moved aside, never deleted. Nobody
    /// else may have the state open.
    ///
    /// A kill at any point leaves the old database, or none (then it is called again), or the new.
    ///
    /// - Parameters:
    ///   - path: of the state directory, absolute.
    ///   - clock: milliseconds since 1970.
    package static func rebuild(
        directory path: String, clock: @escaping @Sendable () -> Int64,
        fileSystem: any FileSystem = LocalFileSystem()
    ) async throws(StateStoreError) -> RebuildReport {
        let directory = StateDirectory(path: path)
        return try await BlockingQueue(label: "ingot.rebuild").run {
            () throws(StateStoreError) -> RebuildReport in
            let blobs = BlobStore(root: directory.storePath, fileSystem: fileSystem)
            let material = try RebuildMaterial(blobs)
            guard !material.results.isEmpty else {
                throw .noRecords(store: directory.storePath)
            }
            let lock = try StateLock(directory)
            defer { withExtendedLifetime(lock) {} }
            let now = clock()
            let swap = DatabaseSwap(directory: directory, now: now)
            try swap.begin()
            let epoch = try EpochFile(blobs: blobs).read()
            let unusable = try DatabaseOpening.translating(swap.newPath) {
                let queue = try DatabaseQueue(path: swap.newPath)
                try Schema.migrator.migrate(queue)
                let unusable = try queue.write { database in
                    try Rebuilding(database: database, now: now).fill(material, epoch: epoch)
                }
                try queue.close()
                return unusable
            }
            return RebuildReport(
                results: material.results.count - unusable.results,
                incomplete: material.results.filter { !$0.isWhole }.count,
                versions: material.versions.count - unusable.versions.count,
                unusable: material.unusable + unusable.versions, movedTo: try swap.commit())
        }
    }
}

/// Puts a new database in the place of another.
private struct DatabaseSwap {
    let directory: StateDirectory
    let now: Int64
    private let fileSystem = LocalFileSystem()

    init(directory: StateDirectory, now: Int64) {
        self.directory = directory
        self.now = now
    }

    var newPath: String { directory.databasePath + ".rebuilding" }

    /// What an earlier, killed call was making is begun anew.
    func begin() throws(StateStoreError) {
        try StateStoreError.translating { () throws(FileSystemError) in
            for suffix in ["", "-wal", "-shm", "-journal"] {
                try fileSystem.remove(newPath + suffix)
            }
        }
    }

    /// SQLite's log goes first: beside another database it would be taken for that one's.
    ///
    /// - Returns: where the old database is now.
    func commit() throws(StateStoreError) -> String? {
        try StateStoreError.translating { () throws(FileSystemError) in
            let path = directory.databasePath
            let aside = "\(path).damaged-\(now)"
            var movedTo: String?
            for suffix in ["-wal", "-shm", ""] {
                guard try fileSystem.status(of: path + suffix) != nil else { continue }
                try fileSystem.rename(path + suffix, to: aside + suffix)
                movedTo = aside
            }
            try fileSystem.synchronizeDirectory(directory.path)
            try fileSystem.rename(newPath, to: path)
            try fileSystem.synchronizeDirectory(directory.path)
            return movedTo
        }
    }
}
