package import ResourceAPI

/// How long what nothing needs is kept.
package struct GarbageLimits: Hashable, Sendable {
    /// Of artifacts, milliseconds since they were made and since anything last needed them.
    package let retention: Int64
    /// Of files that no record names, milliseconds since they were written: they may be of a result
    /// that is just being recorded.
    package let orphanGrace: Int64
    package static let day: Int64 = 24 * 60 * 60 * 1000
}

/// An artifact that nothing needs.
package struct GarbageArtifact: Hashable, Sendable {
    package let digest: Digest
    /// Of its files.
    package let bytes: Int64
    /// The step that made it first; nil if no run is recorded.
    package let step: StepID?
    /// Milliseconds since 1970; for the first look at it, the time of the look.
    package let unusedSince: Int64
}

/// What `collectGarbage` would do now.
package struct GarbagePlan: Hashable, Sendable {
    /// Past retention, sorted by digest.
    package let due: [GarbageArtifact]
    /// Not needed, but not yet past retention; sorted by digest.
    package let waiting: [GarbageArtifact]
    /// Number of artifacts that are needed.
    package let kept: Int
    /// Files that no record names, past their grace: leftovers of killed processes.
    package let orphans: [StoredFile]
    /// That would be free: of files that only what is due has, and of orphans.
    package let bytes: Int64
}

/// What was done.
package struct GarbageReport: Hashable, Sendable {
    /// Their steps run again when something wants them. Sorted by digest.
    package let collected: [Digest]
    /// Files deleted, orphans included.
    package let files: Int
    /// Of the deleted files.
    package let bytes: Int64
    /// Not needed, but not yet past retention.
    package let waiting: Int
    package let kept: Int
}
