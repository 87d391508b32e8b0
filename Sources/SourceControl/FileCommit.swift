import CLibGit2
package import ResourceAPI

extension Reverter {
    /// A commit on top of `tip` in which the file has this content; the rest is as in `tip`.
    ///
    /// - Parameter message: whole, with a newline at its end.
    package func write(
        _ content: [UInt8], to file: RepositoryPath, message: String, onto tip: CommitID,
        author: CommitInfo.Person
    ) throws(SourceControlError) -> RevertCommit {
        let tree = try handle.tree(of: tip, with: content, at: file)
        return try make(tree, message, onto: tip, author)
    }

    /// Makes a new branch of this repository that points to the commit, for people to look at.
    ///
    /// - Throws: `branchExists`, and then nothing has changed.
    package func propose(
        _ commit: RevertCommit, as branch: String
    ) throws(SourceControlError) {
        guard RevisionText.isName(branch) else {
            throw SourceControlError.badBranchName(name: branch)
        }
        try handle.createBranch(branch, at: commit)
    }
}

extension GitHandle {
    /// The tip's tree with the file as it shall be.
    fileprivate func tree(
        of tip: CommitID, with content: [UInt8], at file: RepositoryPath
    ) throws(SourceControlError) -> git_oid {
        var blob = git_oid()
        let code = content.withUnsafeBytes { bytes in
            git_blob_create_from_buffer(&blob, pointer, bytes.baseAddress, bytes.count)
        }
        try LibGit2.check(code, "write \(file.display)")
        let names = file.bytes.split(separator: UInt8(ascii: "/")).map { Array($0) }
        return try replace(
            names[...], in: try treeID(of: tip), with: blob, mode: GIT_FILEMODE_BLOB)
    }

    fileprivate func createBranch(
        _ branch: String, at commit: RevertCommit
    ) throws(SourceControlError) {
        var oid = try git_oid(commit.id)
        var reference: OpaquePointer?
        let code = git_reference_create(
            &reference, pointer, "refs/heads/" + branch, &oid, 0, "ingot: \(commit.summary)")
        git_reference_free(reference)
        guard code != GIT_EEXISTS.rawValue else {
            throw SourceControlError.revert(.branchExists(branch: branch))
        }
        try LibGit2.check(code, "make the branch '\(branch)'")
    }
}
