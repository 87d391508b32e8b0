import ResourceAPI

extension ProjectSpec {
    static func decode(_ reader: inout FieldReader) -> ProjectSpec? {
        var requirements: RepositoryPath?
        if var runtime = reader.optional("runtime")?.reader(at: "spec.runtime") {
            requirements = runtime.optional("requirements")?.repositoryPath()
            runtime.finish()
        }
        let roots = reader.optional("dataRoots")?.distinct { $0.repositoryPath() }
        var prune = ProjectSpec.standard.prune
        if var fields = reader.optional("prune")?.reader(at: "spec.prune") {
            let count = fields.optional("maxResources")?.int(in: 0...1_000_000)
            let share = fields.optional("maxFraction")?.number(in: 0...1)
            prune = PrunePolicy(
                maxResources: count.map(Int.init) ?? prune.maxResources,
                maxFraction: share ?? prune.maxFraction)
            fields.finish()
        }
        let history = reader.optional("history")?.choice(of: HistoryPolicy.self)
        var retention: ManifestDuration?
        if var fields = reader.optional("retention")?.reader(at: "spec.retention") {
            retention = fields.optional("artifacts")?.duration(mayBeZero: true)
            fields.finish()
        }
        var push: SnapshotPush?
        if var fields = reader.optional("snapshots")?.reader(at: "spec.snapshots") {
            push = fields.optional("push")?.choice(of: SnapshotPush.self)
            fields.finish()
        }
        return ProjectSpec(
            runtimeRequirements: requirements, dataRoots: roots ?? ProjectSpec.standard.dataRoots,
            prune: prune, history: history ?? .hold,
            artifactRetention: retention ?? ProjectSpec.standardRetention,
            snapshots: push ?? .branch)
    }
}
