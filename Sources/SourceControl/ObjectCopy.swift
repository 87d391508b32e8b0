import CLibGit2
import ResourceAPI

/// Copies a commit with everything it contains from one local repository into another.
///
/// Few objects become loose ones, written children first, so that whatever is there is complete: a
/// copy that was interrupted is simply continued. Many become one pack, which appears whole or not at
/// all (and is synced once, not once for each object). (libgit2's own local fetch takes all branches of the source, each time.)
struct ObjectCopy {
    /// More new commits than this become a pack.
    static let maxLooseCommits = 100
    /// The same for commits, folders and files together.
    static let maxLooseObjects = 512
    private static let maxDepth = 128

    private let source: GitHandle
    private let target: GitHandle

    init(from source: GitHandle, to target: GitHandle) {
        self.source = source
        self.target = target
    }

    func copy(_ tip: CommitID) throws(SourceControlError) {
        let from = try source.database()
        defer { git_odb_free(from) }
        let to = try target.database()
        defer { git_odb_free(to) }
        try LibGit2.check(git_odb_refresh(to), "read the mirror's objects")
        let missing = try missingCommits(from: git_oid(tip), in: to)
        if let objects = try missingObjects(of: missing.new, in: to) {
            for object in objects { try copyObject(object, from, to) }
        } else {
            try pack(git_oid(tip), without: missing.boundary)
            try LibGit2.check(git_odb_refresh(to), "read the mirror's objects")
        }
        guard exists(try git_oid(tip), in: to) else {
            throw SourceControlError.missingObject(kind: "commit", id: tip.hex)
        }
    }

    private func exists(_ oid: git_oid, in database: OpaquePointer) -> Bool {
        var oid = oid
        // Without looking for new packs after each miss: nobody else writes.
        return git_odb_exists_ext(database, &oid, GIT_ODB_LOOKUP_NO_REFRESH.rawValue) == 1
    }

    /// The commits that the target lacks, parents before children, and the known parents of those.
    private func missingCommits(
        from tip: git_oid, in database: OpaquePointer
    ) throws(SourceControlError) -> (new: [git_oid], boundary: [git_oid]) {
        var new: [git_oid] = []
        var boundary: [git_oid] = []
        var seen: Set<[UInt8]> = []
        // Not recursive: histories are long. A commit is taken when it is met the second time, after
        // all of its parents.
        var stack: [(oid: git_oid, isDone: Bool)] = [(tip, false)]
        while let (oid, isDone) = stack.popLast() {
            if isDone {
                new.append(oid)
                continue
            }
            guard seen.insert(oid.bytes).inserted else { continue }
            if exists(oid, in: database) {
                boundary.append(oid)
                continue
            }
            if seen.count.isMultiple(of: 256) { try GitHandle.checkCancellation() }
            stack.append((oid, true))
            for parent in try source.commit(try oid.commit).parents {
                stack.append((try git_oid(parent), false))
            }
        }
        return (new, boundary)
    }

    /// Children before what names them; nil if they are many.
    private func missingObjects(
        of commits: [git_oid], in database: OpaquePointer
    ) throws(SourceControlError) -> [git_oid]? {
        guard commits.count <= Self.maxLooseCommits else { return nil }
        var list = ObjectList()
        for commit in commits {
            let tree = try source.treeID(of: try commit.commit)
            try collect(tree, &list, database, depth: 0)
            list.append(commit)
            if list.oids.count > Self.maxLooseObjects { return nil }
        }
        return list.oids
    }

    private struct ObjectList {
        private(set) var oids: [git_oid] = []
        private var known: Set<[UInt8]> = []

        func contains(_ oid: git_oid) -> Bool { known.contains(oid.bytes) }

        mutating func append(_ oid: git_oid) {
            if known.insert(oid.bytes).inserted { oids.append(oid) }
        }
    }

    private func collect(
        _ oid: git_oid, _ list: inout ObjectList, _ database: OpaquePointer, depth: Int
    ) throws(SourceControlError) {
        guard list.oids.count <= Self.maxLooseObjects else { return }
        guard !list.contains(oid), !exists(oid, in: database) else { return }
        guard depth < Self.maxDepth else {
            throw SourceControlError.treeTooDeep(
                path: RepositoryPath(bytes: []), limit: Self.maxDepth)
        }
        try GitHandle.checkCancellation()
        let tree = try source.lookUpTree(oid)
        defer { git_tree_free(tree) }
        for index in 0..<git_tree_entrycount(tree) {
            guard let entry = git_tree_entry_byindex(tree, index),
                let child = git_tree_entry_id(entry)?.pointee
            else { continue }
            switch git_tree_entry_type(entry) {
            case GIT_OBJECT_TREE: try collect(child, &list, database, depth: depth + 1)
            case GIT_OBJECT_BLOB: if !exists(child, in: database) { list.append(child) }
            default: continue  // A submodule's commit is in another repository.
            }
        }
        list.append(oid)
    }

    private func copyObject(
        _ oid: git_oid, _ from: OpaquePointer, _ to: OpaquePointer
    ) throws(SourceControlError) {
        guard !exists(oid, in: to) else { return }
        var name = oid
        let object = try LibGit2.find("read object \(oid.hex)") { git_odb_read(&$0, from, &name) }
        guard let object else {
            throw SourceControlError.missingObject(kind: "object", id: oid.hex)
        }
        defer { git_odb_object_free(object) }
        var written = git_oid()
        try LibGit2.check(
            git_odb_write(
                &written, to, git_odb_object_data(object), git_odb_object_size(object),
                git_odb_object_type(object)),
            "write object \(oid.hex) to the mirror")
    }

    private func pack(
        _ tip: git_oid, without boundary: [git_oid]
    ) throws(SourceControlError) {
        let walk = try LibGit2.acquire("walk the history") { git_revwalk_new(&$0, source.pointer) }
        defer { git_revwalk_free(walk) }
        var oid = tip
        try LibGit2.check(git_revwalk_push(walk, &oid), "walk the history")
        for known in boundary {
            oid = known
            try LibGit2.check(git_revwalk_hide(walk, &oid), "walk the history")
        }
        let builder = try LibGit2.acquire("pack the history") {
            git_packbuilder_new(&$0, source.pointer)
        }
        defer { git_packbuilder_free(builder) }
        try LibGit2.check(git_packbuilder_insert_walk(builder, walk), "pack the history")
        try GitHandle.checkCancellation()
        let folder = target.commonDirectory + "objects/pack"
        try LibGit2.check(
            git_packbuilder_write(builder, folder, 0, nil, nil), "write the mirror's pack")
    }
}
