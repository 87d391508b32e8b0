import CLibGit2
import Glibc
import ResourceAPI

extension GitHandle {
    func treeID(of commit: CommitID) throws(SourceControlError) -> git_oid {
        let pointer = try lookUpCommit(commit)
        defer { git_commit_free(pointer) }
        guard let oid = git_commit_tree_id(pointer)?.pointee else {
            throw SourceControlError.missingObject(kind: "commit", id: commit.hex)
        }
        return oid
    }

    func files(
        at commit: CommitID, under folder: RepositoryPath, matching suffixes: [String]
    ) throws(SourceControlError) -> TreeListing {
        var walk = TreeWalk(handle: self, suffixes: suffixes)
        try walk.start(at: try treeID(of: commit), folder: folder)
        return walk.listing
    }

    func file(
        at commit: CommitID, path: RepositoryPath
    ) throws(SourceControlError) -> TreeFile? {
        guard !path.bytes.isEmpty else { return nil }
        return try files(at: commit, under: path, matching: []).files.first { $0.path == path }
    }
}

/// Reads the trees below one folder, entry by entry and as bytes, and trusts none of them.
private struct TreeWalk {
    let handle: GitHandle
    let suffixes: [String]
    var listing = TreeListing()
    private var entries = 0

    init(handle: GitHandle, suffixes: [String]) {
        self.handle = handle
        self.suffixes = suffixes
    }

    /// Goes down to `folder` one name at a time, so that a link on the way is seen.
    mutating func start(at root: git_oid, folder: RepositoryPath) throws(SourceControlError) {
        var tree = root
        var path = RepositoryPath(bytes: [])
        var names = folder.bytes.split(separator: UInt8(ascii: "/"))[...]
        while let name = names.popFirst() {
            path = path.appending(Array(name))
            guard
                let entry = try entries(of: tree, at: path).first(where: { $0.name == Array(name) })
            else { return }
            guard entry.mode == .tree else {
                // A file on the way to the folder means that the folder does not exist.
                if names.isEmpty || entry.mode != .file { add(entry, at: path) }
                return
            }
            tree = entry.oid
        }
        try walk(tree, at: path, depth: 0)
    }

    private mutating func walk(
        _ tree: git_oid, at path: RepositoryPath, depth: Int
    ) throws(SourceControlError) {
        guard depth < TreeLimit.depth else {
            throw SourceControlError.treeTooDeep(path: path, limit: TreeLimit.depth)
        }
        try GitHandle.checkCancellation()
        for entry in try entries(of: tree, at: path) {
            let child = path.appending(entry.name)
            if entry.mode == .tree, !TreeEntryName.isUnsafe(entry.name) {
                try walk(entry.oid, at: child, depth: depth + 1)
            } else {
                add(entry, at: child)
            }
        }
    }

    private mutating func add(_ entry: Entry, at path: RepositoryPath) {
        let isWanted = suffixes.isEmpty || suffixes.contains { path.hasSuffix($0) }
        if TreeEntryName.isUnsafe(entry.name) {
            listing.ignored.append(IgnoredEntry(path: path, reason: .unsafeName))
            return
        }
        switch entry.mode {
        case .link: listing.ignored.append(IgnoredEntry(path: path, reason: .symbolicLink))
        case .commit: listing.ignored.append(IgnoredEntry(path: path, reason: .submodule))
        case .unknown: listing.ignored.append(IgnoredEntry(path: path, reason: .unknownMode))
        case .tree: break
        case .file, .executable:
            guard isWanted else { return }
            guard path.isContained, let blob = BlobID(bytes: entry.oid.bytes) else {
                listing.ignored.append(IgnoredEntry(path: path, reason: .unsafeName))
                return
            }
            listing.files.append(
                TreeFile(path: path, blob: blob, isExecutable: entry.mode == .executable))
        }
    }

    /// A copy, which may outlive its tree.
    private struct Entry {
        let name: [UInt8]
        let mode: TreeEntryMode
        let oid: git_oid

        init(_ entry: TreeEntry) {
            name = entry.name
            mode = entry.mode
            oid = entry.oid
        }
    }

    private mutating func entries(
        of tree: git_oid, at path: RepositoryPath
    ) throws(SourceControlError) -> [Entry] {
        let tree = try CheckedTree(handle, tree, at: path)
        defer { tree.free() }
        entries += tree.count
        guard entries <= TreeLimit.entries else {
            throw SourceControlError.treeTooLarge(limit: TreeLimit.entries)
        }
        return (0..<tree.count).compactMap { tree[$0].map { Entry($0) } }
    }
}

/// Bounds on what is read of one commit.
enum TreeLimit {
    static let depth = 64
    /// Files and folders.
    static let entries = 2_000_000
}
