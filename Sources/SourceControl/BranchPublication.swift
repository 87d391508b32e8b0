import CLibGit2
import Glibc
import ResourceAPI

/// Moving a branch of a repository on this machine, together with the working trees that show it.
extension GitHandle {
    /// The branch's lock is held from the look at it to its move: whoever commits in between has to
    /// wait, or fails.
    func publish(
        _ commit: RevertCommit, to branch: String, _ author: CommitInfo.Person
    ) throws(SourceControlError) {
        guard RevisionText.isName(branch) else {
            throw SourceControlError.badBranchName(name: branch)
        }
        let signature = try Signature(author)
        let name = "refs/heads/" + branch
        let transaction = try LibGit2.acquire("lock \(name)") {
            git_transaction_new(&$0, pointer)
        }
        defer { git_transaction_free(transaction) }
        let code = git_transaction_lock_ref(transaction, name)
        guard code != GIT_ELOCKED.rawValue else {
            throw SourceControlError.revert(.branchLocked(branch: branch, repository: path))
        }
        try LibGit2.check(code, "lock \(name)")
        let found = try self.commit(ofReference: name)
        guard found == commit.tip else {
            throw SourceControlError.revert(
                .branchMoved(branch: branch, expected: commit.tip, found: found))
        }
        let trees = try workingTrees(showing: name)
        for tree in trees { try WorkingTree(tree).check(commit.changes) }
        var oid = try git_oid(commit.id)
        try LibGit2.check(
            git_transaction_set_target(
                transaction, name, &oid, signature.pointer, "ingot: \(commit.summary)"),
            "move \(name)")
        for tree in trees { try WorkingTree(tree).follow(commit) }
        try LibGit2.check(git_transaction_commit(transaction), "move \(name)")
    }

    /// The main working tree and the linked ones whose HEAD is the branch.
    private func workingTrees(showing name: String) throws(SourceControlError) -> [GitHandle] {
        let main = try GitHandle.open(commonDirectory)
        var result = [main]
        var names = git_strarray()
        try LibGit2.check(git_worktree_list(&names, main.pointer), "list the working trees")
        defer { git_strarray_dispose(&names) }
        for index in 0..<names.count {
            guard let text = names.strings?[index] else { continue }
            let linked = try LibGit2.acquire("open a working tree") {
                git_worktree_lookup(&$0, main.pointer, text)
            }
            defer { git_worktree_free(linked) }
            // One that was removed without telling git shows nothing.
            guard git_worktree_validate(linked) == 0 else { continue }
            let repository = try LibGit2.acquire("open a working tree") {
                git_repository_open_from_worktree(&$0, linked)
            }
            result.append(GitHandle(pointer: repository, path: path))
        }
        var showing: [GitHandle] = []
        for handle in result where !handle.isBare {
            if try handle.headTarget() == name { showing.append(handle) }
        }
        return showing
    }
}

/// Index and files of one working tree.
private struct WorkingTree {
    private let handle: GitHandle
    private let directory: String

    init(_ handle: GitHandle) {
        self.handle = handle
        directory = handle.workingDirectory ?? handle.path
    }

    /// - Throws: `localChanges`, `operationInProgress`, `contentFilter`.
    func check(_ changes: [FileChange]) throws(SourceControlError) {
        guard git_repository_state(handle.pointer) == Int32(GIT_REPOSITORY_STATE_NONE.rawValue)
        else { throw SourceControlError.revert(.operationInProgress(workingDirectory: directory)) }
        for change in changes {
            var value: UnsafePointer<CChar>?
            let path = try handle.cPath(change.path)
            try LibGit2.check(
                git_attr_get(&value, handle.pointer, 0, path, "filter"), "read the attributes")
            if git_attr_value(value) == GIT_ATTR_VALUE_STRING {
                throw SourceControlError.revert(
                    .contentFilter(workingDirectory: directory, path: change.path))
            }
        }
        let dirty = try changed(changes.map(\.path))
        guard dirty.isEmpty else {
            throw SourceControlError.revert(
                .localChanges(workingDirectory: directory, paths: dirty))
        }
    }

    /// Those of the paths whose file is not what HEAD says, or stands in the way of one.
    private func changed(_ paths: [RepositoryPath]) throws(SourceControlError) -> [RepositoryPath] {
        let names = PathList(paths)
        var options = git_status_options()
        try LibGit2.check(
            git_status_options_init(&options, UInt32(GIT_STATUS_OPTIONS_VERSION)),
            "look for changes"
        )
        options.flags =
            GIT_STATUS_OPT_INCLUDE_UNTRACKED.rawValue | GIT_STATUS_OPT_INCLUDE_IGNORED.rawValue
            | GIT_STATUS_OPT_RECURSE_UNTRACKED_DIRS.rawValue
            | GIT_STATUS_OPT_RECURSE_IGNORED_DIRS.rawValue
            | GIT_STATUS_OPT_DISABLE_PATHSPEC_MATCH.rawValue
        let list = try names.withArray { array throws(SourceControlError) in
            options.pathspec = array
            return try LibGit2.acquire("look for changes") {
                git_status_list_new(&$0, handle.pointer, &options)
            }
        }
        defer { git_status_list_free(list) }
        var result: Set<RepositoryPath> = []
        for index in 0..<git_status_list_entrycount(list) {
            guard let entry = git_status_byindex(list, index)?.pointee,
                let delta = (entry.index_to_workdir ?? entry.head_to_index)?.pointee,
                let name = delta.new_file.path ?? delta.old_file.path
            else { continue }
            result.insert(GitHandle.path(name))
        }
        return result.sorted()
    }

    func follow(_ commit: RevertCommit) throws(SourceControlError) {
        let old = try handle.lookUpTree(try handle.treeID(of: commit.tip))
        defer { git_tree_free(old) }
        let new = try handle.lookUpTree(try handle.treeID(of: commit.id))
        defer { git_tree_free(new) }
        var options = git_checkout_options()
        try LibGit2.check(
            git_checkout_options_init(&options, UInt32(GIT_CHECKOUT_OPTIONS_VERSION)), "check out")
        options.checkout_strategy =
            GIT_CHECKOUT_SAFE.rawValue | GIT_CHECKOUT_DISABLE_PATHSPEC_MATCH.rawValue
            | GIT_CHECKOUT_DONT_OVERWRITE_IGNORED.rawValue
        options.baseline = old
        try PathList(commit.changes.map(\.path)).withArray { array throws(SourceControlError) in
            options.paths = array
            let code = git_checkout_tree(handle.pointer, new, &options)
            try LibGit2.check(code, "update the files in \(directory)")
        }
    }
}

/// Paths for C, freed with the object.
private final class PathList {
    private var pointers: [UnsafeMutablePointer<CChar>?]

    init(_ paths: [RepositoryPath]) {
        pointers = paths.map { path in
            path.bytes.map { CChar(bitPattern: $0) }.withUnsafeBufferPointer { text in
                text.baseAddress.flatMap { strndup($0, text.count) }
            }
        }
    }

    func withArray<Value>(
        _ body: (git_strarray) throws(SourceControlError) -> Value
    ) throws(SourceControlError) -> Value {
        let result: Result<Value, SourceControlError> = pointers.withUnsafeMutableBufferPointer {
            let array = git_strarray(strings: $0.baseAddress, count: $0.count)
            do throws(SourceControlError) { return .success(try body(array)) } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    deinit {
        for pointer in pointers { free(pointer) }
    }
}
