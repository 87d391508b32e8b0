import CLibGit2
import Glibc
import ResourceAPI

/// What kind of thing a tree entry says it is.
enum TreeEntryMode: Hashable {
    case tree, file, executable, link, commit, unknown

    init(raw: UInt32) {
        self =
            switch raw {
            case 0o040000: .tree
            case 0o100644, 0o100664: .file
            case 0o100755: .executable
            case 0o120000: .link
            case 0o160000: .commit
            default: .unknown
            }
    }

    var isRegular: Bool { self == .file || self == .executable }
}

/// One entry of an opened tree; valid as long as the tree is not freed.
struct TreeEntry {
    let pointer: OpaquePointer

    /// Without the NUL; lent.
    var lentName: UnsafeRawBufferPointer {
        guard let text = git_tree_entry_name(pointer) else {
            return UnsafeRawBufferPointer(start: nil, count: 0)
        }
        return UnsafeRawBufferPointer(start: text, count: strlen(text))
    }

    var name: [UInt8] { Array(lentName) }
    var mode: TreeEntryMode { TreeEntryMode(raw: git_tree_entry_filemode_raw(pointer).rawValue) }
    var oid: git_oid { git_tree_entry_id(pointer)?.pointee ?? git_oid() }

    /// The same kind of thing with the same content.
    func isSame(as other: TreeEntry) -> Bool {
        git_tree_entry_filemode_raw(pointer) == git_tree_entry_filemode_raw(other.pointer)
            && git_oid_equal(git_tree_entry_id(pointer), git_tree_entry_id(other.pointer)) == 1
    }

    /// Below 0 if this stands before the other in git's order, in which folders' names end in `/`.
    func order(_ other: TreeEntry) -> Int32 {
        git_tree_entry_cmp(pointer, other.pointer)
    }
}

/// A tree whose entries are sorted and have different names: two readers of a tree that is not so
/// could see different files in it. Nothing is copied. To be freed by whoever opened it.
struct CheckedTree {
    let pointer: OpaquePointer
    let count: Int

    init(
        _ handle: GitHandle, _ oid: git_oid, at path: RepositoryPath
    ) throws(SourceControlError) {
        pointer = try handle.lookUpTree(oid)
        count = git_tree_entrycount(pointer)
        do throws(SourceControlError) {
            try check(path)
        } catch {
            free()
            throw error
        }
    }

    func free() {
        git_tree_free(pointer)
    }

    /// Nil beyond the end.
    subscript(_ index: Int) -> TreeEntry? {
        guard index >= 0, index < count else { return nil }
        return git_tree_entry_byindex(pointer, index).map { TreeEntry(pointer: $0) }
    }

    func entry(named name: [UInt8]) -> TreeEntry? {
        guard !name.isEmpty, !name.contains(0) else { return nil }
        let text = name.map { CChar(bitPattern: $0) } + [0]
        return git_tree_entry_byname(pointer, text).map { TreeEntry(pointer: $0) }
    }

    private func check(_ path: RepositoryPath) throws(SourceControlError) {
        for index in 0..<count {
            guard let entry = self[index] else { continue }
            let order = self[index - 1].map { $0.order(entry) } ?? -1
            if order == 0 || isFile(alsoNamed: entry, before: index) {
                throw SourceControlError.corruptTree(path: path, problem: "a name occurs twice")
            }
            if order > 0 {
                throw SourceControlError.corruptTree(path: path, problem: "it is not sorted")
            }
        }
    }

    /// Between a file `a` and a folder `a` stand only names that start with `a`.
    private func isFile(alsoNamed entry: TreeEntry, before index: Int) -> Bool {
        guard entry.mode == .tree else { return false }
        let name = entry.lentName
        var index = index - 1
        while let other = self[index]?.lentName, other.count >= name.count,
            let one = other.baseAddress, let two = name.baseAddress,
            memcmp(one, two, name.count) == 0
        {
            if other.count == name.count { return true }
            index -= 1
        }
        return false
    }
}
