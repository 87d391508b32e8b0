import GRDB
package import ResourceAPI

/// What tells whether a file outside the repository has changed since it was hashed.
package struct SourceFileStamp: Hashable, Sendable {
    package let device: UInt64
    package let inode: UInt64
    package let size: Int64
    /// Nanoseconds since 1970.
    package let modifiedAt: Int64
    package init(device: UInt64, inode: UInt64, size: Int64, modifiedAt: Int64) {
        self.device = device
        self.inode = inode
        self.size = size
        self.modifiedAt = modifiedAt
    }
}

extension StateStore {
    /// The digest of a file (absolute path) if it was remembered with this very stamp.
    package func sourceDigest(
        path: String, stamp: SourceFileStamp
    ) async throws(StateStoreError) -> Digest? {
        try await read { database in
            try database.record(
                "source_files",
                """
                SELECT digest FROM source_files
                WHERE path = ? AND device = ? AND inode = ? AND size = ? AND mtime_ns = ?
                """, arguments(path, stamp)
            )?.value("digest")
        }
    }

    package func rememberSource(
        path: String, stamp: SourceFileStamp, digest: Digest
    ) async throws(StateStoreError) {
        try await write { database in
            try database.change(
                "INSERT OR REPLACE INTO source_files VALUES (?, ?, ?, ?, ?, ?)",
                arguments(path, stamp) + [digest])
        }
    }
}

/// SQLite's integers are signed; a device or inode number keeps its bits.
private func arguments(_ path: String, _ stamp: SourceFileStamp) -> StatementArguments {
    [
        path, Int64(bitPattern: stamp.device), Int64(bitPattern: stamp.inode), stamp.size,
        stamp.modifiedAt,
    ]
}
