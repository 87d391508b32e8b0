import ResourceAPI

/// From one YAML document to a resource.
struct DocumentDecoder {
    /// What came of a document.
    struct Outcome {
        /// Nil if kind or name cannot be told.
        let id: ResourceID?
        /// Where the name stands.
        let line: Int
        let column: Int
        /// Nil if there is any problem.
        let resource: Resource?
        /// In the order of their places.
        let problems: [LocatedProblem]
        /// Resources that stood in this file before may be meant by this document, so that their
        /// absence from the file says nothing.
        let hidesResources: Bool
        /// See `DecodingContext.accepted`.
        let acceptedFields: Set<String>?
    }

    private let document: YAMLDocument
    private let file: RepositoryPath
    private let context: DecodingContext
    /// Nil if it is missing or unknown.
    private let kind: ResourceKind?

    static func decode(
        _ document: YAMLDocument, in file: RepositoryPath, limits: ManifestLimits,
        recordsFields: Bool = false
    ) -> Outcome {
        DocumentDecoder(document, file, limits, recordsFields: recordsFields).outcome()
    }

    private init(
        _ document: YAMLDocument, _ file: RepositoryPath, _ limits: ManifestLimits,
        recordsFields: Bool
    ) {
        self.document = document
        self.file = file
        kind = document.root["kind"].flatMap { node in
            guard case .scalar(let text, _) = node.content else { return nil }
            return ResourceKind(rawValue: text)
        }
        context = DecodingContext(
            kind: kind, problemsMax: limits.diagnostics, recordsFields: recordsFields)
    }

    private func outcome() -> Outcome {
        // With parts missing from the tree, anything found below would be about the hole.
        let decoded = document.hasHoles ? nil : decode()
        let id = identity()
        let problems = (document.problems + context.problems).sorted {
            ($0.line, $0.column) < ($1.line, $1.column)
        }
        var resource: Resource?
        if problems.isEmpty, let id, let (metadata, spec) = decoded {
            resource = Resource(
                id: id, metadata: metadata, spec: spec, document: document.root, file: file)
        }
        let place = document.root["metadata"]?["name"] ?? document.root
        let isAmbiguous = document.problems.contains { located in
            guard case .duplicateKey(let key) = located.problem else { return false }
            return ["kind", "metadata", "name"].contains(key)
        }
        return Outcome(
            id: id, line: place.line, column: place.column, resource: resource,
            problems: problems, hidesResources: id == nil || document.hasHoles || isAmbiguous,
            acceptedFields: context.accepted)
    }

    /// Kind and name, however bad the rest is.
    private func identity() -> ResourceID? {
        guard let kind, let node = document.root["metadata"]?["name"],
            case .scalar(let text, _) = node.content, let name = ResourceName(text)
        else { return nil }
        return ResourceID(kind, name)
    }

    private func decode() -> (Resource.Metadata, Resource.Spec)? {
        guard case .mapping(let entries) = document.root.content else {
            context.report(.notAMapping(found: document.root.content), at: document.root)
            return nil
        }
        var reader = FieldReader(entries, of: document.root, path: "", context: context)
        if let version = reader.required("apiVersion") {
            if case .scalar("ingot/v1", _) = version.node.content {
            } else if case .scalar(let text, _) = version.node.content {
                version.report(.apiVersion(text))
            } else {
                version.report(
                    .wrongType(
                        version.name, expected: "ingot/v1", found: version.node.content,
                        path: version.path))
            }
        }
        _ = reader.required("kind")?.choice(of: ResourceKind.self)
        var metadata: Resource.Metadata?
        if var fields = reader.required("metadata")?.reader(at: "metadata") {
            _ = fields.required("name")?.resourceName()
            metadata = Resource.Metadata.decode(&fields)
            fields.finish()
        }
        let value = reader.required("spec")
        reader.finish()
        guard let kind, var fields = value?.reader(at: "spec") else { return nil }
        let spec = Resource.Spec.decode(kind, &fields)
        fields.finish()
        guard let metadata, let spec else { return nil }
        return (metadata, spec)
    }
}

extension Resource.Spec {
    fileprivate static func decode(
        _ kind: ResourceKind, _ reader: inout FieldReader
    ) -> Resource.Spec? {
        switch kind {
        case .project: ProjectSpec.decode(&reader).map(Self.project)
        case .dataset: DatasetSpec.decode(&reader).map(Self.dataset)
        case .featureView: FeatureViewSpec.decode(&reader).map(Self.featureView)
        case .trainingConfig: TrainingConfigSpec.decode(&reader).map(Self.trainingConfig)
        case .model: ModelSpec.decode(&reader).map(Self.model)
        case .deployment: DeploymentSpec.decode(&reader).map(Self.deployment)
        }
    }
}
