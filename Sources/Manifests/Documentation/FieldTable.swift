import ResourceAPI

/// Every field of every kind: the one place from which `ingot explain`, the JSON Schema and the
/// refusal of planned fields come. A test holds it to what the decoders accept.
enum FieldTable {
    /// In the order in which they are written.
    static func fields(of kind: ResourceKind) -> [FieldDescription] { tables[kind] ?? common }

    static func isPlanned(_ path: String, of kind: ResourceKind?) -> Bool {
        guard let kind else { return false }
        return fields(of: kind).contains { $0.path == path && $0.presence == .planned }
    }

    private static let tables: [ResourceKind: [FieldDescription]] = [
        .project: common + project,
        .dataset: common + dataset + expectations,
        .featureView: common + featureView,
        .trainingConfig: common + trainingConfig,
        .model: common + model,
        .deployment: common + deployment,
    ]

    /// What all kinds have.
    static let common: [FieldDescription] = [
        .init(
            "apiVersion", .choice(["ingot/v1"]), .required, "The version of the manifest format."),
        .init("kind", .choice(of: ResourceKind.self), .required, "The kind of the resource."),
        .init("metadata", .mapping, .required, "What identifies and describes the resource."),
        .init(
            "metadata.name", .resourceName, .required,
            "The name, unique within the kind: 1 to 63 lower-case letters, digits and hyphens."),
        .init(
            "metadata.labels", .textMap, .optional,
            "Texts to select by; they never change what is computed."),
        .init(
            "metadata.annotations", .textMap, .optional,
            "Texts for other tools; they never change what is computed."),
        .init("metadata.description", .text, .optional, "What the resource is for."),
        .init("metadata.owners", .list(.text), .optional, "Who is responsible for it."),
        .init(
            "metadata.prune", .choice(of: PruneSetting.self), .defaultsTo("enabled"),
            "Whether leaving the manifest out of a commit removes the resource, or needs approval."),
        .init(
            "metadata.driftPolicy", .choice(of: DriftPolicy.self), .defaultsTo("heal"),
            "What is done when somebody else changed what exists: put back, told or left."),
        .init("spec", .mapping, .required, "What is asked for; its fields depend on the kind."),
    ]

    static let project: [FieldDescription] = [
        .init("spec.runtime", .mapping, .optional, "The Python runtime in which steps run."),
        .init(
            "spec.runtime.requirements", .path, .optional,
            "A lock file with hashes in the repository; left out, the one that Ingot ships."),
        .init(
            "spec.dataRoots", .list(.path), .defaultsTo("[data]"),
            "The folders where local sources may lie."),
        .init(
            "spec.prune", .mapping, .optional,
            "How many resources one commit may remove without being asked."),
        .init(
            "spec.prune.maxResources", .integer(0...1_000_000), .defaultsTo("10"),
            "The number of resources."),
        .init(
            "spec.prune.maxFraction", .share, .defaultsTo("0.25"),
            "The share of the resources that exist."),
        .init(
            "spec.history", .choice(of: HistoryPolicy.self), .defaultsTo("hold"),
            "Whether a branch that was rewritten waits for approval or is followed."),
        .init("spec.retention", .mapping, .optional, "How long things are kept."),
        .init(
            "spec.retention.artifacts", .duration, .defaultsTo("30d"),
            "How long artifacts are kept that nothing needs any more."),
        .init(
            "spec.snapshots", .mapping, .optional,
            "What the controller does with snapshots that it makes by itself."),
        .init(
            "spec.snapshots.push", .choice(of: SnapshotPush.self), .defaultsTo("branch"),
            "Whether their commits go to the branch that is watched, or to a new one."),
    ]

    static let model: [FieldDescription] = [
        .init(
            "spec.trainingConfig", .resourceName, .required,
            "The training config that makes the versions."),
        .init(
            "spec.stages", .list(.mapping), .optional,
            "Names for versions, such as staging and production."),
        .init("spec.stages.name", .resourceName, .required, "The name of the stage."),
        .init(
            "spec.stages.track", .resourceName, .oneOf,
            "Either latest, the newest version whose gates pass, or another stage of the model."),
        .init(
            "spec.stages.version", .integer(1...Int64(Int32.max)), .oneOf,
            "The number of a version."),
        .init(
            "spec.stages.commit", .commit, .oneOf,
            "What the training config produced at this commit, 7 to 40 hexadecimal digits."),
        .init("spec.stages.digest", .digest, .oneOf, "The model with exactly this content."),
    ]

    static let deployment: [FieldDescription] = [
        .init("spec.model", .mapping, .required, "What is served."),
        .init("spec.model.name", .resourceName, .required, "The name of the model."),
        .init("spec.model.stage", .resourceName, .required, "The stage of the model."),
        .init(
            "spec.replicas", .integer(1...64), .defaultsTo("1"), "The number of serving instances."),
        .init("spec.traffic", .unknown, .planned, "Canary and shadow stages."),
        .init("spec.predictionLog", .unknown, .planned, "Which predictions are logged."),
    ]
}
