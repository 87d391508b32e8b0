import CLibGit2
import Glibc
import ResourceAPI

/// New trees and commits, written to the object database only.
extension GitHandle {
    /// The tip's tree without the changes of the commit.
    func treeReverting(
        _ commit: CommitID, at tip: CommitID
    ) throws(SourceControlError) -> git_oid {
        let wrong = try lookUpCommit(commit)
        defer { git_commit_free(wrong) }
        let ours = try lookUpCommit(tip)
        defer { git_commit_free(ours) }
        let mainline: UInt32 = git_commit_parentcount(wrong) > 1 ? 1 : 0
        let index = try LibGit2.acquire("revert commit \(commit.short)") {
            git_revert_commit(&$0, pointer, wrong, ours, mainline, nil)
        }
        defer { git_index_free(index) }
        guard git_index_has_conflicts(index) == 0 else {
            throw SourceControlError.revert(
                .conflicts(commit: commit, paths: try conflicts(of: index)))
        }
        var tree = git_oid()
        try LibGit2.check(
            git_index_write_tree_to(&tree, index, pointer), "write the reverted files")
        return tree
    }

    private func conflicts(of index: OpaquePointer) throws(SourceControlError) -> [RepositoryPath] {
        let iterator = try LibGit2.acquire("list the conflicts") {
            git_index_conflict_iterator_new(&$0, index)
        }
        defer { git_index_conflict_iterator_free(iterator) }
        var paths: Set<RepositoryPath> = []
        while true {
            var base: UnsafePointer<git_index_entry>?
            var ours: UnsafePointer<git_index_entry>?
            var theirs: UnsafePointer<git_index_entry>?
            let code = git_index_conflict_next(&base, &ours, &theirs, iterator)
            if code == GIT_ITEROVER.rawValue { return paths.sorted() }
            try LibGit2.check(code, "list the conflicts")
            guard let name = (ours ?? theirs ?? base)?.pointee.path else { continue }
            paths.insert(Self.path(name))
        }
    }

    static func path(_ name: UnsafePointer<CChar>) -> RepositoryPath {
        RepositoryPath(bytes: Array(UnsafeRawBufferPointer(start: name, count: strlen(name))))
    }

    /// The tip's tree with the folder as it is in the commit.
    func treeRestoring(
        _ folder: RepositoryPath, from commit: CommitID, at tip: CommitID
    ) throws(SourceControlError) -> git_oid {
        let names = folder.bytes.split(separator: UInt8(ascii: "/")).map { Array($0) }
        var wanted = try treeID(of: commit)
        for name in names {
            let tree = try CheckedTree(self, wanted, at: folder)
            defer { tree.free() }
            guard let entry = tree.entry(named: name), entry.mode == .tree else {
                throw SourceControlError.revert(.folderMissing(folder: folder, commit: commit))
            }
            wanted = entry.oid
        }
        return try replace(
            names[...], in: try treeID(of: tip), with: wanted, mode: GIT_FILEMODE_TREE)
    }

    /// - Parameters:
    ///   - tree: nil if there is no such folder yet.
    ///   - mode: of what is put in place.
    func replace(
        _ names: ArraySlice<[UInt8]>, in tree: git_oid?, with wanted: git_oid,
        mode: git_filemode_t
    ) throws(SourceControlError) -> git_oid {
        guard let name = names.first else { return wanted }
        let old = try tree.map { oid throws(SourceControlError) in try lookUpTree(oid) }
        defer { git_tree_free(old) }
        let text = name.map { CChar(bitPattern: $0) } + [0]
        let entry = old.flatMap { git_tree_entry_byname($0, text) }.map { TreeEntry(pointer: $0) }
        var child = try replace(
            names.dropFirst(), in: entry.flatMap { $0.mode == .tree ? $0.oid : nil },
            with: wanted, mode: mode)
        let builder = try LibGit2.acquire("write a folder") {
            git_treebuilder_new(&$0, pointer, old)
        }
        defer { git_treebuilder_free(builder) }
        try LibGit2.check(
            git_treebuilder_insert(
                nil, builder, text, &child, names.count == 1 ? mode : GIT_FILEMODE_TREE),
            "write a folder")
        var result = git_oid()
        try LibGit2.check(git_treebuilder_write(&result, builder), "write a folder")
        return result
    }

    func writeCommit(
        tree: git_oid, parent: CommitID, message: String, author: CommitInfo.Person
    ) throws(SourceControlError) -> CommitID {
        let tree = try lookUpTree(tree)
        defer { git_tree_free(tree) }
        let parent = try lookUpCommit(parent)
        defer { git_commit_free(parent) }
        let signature = try Signature(author)
        var parents: [OpaquePointer?] = [parent]
        var id = git_oid()
        let code = git_commit_create(
            &id, pointer, nil, signature.pointer, signature.pointer, nil, message, tree, 1, &parents
        )
        try LibGit2.check(code, "write the commit")
        return try id.commit
    }
}

/// A `git_signature *`, freed with the object.
final class Signature {
    let pointer: UnsafeMutablePointer<git_signature>

    /// - Throws: `identityMissing` if the name or the address is empty, or holds `<` or `>`.
    init(_ person: CommitInfo.Person) throws(SourceControlError) {
        var made: UnsafeMutablePointer<git_signature>?
        guard git_signature_new(&made, person.name, person.email, person.time, 0) == 0, let made
        else { throw SourceControlError.revert(.identityMissing) }
        pointer = made
    }

    deinit {
        git_signature_free(pointer)
    }
}
