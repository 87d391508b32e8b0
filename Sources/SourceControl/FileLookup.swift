import CLibGit2
import ResourceAPI

extension GitHandle {
    /// Opens every folder once, however many of its files are wanted.
    func files(
        at commit: CommitID, paths: [RepositoryPath]
    ) throws(SourceControlError) -> [RepositoryPath: TreeFile] {
        var lookup = FileLookup(handle: self)
        let names = Set(paths).filter { !$0.bytes.isEmpty }.map { path in
            FileLookup.Wanted(
                path: path,
                names: path.bytes.split(separator: UInt8(ascii: "/")).map { Array($0) }[...])
        }
        try lookup.find(
            names, in: try treeID(of: commit), at: RepositoryPath(bytes: []), depth: 0)
        return lookup.found
    }
}

private struct FileLookup {
    struct Wanted {
        let path: RepositoryPath
        /// What is left of it.
        let names: ArraySlice<[UInt8]>
    }

    let handle: GitHandle
    private(set) var found: [RepositoryPath: TreeFile] = [:]

    init(handle: GitHandle) {
        self.handle = handle
    }

    mutating func find(
        _ wanted: [Wanted], in tree: git_oid, at folder: RepositoryPath, depth: Int
    ) throws(SourceControlError) {
        guard !wanted.isEmpty else { return }
        guard depth < TreeLimit.depth else {
            throw SourceControlError.treeTooDeep(path: folder, limit: TreeLimit.depth)
        }
        try GitHandle.checkCancellation()
        let tree = try CheckedTree(handle, tree, at: folder)
        defer { tree.free() }
        for (name, group) in Dictionary(grouping: wanted, by: { $0.names.first ?? [] }) {
            guard let entry = tree.entry(named: name), !TreeEntryName.isUnsafe(name) else {
                continue
            }
            if entry.mode == .tree {
                let deeper = group.filter { $0.names.count > 1 }.map {
                    Wanted(path: $0.path, names: $0.names.dropFirst())
                }
                try find(deeper, in: entry.oid, at: folder.appending(name), depth: depth + 1)
            } else if entry.mode.isRegular {
                note(entry, group, at: folder.appending(name))
            }
        }
    }

    /// Only under exactly this path: `a//b` and `a/b/` are no names of `a/b`.
    private mutating func note(
        _ entry: TreeEntry, _ group: [Wanted], at path: RepositoryPath
    ) {
        guard path.isContained, group.contains(where: { $0.path == path }) else { return }
        found[path] = TreeFile(
            path: path, blob: BlobID(entry.oid), isExecutable: entry.mode == .executable)
    }
}
