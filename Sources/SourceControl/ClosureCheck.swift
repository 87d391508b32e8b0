import CLibGit2
import ResourceAPI

/// Looks whether everything that a fetched commit needs has arrived: a server may send a pack that
/// is well-formed and lacks something. Commits that a reference already keeps were checked when they
/// came; the walk stops there.
struct ClosureCheck {
    private static let maxDepth = 128

    private let mirror: GitHandle
    private let readsContent: Bool

    /// - Parameter readsContent: read every file's content, too, and check its hash.
    init(_ mirror: GitHandle, readsContent: Bool = false) {
        self.mirror = mirror
        self.readsContent = readsContent
    }

    /// - Throws: `missingObject`, which names what is absent.
    func check(_ tip: CommitID) throws(SourceControlError) {
        try check([tip], known: try mirror.keptCommits())
    }

    /// Everything that the tips contain and the known commits do not.
    func check(_ tips: [CommitID], known: [CommitID]) throws(SourceControlError) {
        let database = try mirror.database()
        defer { git_odb_free(database) }
        var checked: Set<[UInt8]> = []
        for commit in try newCommits(tips, known) {
            try GitHandle.checkCancellation()
            try checkTree(try mirror.treeID(of: commit), database, &checked, depth: 0)
        }
    }

    private func newCommits(
        _ tips: [CommitID], _ known: [CommitID]
    ) throws(SourceControlError) -> [CommitID] {
        let walk = try LibGit2.acquire("walk the history") { git_revwalk_new(&$0, mirror.pointer) }
        defer { git_revwalk_free(walk) }
        for tip in tips {
            // Says which one is missing.
            _ = try mirror.commit(tip)
            var oid = try git_oid(tip)
            try LibGit2.check(git_revwalk_push(walk, &oid), "walk the history")
        }
        for commit in known {
            var oid = try git_oid(commit)
            try LibGit2.check(git_revwalk_hide(walk, &oid), "walk the history")
        }
        var result: [CommitID] = []
        var oid = git_oid()
        while true {
            let code = git_revwalk_next(&oid, walk)
            if code == GIT_ITEROVER.rawValue { return result }
            if code < 0 { try nameMissing(tips, Set(known)) }
            try LibGit2.check(code, "walk the history")
            result.append(try oid.commit)
        }
    }

    /// The library does not say in a way that could be relied on which commit a walk has missed.
    private func nameMissing(
        _ tips: [CommitID], _ known: Set<CommitID>
    ) throws(SourceControlError) {
        var seen = known
        var stack = tips
        while let commit = stack.popLast() {
            guard seen.insert(commit).inserted else { continue }
            stack += try mirror.commit(commit).parents
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
                if readsContent { try read(child, database) }
            default: continue
            }
        }
    }

    private func read(
        _ oid: git_oid, _ database: OpaquePointer
    ) throws(SourceControlError) {
        var oid = oid
        let object = try LibGit2.acquire("read file content \(oid.hex)") {
            git_odb_read(&$0, database, &oid)
        }
        git_odb_object_free(object)
    }
}
