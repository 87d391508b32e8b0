import GRDB
import ResourceAPI

/// Deletes files of the store.
///
/// Whether a record needs a file is asked on the database's own queue, on which every transaction
/// commits, and the file is deleted there and then, while nobody can lease it. So no order of events
/// deletes a file that a committed record needs: its publisher holds a lease until it has committed.
struct GarbageSweep: Sendable {
    struct Deleted: Sendable {
        var files = 0
        var bytes: Int64 = 0
        /// Not deleted, since somebody reads or publishes them.
        var leased: [Digest] = []

        mutating func add(_ other: Deleted) {
            files += other.files
            bytes += other.bytes
            leased += other.leased
        }
    }

    /// Files in one visit to the database's queue.
    private static let batchSize = 200
    let store: StateStore
    private var blobs: BlobStore { store.artifacts.blobs }

    /// Files of collected artifacts, also of an earlier call that was killed.
    func deleteCondemned() async throws(StateStoreError) -> Deleted {
        let condemned: [Digest] = try await store.read { database in
            try database.records("garbage", "SELECT blob FROM garbage ORDER BY blob")
                .map { try $0.value("blob") }
        }
        var all = Deleted()
        var rest = condemned[...]
        while !rest.isEmpty {
            let batch = Array(rest.prefix(Self.batchSize))
            rest = rest.dropFirst(Self.batchSize)
            let deleted = try await delete(batch)
            all.add(deleted)
            // Files that are leased stay condemned.
            let done = Set(batch).subtracting(deleted.leased).sorted()
            guard !done.isEmpty else { continue }
            try await store.write { database in
                for blob in done {
                    try database.change("DELETE FROM garbage WHERE blob = ?", [blob])
                }
            }
        }
        return all
    }

    func deleteOrphans(writtenBefore time: Int64) async throws(StateStoreError) -> Deleted {
        var all = Deleted()
        var rest = try await orphans(writtenBefore: time).map(\.digest)[...]
        while !rest.isEmpty {
            all.add(try await delete(Array(rest.prefix(Self.batchSize))))
            rest = rest.dropFirst(Self.batchSize)
        }
        return all
    }

    /// Durable when it returns.
    private func delete(_ batch: [Digest]) async throws(StateStoreError) -> Deleted {
        let blobs = blobs
        return try await store.read { database in
            var deleted = Deleted()
            var folders: Set<String> = []
            for blob in batch {
                if PlantedMistake.collectWithoutSecondLook.isPlanted {
                    _ = try blobs.remove(blob)
                    continue
                }
                guard try !isNeeded(blob, database) else { continue }
                let removal = try blobs.leases.unlessLeased(blob) { try blobs.remove(blob) }
                guard let removal else {
                    deleted.leased.append(blob)
                    continue
                }
                folders.insert(blobs.folder(of: blob))
                deleted.files += removal == nil ? 0 : 1
                deleted.bytes += removal ?? 0
            }
            for folder in folders.sorted() {
                try StateStoreError.translating { () throws(FileSystemError) in
                    try blobs.fileSystem.synchronizeDirectory(folder)
                }
            }
            return deleted
        }
    }

    /// Files that no record names, sorted by digest.
    func orphans(writtenBefore time: Int64) async throws(StateStoreError) -> [StoredFile] {
        let blobs = blobs
        let onDisk = try await store.artifacts.queue.run { () throws(StateStoreError) in
            try StateStoreError.translating { () throws(FileSystemError) in
                try blobs.inventory().blobs
            }
        }
        let named = try await named()
        return try await store.artifacts.queue.run { () throws(StateStoreError) in
            var orphans: [StoredFile] = []
            for blob in onDisk where !named.contains(blob) {
                let path = blobs.path(of: blob)
                let status = try StateStoreError.translating { () throws(FileSystemError) in
                    try blobs.fileSystem.status(of: path)
                }
                guard let status, status.modifiedAt <= time else { continue }
                orphans.append(StoredFile(path: path, digest: blob, size: status.size))
            }
            return orphans
        }
    }

    /// Bytes of files that only these artifacts have.
    func filesOnlyOf(_ artifacts: Set<Digest>) async throws(StateStoreError) -> Int64 {
        try await store.read { database in
            var bytes: Int64 = 0
            var seen: Set<Digest> = []
            for artifact in artifacts.sorted() {
                for file in try database.records(
                    "artifact_files", "SELECT digest, size FROM artifact_files WHERE artifact = ?",
                    [artifact])
                {
                    let digest: Digest = try file.value("digest")
                    let users = try database.records(
                        "artifact_files",
                        """
                        SELECT f.artifact FROM artifact_files f
                        JOIN artifacts a ON a.digest = f.artifact
                        WHERE f.digest = ? AND a.state <> 'collected'
                        """, [digest]
                    ).map { try $0.value("artifact") as Digest }
                    guard seen.insert(digest).inserted, artifacts.isSuperset(of: users) else {
                        continue
                    }
                    bytes += try file.value("size")
                }
            }
            return bytes
        }
    }

    /// What is left of a damaged artifact may still be served, so it counts.
    private func named() async throws(StateStoreError) -> Set<Digest> {
        try await store.read { database in
            var named: Set<Digest> = []
            let rows = try Row.fetchCursor(
                database,
                sql: """
                    SELECT digest FROM artifacts WHERE state <> 'collected'
                    UNION ALL SELECT f.digest FROM artifact_files f
                        JOIN artifacts a ON a.digest = f.artifact WHERE a.state <> 'collected'
                    UNION ALL SELECT blob FROM garbage
                    """)
            while let row = try rows.next() {
                named.insert(try Record("artifact_files", row).value("digest"))
            }
            return named
        }
    }
}

private func isNeeded(_ blob: Digest, _ database: Database) throws -> Bool {
    try database.record(
        "artifacts",
        """
        SELECT 1 FROM artifacts WHERE digest = ?1 AND state <> 'collected'
        UNION ALL
        SELECT 1 FROM artifact_files f JOIN artifacts a ON a.digest = f.artifact
            WHERE f.digest = ?1 AND a.state <> 'collected'
        LIMIT 1
        """, [blob]) != nil
}

extension BlobStore {
    /// - Returns: how many bytes it had; nil if it was not there.
    fileprivate func remove(_ blob: Digest) throws(StateStoreError) -> Int64? {
        let path = path(of: blob)
        return try StateStoreError.translating { () throws(FileSystemError) in
            guard let status = try fileSystem.status(of: path) else { return nil }
            try fileSystem.remove(path)
            return status.size
        }
    }

    fileprivate func folder(of blob: Digest) -> String { String(path(of: blob).dropLast(63)) }
}
