import ResourceAPI

/// Compiles one resource, whose references are known to resolve, into its steps.
struct StepCompiler {
    let resources: [ResourceID: Resource]
    let lock: SnapshotLock

    func steps(of resource: Resource) -> [Step] {
        switch resource.spec {
        case .dataset(let spec): steps(of: spec, resource.id)
        case .featureView(let spec): steps(of: spec, resource.id)
        case .trainingConfig(let spec): steps(of: spec, resource.id)
        case .project, .model, .deployment: []
        }
    }

    /// Of what kinds `steps(of:)` are, in the same order.
    static func kinds(of resource: Resource) -> [StepKind] {
        switch resource.spec {
        case .dataset(let spec):
            if case .noop = spec.source { [.noop] } else { [.snapshot, .profile] }
        case .featureView(let spec): spec.online ? [.features, .online] : [.features]
        case .trainingConfig: [.trainingSet, .train, .evaluate]
        case .project, .model, .deployment: []
        }
    }

    func schema(of dataset: ResourceName) -> [DatasetSpec.Column] {
        resources[ResourceID(.dataset, dataset)]?.dataset?.schema ?? []
    }

    func snapshot(of dataset: ResourceName) -> StepID {
        StepID(ResourceID(.dataset, dataset), .snapshot)
    }

    func profile(of dataset: ResourceName) -> StepID {
        StepID(ResourceID(.dataset, dataset), .profile)
    }
}

// MARK: - Datasets and feature views

extension StepCompiler {
    private func steps(of spec: DatasetSpec, _ id: ResourceID) -> [Step] {
        if case .noop(let noop) = spec.source { return [noopStep(noop, spec, id)] }
        let snapshot = snapshotStep(StepID(id, .snapshot), spec)
        return [snapshot, profileStep(of: snapshot, spec, id)]
    }

    private func noopStep(_ noop: NoopSource, _ spec: DatasetSpec, _ id: ResourceID) -> Step {
        let id = StepID(id, .noop)
        return Step(
            id: id, recipeVersion: id.kind.recipeVersion, recipe: spec.snapshotRecipe,
            inputs: Set(noop.dependsOn).map {
                StepInput(name: $0.text, origin: .step(StepID(ResourceID(.dataset, $0), .noop)))
            })
    }

    private func snapshotStep(_ id: StepID, _ spec: DatasetSpec) -> Step {
        switch lock.pin(of: id.resource.name, spec.source) {
        case .pinned(let entry):
            Step(
                id: id, recipeVersion: id.kind.recipeVersion, recipe: spec.pinnedRecipe(entry),
                inputs: freeSnapshotStep(id, spec).inputs)
        case .missing(let problem):
            Step(
                id: id, recipeVersion: id.kind.recipeVersion, recipe: spec.snapshotRecipe,
                inputs: [StepInput(name: "source", origin: .unpinned(problem))])
        case .free: freeSnapshotStep(id, spec)
        }
    }

    /// Its rows are what its inputs are.
    func freeSnapshotStep(_ id: StepID, _ spec: DatasetSpec) -> Step {
        switch spec.source {
        case .file(let file):
            Step(
                id: id, recipeVersion: id.kind.recipeVersion, recipe: spec.snapshotRecipe,
                inputs: [StepInput(name: "source", origin: .file(file.path))])
        case .http, .s3, .postgres:
            Step(
                id: id, recipeVersion: id.kind.recipeVersion, recipe: spec.snapshotRecipe,
                inputs: [])
        case .noop(let noop): noopStep(noop, spec, id.resource)
        case .sql(let sql):
            Step(
                id: id, recipeVersion: id.kind.recipeVersion, recipe: spec.snapshotRecipe,
                inputs: sql.inputs.map {
                    StepInput(name: $0.text, origin: .step(snapshot(of: $0)))
                },
                after: sql.inputs.map(profile(of:)))
        }
    }

    private func steps(of spec: FeatureViewSpec, _ id: ResourceID) -> [Step] {
        let input: StepInput
        var after: [StepID] = []
        switch spec.source {
        case .dataset(let dataset):
            input = StepInput(name: "dataset", origin: .step(snapshot(of: dataset)))
            after = [profile(of: dataset)]
        case .view(let view):
            let features = StepID(ResourceID(.featureView, view), .features)
            input = StepInput(name: "view", origin: .step(features))
        }
        let recipe = spec.recipe(knownAt: viewSource(id.name, spec)?.knownAt)
        let features = Step(
            id: StepID(id, .features), recipeVersion: StepKind.features.recipeVersion,
            recipe: recipe, inputs: [input], after: after)
        return spec.online ? [features, onlineStep(id, recipe)] : [features]
    }

    private func onlineStep(_ id: ResourceID, _ recipe: JSONValue) -> Step {
        let input = StepInput(
            name: "view:\(id.name)", origin: .step(StepID(id, .features)))
        return Step(
            id: StepID(id, .online), recipeVersion: StepKind.online.recipeVersion,
            recipe: recipe, inputs: [input])
    }
}

// MARK: - Training configs

extension StepCompiler {
    private func steps(of spec: TrainingConfigSpec, _ id: ResourceID) -> [Step] {
        let views = viewSources(of: spec)
        let spineSchema = schema(of: spec.spine.dataset)
        let columns = TrainingSetSQL.featureColumns(
            config: spec, spineSchema: spineSchema, views: views)
        return [
            trainingSetStep(spec, id, views: views, spineSchema: spineSchema),
            trainStep(
                spec, id, columns: columns,
                onDemand: OnDemandInputs(of: spec, spineSchema: spineSchema)),
            evaluateStep(spec, id),
        ]
    }

    func viewSources(of spec: TrainingConfigSpec) -> [ViewSource] {
        ViewSource.all(of: spec, among: resources)
    }

    /// - Returns: nil if a view that it is of cannot be found.
    func viewSource(_ name: ResourceName, _ spec: FeatureViewSpec) -> ViewSource? {
        ViewSource.resolve(name, spec, among: resources)
    }

    /// Only the features that are selected, so that a view's other features do not matter.
    private func viewRecipes(of spec: TrainingConfigSpec) -> JSONValue {
        var recipes: [String: JSONValue] = [:]
        for selection in spec.features {
            guard case .view(let name, let select) = selection,
                let view = resources[ResourceID(.featureView, name)]?.featureView
            else { continue }
            recipes[name.text] = view.recipe(
                selecting: select, knownAt: viewSource(name, view)?.knownAt)
        }
        return .object(recipes)
    }

    private func trainingSetStep(
        _ spec: TrainingConfigSpec, _ id: ResourceID, views: [ViewSource],
        spineSchema: [DatasetSpec.Column]
    ) -> Step {
        let viewInputs = views.map {
            StepInput(
                name: "view:\($0.name)",
                origin: .step(StepID(ResourceID(.featureView, $0.name), .features)))
        }
        let spine = StepInput(name: "spine", origin: .step(snapshot(of: spec.spine.dataset)))
        let late = LateColumn.all(of: spec, spineSchema: spineSchema, views: views)
        let recipe: [String: JSONValue] = [
            "spine": spec.spineRecipe,
            "label": [
                "name": .string(spec.label.name), "expression": .string(spec.label.expression),
            ],
            "task": .string(spec.task.rawValue),
            "features": spec.featuresRecipe,
            "views": viewRecipes(of: spec),
            "split": spec.splitRecipe,
        ]
        let guarded = recipe.merging(leakGuardRecipe(spec, late: late)) { first, _ in first }
        return Step(
            id: StepID(id, .trainingSet), recipeVersion: StepKind.trainingSet.recipeVersion,
            recipe: .object(guarded),
            inputs: [spine] + viewInputs, after: [profile(of: spec.spine.dataset)],
            seed: trainingSetSeed(spec), resources: spec.resources)
    }

    /// A time split draws nothing, so another seed shall not rebuild it.
    private func trainingSetSeed(_ spec: TrainingConfigSpec) -> Int64 {
        if case .random = spec.split { spec.seed } else { 0 }
    }

    private func trainStep(
        _ spec: TrainingConfigSpec, _ id: ResourceID, columns: [FeatureColumn],
        onDemand: OnDemandInputs
    ) -> Step {
        var recipe: [String: JSONValue] = [
            "task": .string(spec.task.rawValue),
            "label": ["name": .string(spec.label.name)],
            // Not under `features`: these are the training set's columns, not the manifest's list.
            "columns": columnsRecipe(columns),
            "preprocessing": spec.preprocessingRecipe,
            "algorithm": spec.algorithmRecipe,
        ]
        if !onDemand.features.isEmpty {
            recipe["onDemand"] = onDemand.expressionsRecipe
            recipe["request"] = onDemand.requestRecipe
        }
        return Step(
            id: StepID(id, .train), recipeVersion: StepKind.train.recipeVersion,
            recipe: .object(recipe),
            inputs: [
                StepInput(name: "training-set", origin: .step(StepID(id, .trainingSet)))
            ],
            seed: spec.seed, resources: spec.resources)
    }

    func columnsRecipe(_ columns: [FeatureColumn]) -> JSONValue {
        .array(
            columns.map {
                [
                    "name": .string($0.name),
                    "type": .string($0.recipeType),
                    // What the caller of the model knows himself has to be given; what a view
                    // computes may be unknown to him, and then counts as missing.
                    "required": .bool(!$0.isFromView && !$0.isOnDemand),
                ]
            })
    }

    private func evaluateStep(_ spec: TrainingConfigSpec, _ id: ResourceID) -> Step {
        let metrics = JSONValue.array(spec.evaluation.metrics.map { .string($0.rawValue) })
        return Step(
            id: StepID(id, .evaluate), recipeVersion: StepKind.evaluate.recipeVersion,
            recipe: [
                "evaluation": ["metrics": metrics], "task": .string(spec.task.rawValue),
                "label": ["name": .string(spec.label.name)],
            ],
            inputs: [
                StepInput(name: "model", origin: .step(StepID(id, .train))),
                StepInput(name: "training-set", origin: .step(StepID(id, .trainingSet))),
            ],
            // One thread scores fast enough and keeps the result independent of `cpus`.
            resources: StepResources(
                cpus: 1, memoryBytes: spec.resources.memoryBytes,
                timeoutSeconds: spec.resources.timeoutSeconds))
    }
}

extension FeatureColumn {
    /// What an on-demand feature gives is known when its expression is compiled.
    fileprivate var recipeType: String {
        if isOnDemand { return "on-demand" }
        return isCategorical ? "categorical" : "numeric"
    }
}
