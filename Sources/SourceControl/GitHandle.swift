import CLibGit2
import Glibc
import ResourceAPI

/// One opened repository: everything that is read from git, synchronously. Not thread-safe: each
/// handle belongs to one actor or one thread. What it does is in the extensions, one file per task.
final class GitHandle {
    /// A `git_repository *`.
    let pointer: OpaquePointer
    /// As the user named it, for messages.
    let path: String

    init(pointer: OpaquePointer, path: String) {
        self.pointer = pointer
        self.path = path
    }

    deinit {
        git_repository_free(pointer)
    }

    /// - Parameter searchesParents: also accept a folder somewhere inside of a working tree.
    static func open(
        _ path: String, searchesParents: Bool = false
    ) throws(SourceControlError) -> GitHandle {
        try LibGit2.start()
        try checkAccess(path)
        var pointer: OpaquePointer?
        let flags = searchesParents ? 0 : GIT_REPOSITORY_OPEN_NO_SEARCH.rawValue
        let code = git_repository_open_ext(&pointer, path, flags, nil)
        // libgit2 1.5 looks for an exception from the owner rule in the user's configuration, and
        // reports that there is no configuration instead of what it would have been needed for.
        let wantsException =
            code == GIT_ENOTFOUND.rawValue
            && LibGit2.lastMessage().contains("safe.directory")
        switch code {
        case _ where wantsException: throw SourceControlError.foreignOwner(path: path)
        case GIT_ENOTFOUND.rawValue: throw SourceControlError.notARepository(path: path)
        case GIT_EOWNER.rawValue: throw SourceControlError.foreignOwner(path: path)
        default: break
        }
        guard code == 0, let pointer else {
            throw SourceControlError.unsupportedRepository(
                path: path, problem: LibGit2.lastMessage())
        }
        return GitHandle(pointer: pointer, path: path)
    }

    private static func checkAccess(_ path: String) throws(SourceControlError) {
        // A NUL would cut the path short on its way into C.
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw SourceControlError.pathMissing(path: path)
        }
        guard access(path, R_OK | X_OK) != 0 else { return }
        let code = errno
        if code == ENOENT { throw SourceControlError.pathMissing(path: path) }
        if code == ENOTDIR { throw SourceControlError.notARepository(path: path) }
        if code == EACCES, isRegularFile(path) {
            throw SourceControlError.notARepository(path: path)
        }
        throw SourceControlError.unreadable(path: path, problem: String(cString: strerror(code)))
    }

    private static func isRegularFile(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    var isBare: Bool { git_repository_is_bare(pointer) == 1 }
    var isShallow: Bool { git_repository_is_shallow(pointer) == 1 }

    /// Where HEAD, refs and packed-refs are; of a linked working tree, the main repository's.
    var commonDirectory: String {
        git_repository_commondir(pointer).map { String(cString: $0) } ?? path
    }

    /// The working tree's root, absolute and with a slash at its end; nil if there is none.
    var workingDirectory: String? {
        git_repository_workdir(pointer).map { String(cString: $0) }
    }

    func database() throws(SourceControlError) -> OpaquePointer {
        try LibGit2.acquire("open the object database") { git_repository_odb(&$0, pointer) }
    }

    /// A `git_commit *`, which the caller frees.
    func lookUpCommit(_ id: CommitID) throws(SourceControlError) -> OpaquePointer {
        var oid = try git_oid(id)
        let commit = try LibGit2.find("read commit \(id.short)") {
            git_commit_lookup(&$0, pointer, &oid)
        }
        guard let commit else {
            throw SourceControlError.missingObject(kind: "commit", id: id.hex)
        }
        return commit
    }

    /// A `git_tree *`, which the caller frees.
    func lookUpTree(_ oid: git_oid) throws(SourceControlError) -> OpaquePointer {
        var oid = oid
        let tree = try LibGit2.find("read tree \(oid.hex)") { git_tree_lookup(&$0, pointer, &oid) }
        guard let tree else {
            throw SourceControlError.missingObject(kind: "tree", id: oid.hex)
        }
        return tree
    }

    /// - Throws: `cancelled` if the task that waits for the result was cancelled: asked in loops that
    ///   can take long.
    static func checkCancellation() throws(SourceControlError) {
        if Task.isCancelled { throw SourceControlError.cancelled }
    }
}
