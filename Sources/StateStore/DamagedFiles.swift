import Glibc
import ResourceAPI

/// `store/damaged`: files whose content was not what their name says, for whoever wants to look at
/// them. Nothing reads them, and they may be deleted at any time.
struct DamagedFiles: Sendable {
    /// Of files that are kept; the oldest content goes first.
    static let maximumFiles = 16
    let blobs: BlobStore

    private var folder: String { blobs.root + "/damaged" }

    /// Moves files there. One that somebody publishes right now, or that was published anew since it
    /// was read, is a good one and stays.
    ///
    /// - Returns: those that were moved, sorted.
    func take(
        _ spoiled: [(blob: Digest, status: FileStatus)]
    ) throws(FileSystemError) -> [Digest] {
        guard !spoiled.isEmpty else { return [] }
        try blobs.fileSystem.createDirectory(folder)
        var moved: [Digest] = []
        for (blob, status) in spoiled where try take(blob, status) { moved.append(blob) }
        try dropOldest()
        return moved.sorted()
    }

    private func take(_ blob: Digest, _ status: FileStatus) throws(FileSystemError) -> Bool {
        let path = blobs.path(of: blob)
        // Publishing leases the digest before its file gets the name, so under the leases' lock the
        // file is either this one or leased.
        let isMoved = blobs.leases.unlessLeased(blob) {
            Result { () throws(FileSystemError) in
                guard try blobs.fileSystem.status(of: path) == status else { return false }
                try blobs.fileSystem.rename(path, to: "\(folder)/\(blob.hex)")
                return true
            }
        }
        return try isMoved?.get() ?? false
    }

    private func dropOldest() throws(FileSystemError) {
        var files: [(path: String, time: Int64)] = []
        for name in try blobs.fileSystem.names(in: folder) {
            let path = "\(folder)/\(String(decoding: name, as: UTF8.self))"
            guard let status = try blobs.fileSystem.status(of: path), status.kind == .file else {
                continue
            }
            files.append((path, status.modifiedAt))
        }
        files.sort { ($0.time, $0.path) < ($1.time, $1.path) }
        for file in files.dropLast(Self.maximumFiles) { try blobs.fileSystem.remove(file.path) }
    }
}

extension FileSystemError {
    /// The file is there, and the disk does not give its bytes.
    var isUnreadableContent: Bool { operation == "read" && code == EIO }
}
