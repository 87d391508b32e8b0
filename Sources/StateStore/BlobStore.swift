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
    let leases = BlobLeases()
    /// Tells the temporary files of this writer from those of one that does not know yet that it is
    /// no longer the writer.
    private let temporaryPrefix: String
    /// Names temporary files. Only the one writer of a state directory makes any, after a sweep.
    private let temporaryCount = Mutex<UInt64>(0)

    init(root: String, fileSystem: any FileSystem, temporaryPrefix: String = "") {
        self.root = root
        self.fileSystem = fileSystem
        self.temporaryPrefix = temporaryPrefix
    }

    private var temporaryFolder: String { root + "/tmp" }
    var contentFolder: String { root + "/sha256" }
    var recordsFolder: String { root + "/records" }

    func path(of digest: Digest) -> String {
        let hex = digest.hex
        return "\(contentFolder)/\(hex.prefix(2))/\(hex.dropFirst(2))"
    }

    /// Makes the folders, all 256 of them, so that publishing need not.
    ///
    /// What a start that was cut off has made may be there and not yet durable, and after a power
    /// loss any of the names may be missing. So every start lists them and syncs the folders that
    /// have them, which costs nothing where nothing has changed.
    func prepare() throws(FileSystemError) {
        for folder in [root, temporaryFolder, recordsFolder, contentFolder] {
            try fileSystem.createDirectory(folder)
        }
        let present = Set(try fileSystem.names(in: contentFolder))
        for byte in UInt8.min...UInt8.max {
            let name = Hex.encode(CollectionOfOne(byte))
            guard !present.contains(Array(name.utf8)) else { continue }
            try fileSystem.createDirectory("\(contentFolder)/\(name)")
        }
        for folder in [contentFolder, recordsFolder, recordsFolder + "/versions", root] {
            guard try fileSystem.status(of: folder) != nil else { continue }
            try fileSystem.synchronizeDirectory(folder)
        }
    }

    /// Removes what a killed writer left half-written.
    ///
    /// - Returns: how many files that were.
    func sweepTemporary() throws(FileSystemError) -> Int {
        if PlantedMistake.keepTemporary.isPlanted { return 0 }
        let names = try fileSystem.names(in: temporaryFolder)
        for name in names {
            try fileSystem.remove("\(temporaryFolder)/\(String(decoding: name, as: UTF8.self))")
        }
        return names.count
    }

    /// Takes a file over, by renaming it if it is on the same file system. On failure the file may
    /// be gone. The caller holds a lease on the result and gives it back.
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

    /// Writes a file under its digest. The caller holds a lease on it and gives it back.
    func add(_ bytes: [UInt8], name: String) throws(StateStoreError) -> Digest {
        let expected = Digest(hashing: bytes)
        return try throughTemporary { temporary throws(StateStoreError) in
            try translating { () throws(FileSystemError) in
                try fileSystem.create(temporary, bytes)
            }
            return try seal(
                temporary, name: name, bytes: Int64(bytes.count), expected: expected)
        }
    }

    /// Writes a file under a name of its own, in the same order; one that is there is replaced.
    func place(
        _ bytes: [UInt8], at path: String, in folder: String
    ) throws(StateStoreError) {
        let expected = Digest(hashing: bytes)
        _ = try throughTemporary { temporary throws(StateStoreError) in
            try translating { () throws(FileSystemError) in
                try fileSystem.create(temporary, bytes)
                try fileSystem.protect(temporary)
                try synchronize(temporary)
            }
            guard try content(of: temporary).0 == expected else {
                throw .notWritten(path: path, problem: "it reads back differently")
            }
            try translating { () throws(FileSystemError) in
                try move(temporary, to: path, in: folder)
            }
            return expected
        }
    }

    /// Reads everything back, so a write that was lost or cut short is seen before the rename.
    private func seal(
        _ temporary: String, name: String, bytes: Int64, expected: Digest? = nil
    ) throws(StateStoreError) -> Digest {
        try translating { () throws(FileSystemError) in
            try fileSystem.protect(temporary)
            if !PlantedMistake.renameBeforeSync.isPlanted { try synchronize(temporary) }
        }
        let digest = try check(temporary, name: name, bytes: bytes, expected: expected)
        leases.take([digest])
        do throws(StateStoreError) {
            try translating { () throws(FileSystemError) in
                let target = path(of: digest)
                // Over a file that is there already too: its bytes are the same, unless they rotted.
                try move(temporary, to: target, in: String(target.dropLast(63)))
            }
        } catch {
            leases.release([digest])
            throw error
        }
        return digest
    }

    private func check(
        _ temporary: String, name: String, bytes: Int64, expected: Digest?
    ) throws(StateStoreError) -> Digest {
        if PlantedMistake.skipDigestCheck.isPlanted, let expected { return expected }
        let (digest, length) = try content(of: temporary)
        guard length == bytes else {
            throw .outputChanged(name: name, expectedBytes: bytes, bytes: length)
        }
        guard digest == expected ?? digest else {
            throw .notWritten(
                path: path(of: expected ?? digest), problem: "it reads back differently")
        }
        return digest
    }

    private func synchronize(_ path: String) throws(FileSystemError) {
        do throws(FileSystemError) {
            try fileSystem.synchronize(path)
        } catch {
            guard PlantedMistake.retryFailedSync.isPlanted else { throw error }
            try fileSystem.synchronize(path)
        }
    }

    private func move(
        _ temporary: String, to target: String, in folder: String
    ) throws(FileSystemError) {
        try fileSystem.rename(temporary, to: target)
        if PlantedMistake.renameBeforeSync.isPlanted { try synchronize(target) }
        if !PlantedMistake.skipDirectorySync.isPlanted {
            try fileSystem.synchronizeDirectory(folder)
        }
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
        let temporary = "\(temporaryFolder)/\(temporaryPrefix)\(number)"
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
