import CLibGit2
import Glibc
import ResourceAPI

/// File content.
extension GitHandle {
    /// The most that `exportBlob` writes: libgit2 cannot read packed content in pieces (and could not
    /// verify it if it did), so that the whole of it is in memory for a moment.
    static let maxExportedBytes = 2 << 30
    private static let exportChunk = 1 << 20

    func blobSize(_ id: BlobID) throws(SourceControlError) -> Int {
        let database = try database()
        defer { git_odb_free(database) }
        return try size(of: id, in: database)
    }

    private func size(
        of id: BlobID, in database: OpaquePointer
    ) throws(SourceControlError) -> Int {
        var oid = git_oid(bytes: id.bytes)
        var size = 0
        var kind = GIT_OBJECT_ANY
        let code = git_odb_read_header(&size, &kind, database, &oid)
        guard code != GIT_ENOTFOUND.rawValue, code < 0 || kind == GIT_OBJECT_BLOB else {
            throw SourceControlError.missingObject(kind: "file content", id: id.hex)
        }
        try LibGit2.check(code, "read file content \(id.hex)")
        return size
    }

    func blob(_ id: BlobID, limit: Int) throws(SourceControlError) -> [UInt8] {
        try withBlob(id, limit: limit) { (content) throws(SourceControlError) in Array(content) }
    }

    func blobs(_ ids: [BlobID], limit: Int) throws(SourceControlError) -> [[UInt8]] {
        var result: [[UInt8]] = []
        result.reserveCapacity(ids.count)
        for id in ids {
            try Self.checkCancellation()
            result.append(try blob(id, limit: limit))
        }
        return result
    }

    /// Lends the content, whose SHA-1 libgit2 has checked.
    private func withBlob<Value>(
        _ id: BlobID, limit: Int,
        _ body: (UnsafeRawBufferPointer) throws(SourceControlError) -> Value
    ) throws(SourceControlError) -> Value {
        let database = try database()
        defer { git_odb_free(database) }
        // First the size: content that is too large is not even unpacked.
        let size = try size(of: id, in: database)
        guard size <= limit else {
            throw SourceControlError.blobTooLarge(id: id, size: size, limit: limit)
        }
        var oid = git_oid(bytes: id.bytes)
        let object = try LibGit2.acquire("read file content \(id.hex)") {
            git_odb_read(&$0, database, &oid)
        }
        defer { git_odb_object_free(object) }
        let count = git_odb_object_size(object)
        return try body(
            UnsafeRawBufferPointer(start: git_odb_object_data(object), count: count))
    }

    func hashBlob(_ id: BlobID) throws(SourceControlError) -> ExportedBlob {
        try read(id) { (_) throws(SourceControlError) in }
    }

    func exportBlob(
        _ id: BlobID, toFile path: String
    ) throws(SourceControlError) -> ExportedBlob {
        let file = try NewFile(path)
        do throws(SourceControlError) {
            let blob = try read(id) { (chunk) throws(SourceControlError) in
                try file.write(chunk)
            }
            try file.close()
            return blob
        } catch {
            file.discard()
            throw error
        }
    }

    /// Hands the content on in pieces.
    private func read(
        _ id: BlobID, _ take: (UnsafeRawBufferPointer) throws(SourceControlError) -> Void
    ) throws(SourceControlError) -> ExportedBlob {
        try withBlob(id, limit: Self.maxExportedBytes) { (content) throws(SourceControlError) in
            var digest = DigestBuilder()
            var rest = content[...]
            while !rest.isEmpty {
                try Self.checkCancellation()
                let chunk = UnsafeRawBufferPointer(rebasing: rest.prefix(Self.exportChunk))
                digest.update(chunk)
                try take(chunk)
                rest = rest.dropFirst(chunk.count)
            }
            return ExportedBlob(digest: digest.finish(), size: content.count)
        }
    }
}

/// A file that did not exist before; mode 0600.
private final class NewFile {
    private let path: String
    private var descriptor: Int32

    init(_ path: String) throws(SourceControlError) {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure(path, errno) }
    }

    private static func failure(_ path: String, _ code: Int32) -> SourceControlError {
        .cannotWrite(
            path: path, problem: String(cString: strerror(code)),
            isDiskFull: code == ENOSPC || code == EDQUOT)
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(SourceControlError) {
        var rest = bytes
        while !rest.isEmpty {
            let written = Glibc.write(descriptor, rest.baseAddress, rest.count)
            if written < 0 {
                let code = errno
                if code == EINTR { continue }
                throw Self.failure(path, code)
            }
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(written))
        }
    }

    /// Some file systems report a full disk only here.
    func close() throws(SourceControlError) {
        let closing = descriptor
        descriptor = -1
        guard Glibc.close(closing) == 0 else { throw Self.failure(path, errno) }
    }

    func discard() {
        if descriptor >= 0 { _ = Glibc.close(descriptor) }
        descriptor = -1
        unlink(path)
    }

    deinit {
        if descriptor >= 0 { _ = Glibc.close(descriptor) }
    }
}
