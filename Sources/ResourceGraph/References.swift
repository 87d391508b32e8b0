import ResourceAPI

/// One resource naming another, and the field where it does.
struct Reference {
    let target: ResourceID
    let path: FieldPath
}

extension Resource {
    /// The resources that this one names, in the order of its fields.
    var references: [Reference] {
        switch spec {
        case .project:
            return []
        case .dataset(let dataset):
            guard case .sql(let source) = dataset.source else { return [] }
            return source.inputs.enumerated().map { index, name in
                Reference(
                    target: ResourceID(.dataset, name),
                    path: FieldPath("spec.sql.inputs").index(index))
            }
        case .featureView(let view):
            return [
                Reference(
                    target: ResourceID(.dataset, view.dataset),
                    path: FieldPath("spec.source.dataset"))
            ]
        case .trainingConfig(let config):
            let spine = Reference(
                target: ResourceID(.dataset, config.spine.dataset),
                path: FieldPath("spec.spine.dataset"))
            let views = config.features.enumerated().compactMap { index, selection in
                if case .view(let name, _) = selection {
                    Reference(
                        target: ResourceID(.featureView, name),
                        path: FieldPath("spec.features").index(index).key("view"))
                } else {
                    nil
                }
            }
            return [spine] + views
        case .model(let model):
            return [
                Reference(
                    target: ResourceID(.trainingConfig, model.trainingConfig),
                    path: FieldPath("spec.trainingConfig"))
            ]
        case .deployment(let deployment):
            return [
                Reference(
                    target: ResourceID(.model, deployment.model),
                    path: FieldPath("spec.model.name"))
            ]
        }
    }
}
