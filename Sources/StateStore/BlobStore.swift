import Glibc
import ResourceAPI
import Synchronization

/// Immutable files named after their content: `sha256/ab/<62 hex digits>`.
///
/// Every file gets there in the same order: temporary name on the same file system, fsync, check of
/// length and digest, rename, fsync of the folder. An error at any point removes the temporary
/// file; it is never fsynced again.
final class BlobStore: Sendable {
    let root: String
    let fileSystem: any FileSystem
    /// Names temporary files. Only the one writer of a state directory makes any, after a sweep.
    private let temporaryCount = Mutex<UInt64>(0)

    init(root: String, fileSystem: any FileSystem) {
        self.root = root
        self.fileSystem = fileSystem
    }

    private var temporaryFolder: String { root + "/tmp" }
    private var contentFolder: String { root + "/sha256" }

    func path(of digest: Digest) -> String {
        let hex = digest.hex
        return "\(contentFolder)/\(hex.prefix(2))/\(hex.dropFirst(2))"
    }

    /// Makes the folders, all 256 of them, so that publishing need not.
    func prepare() throws(FileSystemError) {
        try fileSystem.createDirectory(root)
        try fileSystem.createDirectory(temporaryFolder)
        let isNew = try fileSystem.status(of: contentFolder + "/ff") == nil
        guard isNew else { return }
        try fileSystem.createDirectory(contentFolder)
        for byte in UInt8.min...UInt8.max {
            try fileSystem.createDirectory(
                "\(contentFolder)/\(Hex.encode(CollectionOfOne(byte)))")
        }
        try fileSystem.synchronizeDirectory(contentFolder)
        try fileSystem.synchronizeDirectory(root)
    }

    /// Removes what a killed writer left half-written.
    ///
    /// - Returns: how many files that were.
    func sweepTemporary() throws(FileSystemError) -> Int {
        let names = try fileSystem.names(in: temporaryFolder)
        for name in names {
            try fileSystem.remove("\(temporaryFolder)/\(String(decoding: name, as: UTF8.self))")
        }
        return names.count
    }

    /// Takes a file over, by renaming it if it is on the same file system. On failure the file may
    /// be gone.
    func ingest(_ path: String, name: String, status: FileStatus) throws(StateStoreError) -> Digest
    {
        try throughTemporary { temporary throws(StateStoreError) in
            try translating { () throws(FileSystemError) in
                do throws(FileSystemError) {
                    try fileSystem.rename(path, to: temporary)
                } catch {
                    guard error.code == EXDEV else { throw error }
                    try fileSystem.copy(path, to: temporary)
                }
            }
            return try seal(temporary, name: name, bytes: status.size)
        }
    }

    func add(_ bytes: [UInt8], name: String) throws(StateStoreError) -> Digest {
        try throughTemporary { temporary throws(StateStoreError) in
            try translating { () throws(FileSystemError) in
                try fileSystem.create(temporary, bytes)
            }
            let expected = Digest(hashing: bytes)
            let digest = try seal(temporary, name: name, bytes: Int64(bytes.count))
            guard digest == expected else {
                throw .notWritten(path: path(of: expected), problem: "it reads back differently")
            }
            return digest
        }
    }

    /// Reads everything back, so a write that was lost or cut short is seen before the rename.
    private func seal(
        _ temporary: String, name: String, bytes: Int64
    ) throws(StateStoreError) -> Digest {
        try translating { () throws(FileSystemError) in
            try fileSystem.protect(temporary)
            try fileSystem.synchronize(temporary)
        }
        let (digest, length) = try content(of: temporary)
        guard length == bytes else {
            throw .outputChanged(name: name, expectedBytes: bytes, bytes: length)
        }
        try translating { () throws(FileSystemError) in
            let target = path(of: digest)
            // Over a file that is there already too: its bytes are the same, unless they rotted.
            try fileSystem.rename(temporary, to: target)
            try fileSystem.synchronizeDirectory(String(target.dropLast(63)))
        }
        return digest
    }

    func content(of path: String) throws(StateStoreError) -> (Digest, Int64) {
        var builder = DigestBuilder()
        var length: Int64 = 0
        try translating { () throws(FileSystemError) in
            try fileSystem.read(path) { piece in
                builder.update(piece)
                length += Int64(piece.count)
            }
        }
        return (builder.finish(), length)
    }

    private func throughTemporary(
        _ body: (String) throws(StateStoreError) -> Digest
    ) throws(StateStoreError) -> Digest {
        let number = temporaryCount.withLock { count in
            count += 1
            return count
        }
        let temporary = "\(temporaryFolder)/\(number)"
        do throws(StateStoreError) {
            return try body(temporary)
        } catch {
            // What cannot be removed now is swept at the next start.
            try? fileSystem.remove(temporary)
            throw error
        }
    }

    private func translating(
        _ body: () throws(FileSystemError) -> Void
    ) throws(StateStoreError) {
        try StateStoreError.translating(body)
    }
}
