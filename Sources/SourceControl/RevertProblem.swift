package import ResourceAPI

/// Why a commit was not taken back, or not published. The texts stand here, with their cases.
package enum RevertProblem: Error, Hashable, Sendable {
    case conflicts(commit: CommitID, paths: [RepositoryPath])
    case nothingToRevert(commit: CommitID)
    case nothingToRestore(commit: CommitID, folder: RepositoryPath)
    case notInBranch(commit: CommitID, tip: CommitID)
    case folderMissing(folder: RepositoryPath, commit: CommitID)
    case identityMissing
    case branchMoved(branch: String, expected: CommitID, found: CommitID?)
    /// A branch that was to be new.
    case branchExists(branch: String)
    case branchLocked(branch: String, repository: String)
    case localChanges(workingDirectory: String, paths: [RepositoryPath])
    case operationInProgress(workingDirectory: String)
    case contentFilter(workingDirectory: String, path: RepositoryPath)
    case pushRejected(branch: String, reason: String)
}

extension RevertProblem {
    /// One CamelCase word.
    var code: String {
        switch self {
        case .conflicts: "RevertConflicts"
        case .nothingToRevert, .nothingToRestore: "NothingToRevert"
        case .notInBranch: "CommitNotInBranch"
        case .folderMissing: "FolderMissing"
        case .identityMissing: "IdentityMissing"
        case .branchMoved: "BranchMoved"
        case .branchExists: "BranchExists"
        case .branchLocked: "BranchLocked"
        case .localChanges: "LocalChanges"
        case .operationInProgress: "OperationInProgress"
        case .contentFilter: "ContentFilter"
        case .pushRejected: "PushRejected"
        }
    }

    var isTransient: Bool {
        if case .branchLocked = self { return true }
        return false
    }

    var message: String {
        switch self {
        case .conflicts(let commit, let paths):
            "commit \(commit.short) cannot be reverted: later commits changed the same lines of "
                + Self.list(paths)
        case .nothingToRevert(let commit):
            "commit \(commit.short) has nothing left to revert"
        case .nothingToRestore(let commit, let folder):
            "\(Self.name(folder)) is already as in commit \(commit.short)"
        case .notInBranch(let commit, let tip):
            "commit \(commit.short) is not in the history of \(tip.short)"
        case .folderMissing(let folder, let commit):
            "there is no folder '\(folder.display)' in commit \(commit.short)"
        case .identityMissing: "nobody is named as the author of the commit"
        case .branchMoved(let branch, let expected, let found):
            "branch '\(branch)' is "
                + (found.map { "at \($0.short)" } ?? "gone")
                + ", no longer at \(expected.short)"
        case .branchExists(let branch): "there is a branch '\(branch)' already"
        case .branchLocked(let branch, let repository):
            "another process changes branch '\(branch)' of \(repository)"
        case .localChanges(let directory, let paths):
            "\(directory) has local changes in \(Self.list(paths))"
        case .operationInProgress(let directory):
            "a merge, rebase or the like is under way in \(directory)"
        case .contentFilter(let directory, let path):
            "'\(path.display)' in \(directory) goes through a content filter, which only git can run"
        case .pushRejected(let branch, let reason):
            "the server did not accept branch '\(branch)': \(reason)"
        }
    }

    var hint: String? {
        switch self {
        case .conflicts(let commit, _):
            "revert the later commits first, or by hand: git revert \(commit.hex)"
        case .notInBranch: "name a commit that the branch contains"
        case .identityMissing:
            "git config --global user.name 'Your Name'; "
                + "git config --global user.email you@example.org"
        case .branchMoved: "look at the new commits, then try again"
        case .branchExists: "remove it, or choose another name"
        case .branchLocked(let branch, _):
            "try again; if no git command is running, remove refs/heads/\(branch).lock"
        case .localChanges: "commit them, or put them aside with 'git stash'"
        case .operationInProgress: "finish it, or end it with --abort ('git status' says of what)"
        case .contentFilter: "revert with git itself; the commands are printed without --push"
        case .pushRejected:
            "a protected branch needs a pull request; the commands are printed without --push"
        default: nil
        }
    }

    private static func name(_ folder: RepositoryPath) -> String {
        folder.bytes.isEmpty ? "the repository" : "'\(folder.display)'"
    }

    /// At most 10 of them.
    private static func list(_ paths: [RepositoryPath]) -> String {
        let shown = paths.prefix(10).map { "'\($0.display)'" }.joined(separator: ", ")
        return shown + (paths.count > 10 ? " and \(paths.count - 10) more" : "")
    }
}
