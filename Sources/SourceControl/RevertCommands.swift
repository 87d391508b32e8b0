package import ResourceAPI

/// What a person types to do the same with git, one command a line, for those who do not want Ingot
/// to move their branch.
package enum RevertCommands {
    /// - Parameter isMerge: the commit has more than one parent.
    package static func revert(_ commit: CommitID, isMerge: Bool) -> [String] {
        ["git revert --no-edit \(isMerge ? "-m 1 " : "")\(commit.hex)"]
    }

    /// - Parameters:
    ///   - folder: from the repository's root; empty is everything.
    ///   - summary: of the commit.
    package static func restore(
        _ folder: RepositoryPath, from commit: CommitID, summary: String
    ) -> [String] {
        let text = RestoreText(commit: commit, summary: summary, folder: folder)
        return [
            "git restore --source=\(commit.hex) --staged --worktree -- "
                + quoted(":/" + folder.display),
            "git commit -m \(quoted(text.summaryLine)) -m \(quoted(text.body))",
        ]
    }

    /// For a POSIX shell.
    private static func quoted(_ text: String) -> String {
        "'"
            + text.split(separator: "'", omittingEmptySubsequences: false).joined(
                separator: "'\\''")
            + "'"
    }
}

/// The message of a commit that restores a folder.
struct RestoreText {
    let commit: CommitID
    let summary: String
    let folder: RepositoryPath

    private var place: String { folder.bytes.isEmpty ? "" : " '\(folder.display)'" }
    var summaryLine: String { "Roll back\(place) to \"\(summary)\"" }
    var body: String {
        "This restores the files\(folder.bytes.isEmpty ? "" : " in\(place)") of commit \(commit.hex)."
    }
    var message: String { summaryLine + "\n\n" + body + "\n" }
}
