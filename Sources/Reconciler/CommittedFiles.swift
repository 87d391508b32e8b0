import Dispatch
import Planning
import ResourceAPI
import SourceControl
import StateStore

/// Data files in commits: blobs, and the files that git-lfs pointers stand for.
actor CommittedFiles {
    private static let smallBytes = 1 << 20
    private let repository: any Repository
    private let lfs: LFSStore
    private var contents: [BlobID: Content] = [:]
    private var blobs: [Digest: BlobID] = [:]
    private var pointers: [Digest: LFSPointer] = [:]

    private enum Content {
        case bytes(Digest)
        case pointer(LFSPointer)
    }

    init(repository: any Repository, lfs: LFSStore) {
        self.repository = repository
        self.lfs = lfs
    }

    /// Small blobs are read many at a time in memory: that is what makes the first look quick.
    func prepare(_ ids: [BlobID]) async throws {
        var small: [BlobID] = []
        for id in Set(ids) where contents[id] == nil {
            if try await repository.blobSize(id) <= Self.smallBytes { small.append(id) }
        }
        for start in stride(from: 0, to: small.count, by: 64) {
            let part = Array(small[start..<min(start + 64, small.count)])
            let read = try await repository.blobs(part, limit: Self.smallBytes)
            for (id, bytes) in zip(part, read) {
                if let pointer = LFSPointer(bytes) {
                    remember(.pointer(pointer), of: id)
                } else {
                    remember(.bytes(Digest(hashing: bytes)), of: id)
                }
            }
        }
    }

    private func remember(_ content: Content, of blob: BlobID) {
        contents[blob] = content
        switch content {
        case .bytes(let digest): blobs[digest] = blob
        case .pointer(let pointer): pointers[pointer.digest] = pointer
        }
    }

    /// The file that a blob is, or stands for.
    func state(of blob: BlobID, _ path: RepositoryPath) async throws -> SourceFile {
        if contents[blob] == nil {
            remember(.bytes(try await repository.hashBlob(blob).digest), of: blob)
        }
        switch contents[blob] {
        case .bytes(let digest): return .present(digest)
        case .pointer(let pointer):
            guard await lfs.has(pointer) else {
                return .unreadable(
                    ReconcilerError.lfsMissing(path, pointer.digest, bytes: pointer.bytes)
                        .message)
            }
            return .present(pointer.digest)
        case nil: return .unreadable("\(path.display) was not looked at")
        }
    }

    /// A path under which a committed file with this content can be read; nil if none was seen.
    ///
    /// - Parameter copy: where it is put if it is a blob.
    func path(of digest: Digest, _ file: RepositoryPath, copy: String) async throws -> String? {
        if let blob = blobs[digest] {
            _ = try await repository.exportBlob(blob, toFile: copy)
            return copy
        }
        guard let pointer = pointers[digest] else { return nil }
        return try await lfs.checked(pointer, file)
    }
}

/// What git-lfs commits instead of a large file.
struct LFSPointer: Hashable, Sendable {
    private static let bytesMax = 1024
    private static let start = "version https://git-lfs.github.com/spec/v1\n"

    let digest: Digest
    let bytes: Int64

    /// Nil if it is none.
    init?(_ content: [UInt8]) {
        guard content.count <= LFSPointer.bytesMax,
            content.starts(with: LFSPointer.start.utf8)
        else { return nil }
        var fields: [Substring: Substring] = [:]
        for line in String(decoding: content, as: UTF8.self).split(separator: "\n") {
            guard let space = line.firstIndex(of: " ") else { return nil }
            fields[line[..<space]] = line[line.index(after: space)...]
        }
        guard let digest = fields["oid"].flatMap({ Digest(String($0)) }),
            let bytes = fields["size"].flatMap({ Int64($0) }), bytes >= 0
        else { return nil }
        self.digest = digest
        self.bytes = bytes
    }
}

/// The objects that git-lfs has fetched into a repository on this machine.
package struct LFSStore: Sendable {
    private static let queue = DispatchQueue(label: "ingot.lfs")
    /// `lfs/objects` in the repository's folder; nil if there is no such repository.
    private let folder: String?

    /// - Parameter repository: the folder with the repository's objects and refs.
    package init(repository: String?) {
        folder = repository.map { ($0.hasSuffix("/") ? $0 : $0 + "/") + "lfs/objects" }
    }

    private func path(_ pointer: LFSPointer) -> String? {
        let hex = pointer.digest.hex
        return folder.map { "\($0)/\(hex.prefix(2))/\(hex.dropFirst(2).prefix(2))/\(hex)" }
    }

    func has(_ pointer: LFSPointer) async -> Bool {
        guard let path = path(pointer) else { return false }
        return (try? FileHashing.stamp(path))?.size == pointer.bytes
    }

    /// The file's path, if it has the content that it should have.
    func checked(_ pointer: LFSPointer, _ file: RepositoryPath) async throws -> String {
        let error = ReconcilerError.lfsMissing(file, pointer.digest, bytes: pointer.bytes)
        guard let path = path(pointer) else { throw error }
        let found = await withCheckedContinuation { continuation in
            Self.queue.async {
                continuation.resume(returning: try? FileHashing.digest(path))
            }
        }
        guard found == pointer.digest else { throw error }
        return path
    }
}
