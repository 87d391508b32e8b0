import CLibGit2
import ResourceAPI

/// Looks whether everything that a fetched commit needs has arrived: a server may send a pack that
/// is well-formed and lacks something. Commits that a reference already keeps were checked when they
/// came; the walk stops there.
struct ClosureCheck {
    private static let maxDepth = 128

    private let mirror: GitHandle

    init(_ mirror: GitHandle) {
        self.mirror = mirror
    }

    /// - Throws: `missingObject`, which names what is absent.
    func check(_ tip: CommitID) throws(SourceControlError) {
        let database = try mirror.database()
        defer { git_odb_free(database) }
        let known = Set(try mirror.keptCommits())
        var seen: Set<[UInt8]> = []
        var checked: Set<[UInt8]> = []
        var stack = [tip]
        while let commit = stack.popLast() {
            guard !known.contains(commit), seen.insert(commit.bytes).inserted else { continue }
            let parents = try mirror.commit(commit).parents
            try checkTree(try mirror.treeID(of: commit), database, &checked, depth: 0)
            stack += parents
        }
    }

    private func checkTree(
        _ oid: git_oid, _ database: OpaquePointer, _ checked: inout Set<[UInt8]>, depth: Int
    ) throws(SourceControlError) {
        guard checked.insert(oid.bytes).inserted else { return }
        guard depth < Self.maxDepth else {
            throw SourceControlError.treeTooDeep(
                path: RepositoryPath(bytes: []), limit: Self.maxDepth)
        }
        let tree = try mirror.lookUpTree(oid)
        defer { git_tree_free(tree) }
        for index in 0..<git_tree_entrycount(tree) {
            guard let entry = git_tree_entry_byindex(tree, index),
                var child = git_tree_entry_id(entry)?.pointee
            else { continue }
            switch git_tree_entry_type(entry) {
            case GIT_OBJECT_TREE: try checkTree(child, database, &checked, depth: depth + 1)
            case GIT_OBJECT_BLOB:
                guard checked.insert(child.bytes).inserted else { continue }
                guard git_odb_exists(database, &child) == 1 else {
                    throw SourceControlError.missingObject(kind: "file content", id: child.hex)
                }
            default: continue
            }
        }
    }
}

extension GitHandle {
    /// The commits under `refs/ingot/seen/`.
    func keptCommits() throws(SourceControlError) -> [CommitID] {
        let iterator = try LibGit2.acquire("list the kept commits") {
            git_reference_iterator_glob_new(&$0, pointer, Self.seenFolder + "*")
        }
        defer { git_reference_iterator_free(iterator) }
        var commits: [CommitID] = []
        while true {
            var name: UnsafePointer<CChar>?
            let code = git_reference_next_name(&name, iterator)
            if code == GIT_ITEROVER.rawValue { return commits }
            try LibGit2.check(code, "list the kept commits")
            guard let name else { continue }
            let hex = String(String(cString: name).dropFirst(Self.seenFolder.count))
            if let commit = CommitID(hex) { commits.append(commit) }
        }
    }
}
