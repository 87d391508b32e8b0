import CLibGit2
package import ResourceAPI

/// A commit that takes something back. It is in the object database; no branch contains it yet.
package struct RevertCommit: Hashable, Sendable {
    package let id: CommitID
    /// Its only parent: the branch as it was.
    package let tip: CommitID
    package let summary: String
    /// What it changes, sorted by path.
    package let changes: [FileChange]
}

/// Makes commits that take back what others did, in the object database and without a working tree,
/// and moves local branches to them.
///
/// For a repository on this machine open that one; for a server's open the mirror, and publish with
/// `FetchChild.push`.
package actor Reverter {
    private let executor: BlockingExecutor
    let handle: GitHandle

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        executor.asUnownedSerialExecutor()
    }

    /// - Throws: what `GitRepository.init` throws.
    package init(opening path: String, searchesParents: Bool = false) throws(SourceControlError) {
        handle = try GitHandle.open(path, searchesParents: searchesParents)
        executor = BlockingExecutor(label: "ingot.revert")
    }

    /// Who the author is, as git would find it: `GIT_AUTHOR_NAME` and `GIT_AUTHOR_EMAIL`, else the
    /// repository's configuration, else the user's.
    ///
    /// - Parameters:
    ///   - environment: also `HOME` and `XDG_CONFIG_HOME`, where the user's configuration is.
    ///   - time: seconds since 1970.
    /// - Throws: `identityMissing`.
    package func author(
        environment: [String: String], time: Int64
    ) throws(SourceControlError) -> CommitInfo.Person {
        try handle.author(environment: environment, time: time)
    }

    /// What `git revert --no-edit` makes: the changes of one commit taken back on top of `tip`. Of a
    /// merge, what it brought to its first parent.
    ///
    /// - Throws: `conflicts`, `nothingToRevert`, `notInBranch`.
    package func revert(
        _ commit: CommitID, onto tip: CommitID, author: CommitInfo.Person
    ) throws(SourceControlError) -> RevertCommit {
        guard try handle.isAncestor(commit, of: tip) else {
            throw SourceControlError.revert(.notInBranch(commit: commit, tip: tip))
        }
        let tree = try handle.treeReverting(commit, at: tip)
        guard try tree.bytes != handle.treeID(of: tip).bytes else {
            throw SourceControlError.revert(.nothingToRevert(commit: commit))
        }
        let info = try handle.commit(commit)
        var message = "Revert \"\(info.summary)\"\n\nThis reverts commit \(commit.hex)"
        if info.parents.count > 1, let first = info.parents.first {
            message += ", reversing\nchanges made to \(first.hex)"
        }
        return try make(tree, message + ".\n", onto: tip, author)
    }

    /// A commit on top of `tip` in which the folder (the empty path is everything) is as it was in
    /// `commit`; the rest is as in `tip`.
    ///
    /// - Throws: `nothingToRestore`, `notInBranch`, `folderMissing`.
    package func restore(
        _ folder: RepositoryPath, from commit: CommitID, onto tip: CommitID,
        author: CommitInfo.Person
    ) throws(SourceControlError) -> RevertCommit {
        guard try handle.isAncestor(commit, of: tip) else {
            throw SourceControlError.revert(.notInBranch(commit: commit, tip: tip))
        }
        let tree = try handle.treeRestoring(folder, from: commit, at: tip)
        guard try tree.bytes != handle.treeID(of: tip).bytes else {
            throw SourceControlError.revert(.nothingToRestore(commit: commit, folder: folder))
        }
        let text = RestoreText(
            commit: commit, summary: try handle.commit(commit).summary, folder: folder)
        return try make(tree, text.message, onto: tip, author)
    }

    /// Moves a branch of this repository from the commit's parent to the commit. Where the branch is
    /// checked out, index and files follow.
    ///
    /// - Throws: `branchMoved` if it is somewhere else by now, `branchLocked`, `localChanges`,
    ///   `operationInProgress`, `contentFilter`; nothing has changed then.
    package func publish(
        _ commit: RevertCommit, to branch: String, author: CommitInfo.Person
    ) throws(SourceControlError) {
        try handle.publish(commit, to: branch, author)
    }

    func make(
        _ tree: git_oid, _ message: String, onto tip: CommitID, _ author: CommitInfo.Person
    ) throws(SourceControlError) -> RevertCommit {
        let id = try handle.writeCommit(tree: tree, parent: tip, message: message, author: author)
        let info = try handle.commit(id)
        return RevertCommit(
            id: id, tip: tip, summary: info.summary,
            changes: try handle.changedFiles(
                from: tip, to: id, under: RepositoryPath(bytes: []), matching: []))
    }
}
