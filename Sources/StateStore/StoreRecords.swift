import GRDB
import ResourceAPI

/// `store/records`: beside the artifacts, what the database says of them, so that it can be made
/// again: `<first two digits>/<fingerprint>.json` for every result and
/// `versions/<model>/<number>.json` for every version. Each is written before the transaction that
/// it tells of.
struct StoreRecords: Sendable {
    let blobs: BlobStore

    private var root: String { blobs.recordsFolder }
    private var versions: String { root + "/versions" }

    private func path(_ fingerprint: Fingerprint) -> (file: String, folder: String) {
        let hex = fingerprint.digest.hex
        let folder = "\(root)/\(hex.prefix(2))"
        return ("\(folder)/\(hex).json", folder)
    }

    func contains(_ fingerprint: Fingerprint) throws(StateStoreError) -> Bool {
        try StateStoreError.translating { () throws(FileSystemError) in
            try blobs.fileSystem.status(of: path(fingerprint).file) != nil
        }
    }

    func write(_ row: StoredRow, of fingerprint: Fingerprint) throws(StateStoreError) {
        let (file, folder) = path(fingerprint)
        try prepare(folder, in: root)
        try blobs.place(row.bytes, at: file, in: folder)
    }

    func write(_ row: StoredRow, model: ResourceName, number: Int) throws(StateStoreError) {
        let folder = "\(versions)/\(model)"
        try prepare(versions, in: root)
        try prepare(folder, in: versions)
        try blobs.place(row.bytes, at: "\(folder)/\(number).json", in: folder)
    }

    private func prepare(_ folder: String, in parent: String) throws(StateStoreError) {
        try StateStoreError.translating { () throws(FileSystemError) in
            guard try blobs.fileSystem.status(of: folder) == nil else { return }
            try blobs.fileSystem.createDirectory(folder)
            try blobs.fileSystem.synchronizeDirectory(parent)
        }
    }

    /// Paths of all records: of results, and of versions. Sorted.
    func list() throws(StateStoreError) -> (results: [String], versions: [String]) {
        try StateStoreError.translating { () throws(FileSystemError) in
            guard try isFolder(root) else { return ([], []) }
            var (results, numbers): ([String], [String]) = ([], [])
            for folder in try paths(in: root) where folder != versions {
                guard try isFolder(folder) else { continue }
                results += try paths(in: folder)
            }
            guard try isFolder(versions) else { return (results, []) }
            for folder in try paths(in: versions) where try isFolder(folder) {
                numbers += try paths(in: folder)
            }
            return (results, numbers)
        }
    }

    private func isFolder(_ path: String) throws(FileSystemError) -> Bool {
        try blobs.fileSystem.status(of: path)?.kind == .directory
    }

    private func paths(in folder: String) throws(FileSystemError) -> [String] {
        try blobs.fileSystem.names(in: folder)
            .map { "\(folder)/\(String(decoding: $0, as: UTF8.self))" }
    }

    /// Nil if the file is not as it was written.
    func read(_ path: String) throws(StateStoreError) -> StoredRow? {
        try StateStoreError.translating { () throws(FileSystemError) in
            let status = try blobs.fileSystem.status(of: path)
            guard let status, status.kind == .file, status.size <= StoredRow.maximumBytes else {
                return nil
            }
            var bytes: [UInt8] = []
            try blobs.fileSystem.read(path) { bytes += $0 }
            return StoredRow(bytes: bytes)
        }
    }
}
