/// The settings of a whole repository, in `ingot.yaml` at its root.
package struct ProjectSpec: Hashable, Sendable {
    /// The lock file of the Python runtime; nil is the one that Ingot ships.
    package let runtimeRequirements: RepositoryPath?
    /// Folders, relative to the data directory, where local sources may lie.
    package let dataRoots: [RepositoryPath]
    package let prune: PrunePolicy
    package init(
        runtimeRequirements: RepositoryPath? = nil,
        dataRoots: [RepositoryPath],
        prune: PrunePolicy
    ) {
        self.runtimeRequirements = runtimeRequirements
        self.dataRoots = dataRoots
        self.prune = prune
    }

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
