import CLibGit2
package import ResourceAPI

/// How a branch came from one commit to another.
package enum HistoryRelation: Hashable, Sendable {
    case same
    /// The new commit contains the old one.
    case forward
    /// The old commit contains the new one: the branch was set back.
    case rewound
    /// Each has commits that the other does not contain; `base` is where they part.
    case diverged(base: CommitID)
    /// The two have no commit in common.
    case unrelated
}

extension GitHandle {
    /// One walk at most, which ends where both histories have met; none for a single new commit.
    func relation(
        from old: CommitID, to new: CommitID
    ) throws(SourceControlError) -> HistoryRelation {
        for commit in [old, new] where try !contains(commit) {
            throw SourceControlError.missingObject(kind: "commit", id: commit.hex)
        }
        if old == new { return .same }
        if try commit(new).parents.contains(old) { return .forward }
        guard let base = try mergeBase(old, new) else { return .unrelated }
        if base == old { return .forward }
        if base == new { return .rewound }
        return .diverged(base: base)
    }
}
