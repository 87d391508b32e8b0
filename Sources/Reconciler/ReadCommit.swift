import Manifests
import ResourceAPI
import SourceControl

/// The manifest files of a commit, parsed, and which of them differ from the commit before.
struct ReadCommit: Sendable {
    static let suffixes = [".yaml", ".yml"]

    private let root: RepositoryPath
    /// Nil before anything was read.
    private(set) var commit: CommitID?
    /// The commit from which this one was read as a difference; nil if it was read whole.
    private(set) var base: CommitID?
    private(set) var changed: Set<RepositoryPath> = []
    private(set) var ignored: [IgnoredEntry] = []
    private(set) var combined: ParsedManifests
    private(set) var blobs: [RepositoryPath: String] = [:]
    private var bytes = 0
    private var files: [RepositoryPath: (entry: TreeFile, parsed: ParsedFile)] = [:]

    init(root: RepositoryPath) {
        self.root = root
        combined = ParsedManifests(resources: [], diagnostics: [], failedFiles: [], invalid: [])
    }

    var hasIgnored: Bool { !ignored.isEmpty }

    func parsed(_ entry: TreeFile) -> ParsedFile? {
        guard let known = files[entry.path], known.entry.blob == entry.blob else { return nil }
        return known.parsed
    }

    func bytes(of path: RepositoryPath) -> [UInt8]? { files[path]?.parsed.file.bytes }

    /// The same commit again.
    func unchanged() -> ReadCommit {
        var next = self
        next.base = commit
        next.changed = []
        return next
    }

    /// - Parameter parsed: every file of `difference.files`.
    mutating func apply(
        _ difference: TreeDifference, of commit: CommitID,
        parsed: [RepositoryPath: ParsedFile]
    ) {
        base = difference.isWhole ? nil : self.commit
        self.commit = commit
        changed = Set(difference.files.map(\.path)).union(difference.removed)
        ignored = difference.ignored
        let old = changed.compactMap { files[$0]?.parsed }
        for path in difference.removed {
            files[path] = nil
            blobs[path] = nil
        }
        var new: [ParsedFile] = []
        for entry in difference.files {
            guard let file = parsed[entry.path] else { continue }
            files[entry.path] = (entry, file)
            blobs[entry.path] = entry.blob.hex
            new.append(file)
        }
        bytes += new.reduce(0) { $0 + $1.file.bytes.count }
        bytes -= old.reduce(0) { $0 + $1.file.bytes.count }
        guard !changed.isEmpty || base == nil else { return }
        if base != nil,
            let next = ManifestParser.recombine(combined, removing: old, adding: new, bytes: bytes)
        {
            combined = next
            return
        }
        combined = ManifestParser.combine(
            files.values.map(\.parsed).sorted { $0.file.path < $1.file.path }, root: root)
    }
}

/// What has to be read to get from one commit's files to another's.
struct TreeDifference: Sendable {
    let files: [TreeFile]
    let removed: [RepositoryPath]
    let ignored: [IgnoredEntry]
    /// `files` are all files.
    let isWhole: Bool

    init(all listing: TreeListing) {
        files = listing.files
        removed = []
        ignored = listing.ignored
        isWhole = true
    }

    init(_ changes: [FileChange]) {
        files = changes.compactMap { change in
            change.blob.map { TreeFile(path: change.path, blob: $0, isExecutable: false) }
        }
        removed = changes.filter { $0.blob == nil }.map(\.path)
        ignored = []
        isWhole = false
    }
}

extension FileChange {
    /// It is, or was, no regular file.
    var needsListing: Bool {
        kind == .typeChanged || (kind != .deleted && blob == nil)
    }
}
