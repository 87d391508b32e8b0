import ResourceAPI

/// What must hold between a resource and those it refers to. A dataset without a schema promises
/// nothing, so nothing is checked against it: its step will tell.
struct ReferenceChecks {
    let resource: Resource
    private var problems: [Diagnostic] = []

    static func check(
        _ resource: Resource, among resources: [ResourceID: Resource]
    ) -> [Diagnostic] {
        var checks = ReferenceChecks(resource: resource)
        checks.checkNoops(among: resources)
        switch resource.spec {
        case .project: break
        case .dataset(let dataset): checks.check(dataset, among: resources)
        case .featureView(let view):
            if let dataset = view.dataset {
                let schema = resources[ResourceID(.dataset, dataset)]?.dataset?.schema ?? []
                checks.check(view, of: dataset, schema: schema)
            } else if case .view(let base) = view.source {
                checks.check(
                    view, of: base, ViewSource.resolve(resource.id.name, view, among: resources))
            }
        case .trainingConfig(let config):
            checks.check(config, among: resources)
        case .model: break
        case .deployment(let deployment):
            let model = resources[ResourceID(.model, deployment.model)]?.model
            checks.check(deployment, model: model)
        }
        return checks.problems
    }

    private init(resource: Resource) {
        self.resource = resource
    }

    /// A dataset that has no rows cannot be read as one.
    private mutating func checkNoops(among resources: [ResourceID: Resource]) {
        let isNoop = resource.isNoop
        for reference in resource.references where reference.target.kind == .dataset {
            guard let target = resources[reference.target], target.isNoop != isNoop else {
                continue
            }
            if isNoop {
                fail(
                    "\(resource.id) does nothing and can only depend on datasets that do nothing",
                    at: reference.path, hint: "\(target.id) has a source of another sort")
            } else {
                fail(
                    "\(target.id) does nothing, so there is no data to read", at: reference.path,
                    hint: "give it a source with rows, or refer to another dataset")
            }
        }
    }

    mutating func fail(_ message: String, at path: FieldPath, hint: String? = nil) {
        problems.append(
            .error(message, at: resource.location(of: path), hint: hint, resource: resource.id))
    }

    /// The type of a column; reports it if the schema is known and lacks it.
    @discardableResult
    mutating func column(
        _ name: String, of dataset: ResourceName, in schema: [DatasetSpec.Column],
        at path: FieldPath
    ) -> ColumnType? {
        guard !schema.isEmpty else { return nil }
        if let column = schema.first(where: { $0.name == name }) { return column.type }
        let names = schema.map(\.name)
        fail(
            "dataset/\(dataset) has no column '\(name)'", at: path,
            hint: NearName.hint(for: name, among: names)
                ?? "its columns: \(names.joined(separator: ", "))")
        return nil
    }

    mutating func requireTimestamp(
        _ name: String, of dataset: ResourceName, in schema: [DatasetSpec.Column],
        at path: FieldPath
    ) {
        guard let type = column(name, of: dataset, in: schema, at: path) else { return }
        if type != .timestamp && type != .date {
            fail(
                "column '\(name)' of dataset/\(dataset) is a \(type.rawValue), not a timestamp",
                at: path, hint: "give a column of type timestamp or date")
        }
    }
}

extension ReferenceChecks {
    private mutating func check(
        _ view: FeatureViewSpec, of dataset: ResourceName, schema: [DatasetSpec.Column]
    ) {
        let spec = FieldPath("spec")
        for (index, name) in view.entity.enumerated() {
            column(name, of: dataset, in: schema, at: spec.key("entity").index(index))
        }
        if let timestamp = view.timestamp {
            requireTimestamp(timestamp, of: dataset, in: schema, at: spec.key("timestamp"))
        }
        if case .column(let name) = view.knownAt {
            requireTimestamp(
                name, of: dataset, in: schema, at: spec.key("knownAt").key("column"))
        }
        for (index, feature) in view.features.enumerated() {
            let path = spec.key("features").index(index)
            guard case .column(let name) = feature.value else { continue }
            let type = column(name, of: dataset, in: schema, at: path.key("column"))
            guard let type else { continue }
            check(feature, of: type, name: name, at: path)
        }
    }

    /// A view of a view has its entity columns and features without an aggregate to choose from.
    private mutating func check(
        _ view: FeatureViewSpec, of base: ResourceName, _ source: ViewSource?
    ) {
        guard let source, let rows = source.base else { return }
        let spec = FieldPath("spec")
        for (index, name) in view.entity.enumerated() where !rows.entity.contains(name) {
            fail(
                "'\(name)' is no entity column of featureview/\(base)",
                at: spec.key("entity").index(index),
                hint: "its entity: \(rows.entity.joined(separator: ", "))")
        }
        let columns = rows.columns.map(\.feature)
        for (index, feature) in view.features.enumerated() {
            let path = spec.key("features").index(index)
            guard case .column(let name) = feature.value else { continue }
            if !columns.contains(name), !rows.entity.contains(name) {
                fail(
                    "featureview/\(base) has no feature '\(name)' of single rows",
                    at: path.key("column"),
                    hint: NearName.hint(for: name, among: columns)
                        ?? "those without aggregate and lag: \(columns.joined(separator: ", "))")
            } else if let type = source.schema.first(where: { $0.name == name })?.type {
                check(feature, of: type, name: name, at: path)
            }
        }
    }

    private mutating func check(
        _ feature: Feature, of type: ColumnType, name: String, at path: FieldPath
    ) {
        if let aggregate = feature.aggregate, aggregate.isNumeric, !type.isNumeric {
            let others = Feature.Aggregate.allCases.filter { !$0.isNumeric }.map(\.rawValue)
            fail(
                "cannot take the \(aggregate.rawValue) of column '\(name)', which is a "
                    + type.rawValue, at: path.key("aggregate"),
                hint:
                    "it takes numbers and booleans; \(others.joined(separator: ", ")) take all types"
            )
        } else if feature.aggregate?.isCount != true, type == .timestamp || type == .date {
            fail(
                "a \(type.rawValue) cannot be a feature", at: path.key("column"),
                hint: "make a number of it with an expression, such as epoch(\(name))")
        }
    }

    private mutating func check(
        _ config: TrainingConfigSpec, among resources: [ResourceID: Resource]
    ) {
        let spec = FieldPath("spec")
        let dataset = config.spine.dataset
        let schema = resources[ResourceID(.dataset, dataset)]?.dataset?.schema ?? []
        let spine = spec.key("spine")
        requireTimestamp(
            config.spine.timestamp, of: dataset, in: schema, at: spine.key("timestamp"))
        for (index, name) in config.spine.key.enumerated() {
            column(name, of: dataset, in: schema, at: spine.key("key").index(index))
        }
        for (index, selection) in config.features.enumerated() {
            let path = spec.key("features").index(index)
            switch selection {
            case .columns(let names):
                check(
                    columns: names, of: dataset, in: schema, label: config.label,
                    at: path.key("columns"))
            case .view(let name, let select):
                let view = resources[ResourceID(.featureView, name)]?.featureView
                if let view {
                    check(view, named: name, select: select, spine: dataset, schema, at: path)
                }
            case .onDemand(let feature):
                check(
                    feature, of: config, views: ViewSource.all(of: config, among: resources),
                    schema: schema, at: path.key("onDemand"))
            }
        }
    }

    private mutating func check(
        columns names: [String], of dataset: ResourceName, in schema: [DatasetSpec.Column],
        label: Label, at path: FieldPath
    ) {
        for (index, name) in names.enumerated() {
            let type = column(name, of: dataset, in: schema, at: path.index(index))
            if type == .timestamp || type == .date {
                fail(
                    "a \(type?.rawValue ?? "time") cannot be a feature", at: path.index(index),
                    hint: "make a number of it in the dataset's query, such as hour(\(name))")
            }
            if name == label.name {
                fail(
                    "'\(name)' is the label and cannot be a feature too", at: path.index(index),
                    hint: "rename the label or remove the feature")
            }
        }
    }

    private mutating func check(
        _ view: FeatureViewSpec, named name: ResourceName, select: [String]?,
        spine dataset: ResourceName, _ schema: [DatasetSpec.Column], at path: FieldPath
    ) {
        for entity in view.entity
        where !schema.isEmpty && !schema.contains(where: { $0.name == entity }) {
            fail(
                "featureview/\(name) is joined by '\(entity)', which dataset/\(dataset) has not",
                at: path.key("view"),
                hint: "add a column '\(entity)' to dataset/\(dataset)")
        }
        let outputs = view.features.flatMap { [$0.name] + $0.outputs }
        for (index, wanted) in (select ?? []).enumerated() where !outputs.contains(wanted) {
            fail(
                "featureview/\(name) has no feature '\(wanted)'",
                at: path.key("select").index(index),
                hint: Self.sameWindow(as: wanted, among: outputs)
                    ?? NearName.hint(for: wanted, among: outputs)
                    ?? "its features: \(view.features.map(\.name).joined(separator: ", "))")
        }
    }

    /// A column whose window is as long, but written in another way.
    private static func sameWindow(as wanted: String, among outputs: [String]) -> String? {
        guard let mark = wanted.lastIndex(of: "_"),
            let window = ManifestDuration(String(wanted[wanted.index(after: mark)...]))
        else { return nil }
        let name = "\(wanted[..<mark])_\(window)"
        guard name != wanted, outputs.contains(name) else { return nil }
        return "windows of that length are written '\(window)': '\(name)'"
    }

    private mutating func check(_ deployment: DeploymentSpec, model: ModelSpec?) {
        guard let model, !model.stages.contains(where: { $0.name == deployment.stage }) else {
            return
        }
        let names = model.stages.map(\.name.text)
        fail(
            "model/\(deployment.model) has no stage '\(deployment.stage)'",
            at: FieldPath("spec.model.stage"),
            hint: NearName.hint(for: deployment.stage.text, among: names)
                ?? (names.isEmpty
                    ? "it has no stages" : "its stages: \(names.joined(separator: ", "))"))
    }
}

extension Resource {
    fileprivate var isNoop: Bool {
        if case .noop? = dataset?.source { true } else { false }
    }
}
