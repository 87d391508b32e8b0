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
    static let maxDepth = 64
    static let maxEntries = 2_000_000

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
        guard depth < Self.maxDepth else {
            throw SourceControlError.treeTooDeep(path: path, limit: Self.maxDepth)
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

    private struct Entry {
        enum Mode {
            case tree, file, executable, link, commit, unknown
        }

        let name: [UInt8]
        let mode: Mode
        let oid: git_oid

        /// As git compares names: a folder's ends in a slash.
        func precedes(_ other: Entry) -> Bool {
            let slash = UInt8(ascii: "/")
            let mine = mode == .tree ? name + [slash] : name
            let others = other.mode == .tree ? other.name + [slash] : other.name
            return mine.lexicographicallyPrecedes(others)
        }
    }

    /// A tree's entries, after checking that they are sorted and unique: two readers of a tree that is
    /// not could see different files in it.
    private mutating func entries(
        of tree: git_oid, at path: RepositoryPath
    ) throws(SourceControlError) -> [Entry] {
        let pointer = try handle.lookUpTree(tree)
        defer { git_tree_free(pointer) }
        let count = git_tree_entrycount(pointer)
        entries += count
        guard entries <= Self.maxEntries else {
            throw SourceControlError.treeTooLarge(limit: Self.maxEntries)
        }
        var result: [Entry] = []
        result.reserveCapacity(count)
        var names = Set<[UInt8]>(minimumCapacity: count)
        for index in 0..<count {
            guard let raw = git_tree_entry_byindex(pointer, index), let entry = Self.entry(raw)
            else { continue }
            guard names.insert(entry.name).inserted else {
                throw SourceControlError.corruptTree(path: path, problem: "a name occurs twice")
            }
            if let last = result.last, !last.precedes(entry) {
                throw SourceControlError.corruptTree(path: path, problem: "it is not sorted")
            }
            result.append(entry)
        }
        return result
    }

    private static func entry(_ raw: OpaquePointer) -> Entry? {
        guard let text = git_tree_entry_name(raw), let oid = git_tree_entry_id(raw)?.pointee else {
            return nil
        }
        let name = UnsafeRawBufferPointer(start: text, count: strlen(text))
        let mode: Entry.Mode =
            switch UInt32(git_tree_entry_filemode_raw(raw).rawValue) {
            case 0o040000: .tree
            case 0o100644, 0o100664: .file
            case 0o100755: .executable
            case 0o120000: .link
            case 0o160000: .commit
            default: .unknown
            }
        return Entry(name: Array(name), mode: mode, oid: oid)
    }
}
