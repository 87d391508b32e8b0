package import ResourceAPI

extension ResourceGraph {
    /// How the worker does the step, with the compiled SQL: made when it is asked for, since that of
    /// ten thousand steps takes seconds and most of them never run.
    ///
    /// - Parameter step: of this graph.
    package func program(of step: Step) -> JSONValue {
        guard let resource = resources[step.id.resource] else { return .object([:]) }
        let compiler = StepCompiler(resources: resources, lock: lock)
        return switch resource.spec {
        case .dataset(let spec): compiler.program(of: step, spec)
        case .featureView(let spec): compiler.program(of: step, spec)
        case .trainingConfig(let spec): compiler.program(of: step, spec)
        case .project, .model, .deployment: .object([:])
        }
    }
}

extension StepCompiler {
    fileprivate func program(of step: Step, _ spec: DatasetSpec) -> JSONValue {
        if step.id.kind == .profile {
            return profileProgram(
                spec, of: step.id.resource.name, snapshot: snapshotProgram(spec))
        }
        guard case .pinned(let entry) = lock.pin(of: step.id.resource.name, spec.source) else {
            return snapshotProgram(spec)
        }
        var program = snapshotProgram(spec).object ?? [:]
        program["pinned"] = [
            "digest": .string(entry.digest.description), "observed": .string(entry.observed),
        ]
        return .object(program)
    }

    /// Of a dataset as it is, whatever `ingot.lock` says.
    func snapshotProgram(_ spec: DatasetSpec) -> JSONValue {
        switch spec.source {
        case .file(let file):
            [
                "format": .string(file.format.rawValue),
                "nullValues": .array(file.nullValues.map(JSONValue.string)),
                "path": .string(file.path.display),
                "schema": spec.schemaRecipe,
            ]
        case .http, .s3, .postgres: spec.outsideProgram
        case .noop(let noop):
            [
                "content": .string(noop.content), "seconds": .double(noop.seconds),
                "fails": .bool(noop.fails),
            ]
        case .sql(let sql):
            ["sql": SQLProgram(query: sql.query).json, "schema": spec.schemaRecipe]
        }
    }

    fileprivate func program(of step: Step, _ spec: FeatureViewSpec) -> JSONValue {
        guard let source = viewSource(step.id.resource.name, spec) else { return .object([:]) }
        guard step.id.kind == .online else {
            return [
                "sql": FeatureSQL.features(source).json,
                "expressions": FeatureSQL.expressions(source),
            ]
        }
        let instant = step.recipe["instant"]?.string
        return [
            "sql": OnlineSQL.values(source, instant: instant).json,
            "sample": OnlineSQL.sample(source, instant: instant).json,
            "view": .string(source.name.text), "entity": .array(spec.entity.map(JSONValue.string)),
            "lags": .array(OnlineSQL.lags(source).map { .int(Int64($0)) }),
            "outputs": OnlineSQL.outputs(source),
        ]
    }

    fileprivate func program(of step: Step, _ spec: TrainingConfigSpec) -> JSONValue {
        switch step.id.kind {
        case .trainingSet:
            let program = TrainingSetSQL.trainingSet(
                config: spec, spineSchema: schema(of: spec.spine.dataset),
                views: viewSources(of: spec))
            let onDemand = OnDemandInputs(of: spec, spineSchema: schema(of: spec.spine.dataset))
            var fields: [String: JSONValue] = [
                "sql": program.json, "leakGuard": leakGuardProgram(spec),
            ]
            if !onDemand.features.isEmpty {
                fields["onDemand"] = onDemand.expressionsRecipe
                fields["request"] = onDemand.requestRecipe
            }
            return .object(fields)
        case .train:
            var program = step.recipe.object ?? [:]
            program["features"] = program.removeValue(forKey: "columns")
            program["label"] = .string(spec.label.name)
            program["parity"] = ["absolute": 1e-4, "relative": 1e-4]
            return .object(program)
        default:
            return [
                "metrics": .array(spec.evaluation.metrics.map { .string($0.rawValue) }),
                "task": .string(spec.task.rawValue), "label": .string(spec.label.name),
            ]
        }
    }
}
