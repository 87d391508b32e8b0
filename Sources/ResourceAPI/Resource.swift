/// One manifest document with its type: identity, metadata, specification and where it stands.
package struct Resource: Hashable, Sendable {
    package let id: ResourceID
    package let metadata: Metadata
    package let spec: Spec
    /// The document as written, for positions (`location(of:)`) and for `ingot get`.
    package let document: ManifestNode
    package let file: RepositoryPath
    package init(
        id: ResourceID,
        metadata: Metadata,
        spec: Spec,
        document: ManifestNode,
        file: RepositoryPath
    ) {
        self.id = id
        self.metadata = metadata
        self.spec = spec
        self.document = document
        self.file = file
    }

    package struct Metadata: Hashable, Sendable {
        package let labels: [String: String]
        package let annotations: [String: String]
        package let description: String?
        package let owners: [String]
        package init(
            labels: [String: String],
            annotations: [String: String],
            description: String? = nil,
            owners: [String]
        ) {
            self.labels = labels
            self.annotations = annotations
            self.description = description
            self.owners = owners
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
