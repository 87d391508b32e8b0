package import ResourceAPI

/// A change of the state that a command asks of the controller, which alone may make it.
package enum ControlRequest: Hashable, Sendable, Codable {
    /// - Parameters:
    ///   - resource: nil suspends everything.
    ///   - expiresAt: milliseconds since 1970; nil: until it is resumed.
    case suspend(resource: ResourceID?, reason: String, actor: String, expiresAt: Int64?)
    /// - Parameter resource: nil ends the suspension of everything, not those of single resources.
    case resume(resource: ResourceID?, actor: String)
    /// - Parameter what: one of the words in `Approval`.
    case approve(commit: CommitID, what: String, actor: String)
    /// - Parameter retentionMilliseconds: nil: as the Project says.
    case collectGarbage(isDryRun: Bool, retentionMilliseconds: Int64?, actor: String)
    /// Read these artifacts again, and those that are recorded as damaged, and have made again what
    /// is not whole.
    case repair(artifacts: [Digest], actor: String)
    /// Take over rows that somebody has read from a source.
    case publish(SnapshotOrder)
    /// Look at the repository and at what exists now.
    case lookAgain
}

/// What came of a request.
package enum ControlReply: Hashable, Sendable, Codable {
    case done
    /// It was so before: nothing was suspended, or it was approved already.
    case nothingToDo
    case garbage(GarbageSummary)
    case repaired(RepairSummary)
    case refused(message: String, hint: String?)
}
