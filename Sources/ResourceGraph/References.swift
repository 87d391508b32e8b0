package import ResourceAPI

/// One resource naming another, and the field where it does.
struct Reference {
    let target: ResourceID
    let path: FieldPath
}

/// Parsed once: references are followed for every resource at every commit.
private enum ReferencePath {
    static let sqlInputs = FieldPath("spec.sql.inputs")
    static let noopInputs = FieldPath("spec.source.noop.dependsOn")
    static let expectations = FieldPath("spec.expectations")
    static let viewDataset = FieldPath("spec.source.dataset")
    static let viewOfView = FieldPath("spec.source.view")
    static let spine = FieldPath("spec.spine.dataset")
    static let features = FieldPath("spec.features")
    static let trainingConfig = FieldPath("spec.trainingConfig")
    static let model = FieldPath("spec.model.name")
}

extension Resource {
    /// What it names, in the order of its fields.
    package var dependencies: [ResourceID] { references.map(\.target) }

    /// The resources that this one names, in the order of its fields.
    var references: [Reference] {
        switch spec {
        case .project:
            return []
        case .dataset(let dataset):
            let (names, path): ([ResourceName], FieldPath) =
                switch dataset.source {
                case .file, .http, .s3, .postgres: ([], FieldPath())
                case .sql(let source): (source.inputs, ReferencePath.sqlInputs)
                case .noop(let source): (source.dependsOn, ReferencePath.noopInputs)
                }
            return names.enumerated().map { index, name in
                Reference(target: ResourceID(.dataset, name), path: path.index(index))
            } + references(of: dataset.expectations)
        case .featureView(let view):
            let reference =
                switch view.source {
                case .dataset(let name):
                    Reference(
                        target: ResourceID(.dataset, name), path: ReferencePath.viewDataset)
                case .view(let name):
                    Reference(
                        target: ResourceID(.featureView, name), path: ReferencePath.viewOfView)
                }
            return [reference]
        case .trainingConfig(let config):
            let spine = Reference(
                target: ResourceID(.dataset, config.spine.dataset),
                path: ReferencePath.spine)
            let views = config.features.enumerated().compactMap { index, selection in
                if case .view(let name, _) = selection {
                    Reference(
                        target: ResourceID(.featureView, name),
                        path: ReferencePath.features.index(index).key("view"))
                } else {
                    nil
                }
            }
            return [spine] + views
        case .model(let model):
            return [
                Reference(
                    target: ResourceID(.trainingConfig, model.trainingConfig),
                    path: ReferencePath.trainingConfig)
            ]
        case .deployment(let deployment):
            return [
                Reference(
                    target: ResourceID(.model, deployment.model),
                    path: ReferencePath.model)
            ]
        }
    }

    /// A dataset may compare itself with itself, which is no reference.
    private func references(of expectations: [Expectation]) -> [Reference] {
        expectations.enumerated().compactMap { index, expectation in
            guard let (dataset, field) = expectation.reference, dataset != id.name else {
                return nil
            }
            return Reference(
                target: ResourceID(.dataset, dataset),
                path: field.reduce(ReferencePath.expectations.index(index)) { $0.key($1) })
        }
    }
}
