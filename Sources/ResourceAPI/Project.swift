/// The settings of a whole repository, in `ingot.yaml` at its root.
package struct ProjectSpec: Hashable, Sendable {
    /// The lock file of the Python runtime; nil is the one that Ingot ships.
    package let runtimeRequirements: RepositoryPath?
    /// Folders, relative to the data directory, where local sources may lie.
    package let dataRoots: [RepositoryPath]
    package let prune: PrunePolicy
    package let history: HistoryPolicy
    /// How long artifacts are kept that nothing needs any more.
    package let artifactRetention: ManifestDuration
    package let snapshots: SnapshotPush
    package init(
        runtimeRequirements: RepositoryPath? = nil,
        dataRoots: [RepositoryPath],
        prune: PrunePolicy, history: HistoryPolicy = .hold,
        artifactRetention: ManifestDuration = ProjectSpec.standardRetention,
        snapshots: SnapshotPush = .branch
    ) {
        self.runtimeRequirements = runtimeRequirements
        self.dataRoots = dataRoots
        self.prune = prune
        self.history = history
        self.artifactRetention = artifactRetention
        self.snapshots = snapshots
    }

    package static let standardRetention = ManifestDuration(seconds: 30 * 86_400)

    package static let standard = ProjectSpec(
        runtimeRequirements: nil, dataRoots: [RepositoryPath("data")],
        prune: PrunePolicy(maxResources: 10, maxFraction: 0.25))
}

/// How many resources one commit may remove without being asked.
package struct PrunePolicy: Hashable, Sendable {
    package let maxResources: Int
    /// Of the resources that exist, 0 to 1.
    package let maxFraction: Double
    package init(maxResources: Int, maxFraction: Double) {
        self.maxResources = maxResources
        self.maxFraction = maxFraction
    }
}

/// What is done when the branch is rewritten: when it does not continue from what was reconciled
/// last.
package enum HistoryPolicy: String, CaseIterable, Hashable, Sendable {
    /// The commit waits until a person approves it.
    case hold
    /// It is taken as it is.
    case follow
}
