import CLibGit2
import ResourceAPI

/// Compares two trees and goes down only where they differ: equal ids are equal content.
struct TreeDifferences {
    private let handle: GitHandle
    private let suffixes: [String]
    private(set) var changes: [FileChange] = []
    private var entries = 0

    init(handle: GitHandle, suffixes: [String]) {
        self.handle = handle
        self.suffixes = suffixes
    }

    /// - Parameter old: nil is an empty tree.
    mutating func compare(
        _ old: git_oid?, _ new: git_oid, under folder: RepositoryPath
    ) throws(SourceControlError) {
        let names = folder.bytes.split(separator: UInt8(ascii: "/")).map { Array($0) }
        try descend(old, new, at: RepositoryPath(bytes: []), names[...])
    }

    private mutating func descend(
        _ old: git_oid?, _ new: git_oid?, at path: RepositoryPath, _ names: ArraySlice<[UInt8]>
    ) throws(SourceControlError) {
        guard let name = names.first else {
            return try compareTrees(old, new, at: path, depth: 0)
        }
        let before = try old.map { oid throws(SourceControlError) in try open(oid, at: path) }
        defer { before?.free() }
        let after = try new.map { oid throws(SourceControlError) in try open(oid, at: path) }
        defer { after?.free() }
        let pair = (before?.entry(named: name), after?.entry(named: name))
        if let one = pair.0, let two = pair.1, one.isSame(as: two) {
            guard one.mode == .tree else { return }
        }
        let child = path.appending(name)
        // What stands where a folder should be is told of, not followed.
        let isLast = names.count == 1
        let files = (Self.leaf(pair.0, isWanted: isLast), Self.leaf(pair.1, isWanted: isLast))
        note(files.0, files.1, at: child)
        try descend(Self.tree(pair.0), Self.tree(pair.1), at: child, names.dropFirst())
    }

    private static func tree(_ entry: TreeEntry?) -> git_oid? {
        guard let entry, entry.mode == .tree else { return nil }
        return entry.oid
    }

    private static func leaf(_ entry: TreeEntry?, isWanted: Bool) -> TreeEntry? {
        guard let entry, entry.mode != .tree else { return nil }
        return isWanted || !entry.mode.isRegular ? entry : nil
    }

    private mutating func open(
        _ oid: git_oid, at path: RepositoryPath
    ) throws(SourceControlError) -> CheckedTree {
        try GitHandle.checkCancellation()
        let tree = try CheckedTree(handle, oid, at: path)
        entries += tree.count
        guard entries <= TreeLimit.entries else {
            tree.free()
            throw SourceControlError.treeTooLarge(limit: TreeLimit.entries)
        }
        return tree
    }

    private mutating func compareTrees(
        _ old: git_oid?, _ new: git_oid?, at path: RepositoryPath, depth: Int
    ) throws(SourceControlError) {
        if let old, let new, old.bytes == new.bytes { return }
        guard depth < TreeLimit.depth else {
            throw SourceControlError.treeTooDeep(path: path, limit: TreeLimit.depth)
        }
        let before = try old.map { oid throws(SourceControlError) in try open(oid, at: path) }
        defer { before?.free() }
        let after = try new.map { oid throws(SourceControlError) in try open(oid, at: path) }
        defer { after?.free() }
        var left = 0
        var right = 0
        while true {
            let (one, two) = (before?[left], after?[right])
            let order: Int32
            switch (one, two) {
            case (nil, nil): return
            case (_?, nil): order = -1
            case (nil, _?): order = 1
            case (let one?, let two?): order = one.order(two)
            }
            if order <= 0 { left += 1 }
            if order >= 0 { right += 1 }
            try compareEntries(
                order <= 0 ? one : nil, order >= 0 ? two : nil, in: path, depth: depth)
        }
    }

    private mutating func compareEntries(
        _ old: TreeEntry?, _ new: TreeEntry?, in folder: RepositoryPath, depth: Int
    ) throws(SourceControlError) {
        if let old, let new, old.isSame(as: new) { return }
        guard let some = new ?? old else { return }
        let name = some.name
        let path = folder.appending(name)
        if some.mode == .tree, !TreeEntryName.isUnsafe(name) {
            try compareTrees(Self.tree(old), Self.tree(new), at: path, depth: depth + 1)
        } else {
            note(old, new, at: path)
        }
    }

    /// Whatever is no regular file is told of under any name, as in a listing.
    private mutating func note(_ old: TreeEntry?, _ new: TreeEntry?, at path: RepositoryPath) {
        guard old != nil || new != nil else { return }
        if let old, let new, old.isSame(as: new) { return }
        let isRegular = [old, new].allSatisfy { $0?.mode.isRegular ?? true }
        guard
            !isRegular || suffixes.isEmpty || suffixes.contains(where: { path.hasSuffix($0) })
        else { return }
        let kind: FileChange.Kind =
            switch (old?.mode, new?.mode) {
            case (nil, _): .added
            case (_, nil): .deleted
            case (let one?, let two?) where one.isRegular && two.isRegular || one == two: .modified
            default: .typeChanged
            }
        changes.append(FileChange(path: path, kind: kind, blob: Self.blob(new, at: path)))
    }

    private static func blob(_ entry: TreeEntry?, at path: RepositoryPath) -> BlobID? {
        guard let entry, entry.mode.isRegular, path.isContained,
            !TreeEntryName.isUnsafe(entry.name)
        else { return nil }
        return BlobID(entry.oid)
    }
}

extension GitHandle {
    func changedFiles(
        from old: CommitID?, to new: CommitID, under folder: RepositoryPath,
        matching suffixes: [String]
    ) throws(SourceControlError) -> [FileChange] {
        var differences = TreeDifferences(handle: self, suffixes: suffixes)
        let before = try old.map { old throws(SourceControlError) in try treeID(of: old) }
        try differences.compare(before, try treeID(of: new), under: folder)
        return differences.changes.sorted { $0.path < $1.path }
    }
}
