/// One manifest document with its type: identity, metadata, specification and where it stands.
///
/// Its fields lie in one place that all copies share: ten thousand of them are in several tables at
/// once, are copied at every commit, and mostly compared with themselves.
package struct Resource: Sendable {
    private final class Storage: Sendable {
        let id: ResourceID
        let metadata: Metadata
        let spec: Spec
        let document: ManifestNode
        let file: RepositoryPath

        init(
            id: ResourceID, metadata: Metadata, spec: Spec, document: ManifestNode,
            file: RepositoryPath
        ) {
            self.id = id
            self.metadata = metadata
            self.spec = spec
            self.document = document
            self.file = file
        }
    }

    private let storage: Storage

    package var id: ResourceID { storage.id }
    package var metadata: Metadata { storage.metadata }
    package var spec: Spec { storage.spec }
    /// The document as written, for positions (`location(of:)`) and for `ingot get`.
    package var document: ManifestNode { storage.document }
    package var file: RepositoryPath { storage.file }
    package init(
        id: ResourceID,
        metadata: Metadata,
        spec: Spec,
        document: ManifestNode,
        file: RepositoryPath
    ) {
        storage = Storage(
            id: id, metadata: metadata, spec: spec, document: document, file: file)
    }

    package struct Metadata: Hashable, Sendable {
        package let labels: [String: String]
        package let annotations: [String: String]
        package let description: String?
        package let owners: [String]
        package let prune: PruneSetting
        package let driftPolicy: DriftPolicy
        package init(
            labels: [String: String],
            annotations: [String: String],
            description: String? = nil,
            owners: [String],
            prune: PruneSetting = .enabled,
            driftPolicy: DriftPolicy = .heal
        ) {
            self.labels = labels
            self.annotations = annotations
            self.description = description
            self.owners = owners
            self.prune = prune
            self.driftPolicy = driftPolicy
        }
    }

    package enum Spec: Hashable, Sendable {
        case project(ProjectSpec)
        case dataset(DatasetSpec)
        case featureView(FeatureViewSpec)
        case trainingConfig(TrainingConfigSpec)
        case model(ModelSpec)
        case deployment(DeploymentSpec)
    }

    /// The place of a field, or of the nearest enclosing field that exists.
    package func location(of path: FieldPath) -> SourceLocation {
        let node = document.nearest(to: path)
        return SourceLocation(file: file, line: node.line, column: node.column)
    }
}

extension Resource: Hashable {
    package static func == (a: Resource, b: Resource) -> Bool {
        a.storage === b.storage
            || a.id == b.id && a.spec == b.spec && a.metadata == b.metadata && a.file == b.file
                && a.document == b.document
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(id)
        hasher.combine(file)
    }
}

extension Resource {
    package var dataset: DatasetSpec? {
        if case .dataset(let spec) = spec { spec } else { nil }
    }

    package var featureView: FeatureViewSpec? {
        if case .featureView(let spec) = spec { spec } else { nil }
    }

    package var trainingConfig: TrainingConfigSpec? {
        if case .trainingConfig(let spec) = spec { spec } else { nil }
    }

    package var model: ModelSpec? {
        if case .model(let spec) = spec { spec } else { nil }
    }

    package var deployment: DeploymentSpec? {
        if case .deployment(let spec) = spec { spec } else { nil }
    }

    package var project: ProjectSpec? {
        if case .project(let spec) = spec { spec } else { nil }
    }
}

/// Whether deleting the manifest removes the resource.
package enum PruneSetting: String, CaseIterable, Hashable, Sendable {
    case enabled
    /// The commit that leaves it out waits until a person approves it.
    case disabled
}

/// What is done when somebody else changed what exists.
package enum DriftPolicy: String, CaseIterable, Hashable, Sendable {
    /// It is put back.
    case heal
    /// It is told, and left.
    case report
    /// It is left.
    case off
}
