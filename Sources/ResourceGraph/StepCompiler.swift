import ResourceAPI

/// Compiles one resource, whose references are known to resolve, into its steps.
struct StepCompiler {
    let resources: [ResourceID: Resource]

    func steps(of resource: Resource) -> [Step] {
        switch resource.spec {
        case .dataset(let spec): steps(of: spec, resource.id)
        case .featureView(let spec): steps(of: spec, resource.id)
        case .trainingConfig(let spec): steps(of: spec, resource.id)
        case .project, .model, .deployment: []
        }
    }

    private func schema(of dataset: ResourceName) -> [DatasetSpec.Column] {
        resources[ResourceID(.dataset, dataset)]?.dataset?.schema ?? []
    }

    private func snapshot(of dataset: ResourceName) -> StepID {
        StepID(ResourceID(.dataset, dataset), .snapshot)
    }

    private func profile(of dataset: ResourceName) -> StepID {
        StepID(ResourceID(.dataset, dataset), .profile)
    }
}

// MARK: - Datasets and feature views

extension StepCompiler {
    private func steps(of spec: DatasetSpec, _ id: ResourceID) -> [Step] {
        let snapshot = StepID(id, .snapshot)
        let profile = Step(
            id: StepID(id, .profile), recipeVersion: StepKind.profile.recipeVersion,
            recipe: ["schema": spec.schemaRecipe, "expectations": spec.expectationsRecipe],
            inputs: [StepInput(name: "dataset", origin: .step(snapshot))],
            program: ["schema": spec.schemaRecipe, "expectations": spec.expectationsRecipe])
        return [snapshotStep(snapshot, spec), profile]
    }

    private func snapshotStep(_ id: StepID, _ spec: DatasetSpec) -> Step {
        switch spec.source {
        case .file(let file):
            Step(
                id: id, recipeVersion: id.kind.recipeVersion, recipe: spec.snapshotRecipe,
                inputs: [StepInput(name: "source", origin: .file(file.path))],
                program: [
                    "format": .string(file.format.rawValue),
                    "nullValues": .array(file.nullValues.map(JSONValue.string)),
                    "path": .string(file.path.display),
                    "schema": spec.schemaRecipe,
                ])
        case .sql(let sql):
            Step(
                id: id, recipeVersion: id.kind.recipeVersion, recipe: spec.snapshotRecipe,
                inputs: sql.inputs.map {
                    StepInput(name: $0.text, origin: .step(snapshot(of: $0)))
                },
                after: sql.inputs.map(profile(of:)),
                program: [
                    "sql": SQLProgram(query: sql.query).json, "schema": spec.schemaRecipe,
                ])
        }
    }

    private func steps(of spec: FeatureViewSpec, _ id: ResourceID) -> [Step] {
        let source = ViewSource(name: id.name, spec: spec, schema: schema(of: spec.dataset))
        return [
            Step(
                id: StepID(id, .features), recipeVersion: StepKind.features.recipeVersion,
                recipe: spec.recipe(),
                inputs: [StepInput(name: "dataset", origin: .step(snapshot(of: spec.dataset)))],
                after: [profile(of: spec.dataset)],
                program: ["sql": FeatureSQL.features(source).json])
        ]
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
            trainStep(spec, id, columns: columns),
            evaluateStep(spec, id),
        ]
    }

    private func viewSources(of spec: TrainingConfigSpec) -> [ViewSource] {
        var seen: Set<ResourceName> = []
        return spec.features.compactMap { selection in
            guard case .view(let name, _) = selection, seen.insert(name).inserted,
                let view = resources[ResourceID(.featureView, name)]?.featureView
            else { return nil }
            return ViewSource(name: name, spec: view, schema: schema(of: view.dataset))
        }
    }

    /// Only the features that are selected, so that a view's other features do not matter.
    private func viewRecipes(of spec: TrainingConfigSpec) -> JSONValue {
        var recipes: [String: JSONValue] = [:]
        for selection in spec.features {
            guard case .view(let name, let select) = selection,
                let view = resources[ResourceID(.featureView, name)]?.featureView
            else { continue }
            recipes[name.text] = view.recipe(selecting: select)
        }
        return .object(recipes)
    }

    private func trainingSetStep(
        _ spec: TrainingConfigSpec, _ id: ResourceID, views: [ViewSource],
        spineSchema: [DatasetSpec.Column]
    ) -> Step {
        let program = TrainingSetSQL.trainingSet(
            config: spec, spineSchema: spineSchema, views: views)
        let viewInputs = views.map {
            StepInput(
                name: "view:\($0.name)",
                origin: .step(StepID(ResourceID(.featureView, $0.name), .features)))
        }
        let spine = StepInput(name: "spine", origin: .step(snapshot(of: spec.spine.dataset)))
        return Step(
            id: StepID(id, .trainingSet), recipeVersion: StepKind.trainingSet.recipeVersion,
            recipe: [
                "spine": spec.spineRecipe,
                "label": [
                    "name": .string(spec.label.name), "expression": .string(spec.label.expression),
                ],
                "task": .string(spec.task.rawValue),
                "features": spec.featuresRecipe,
                "views": viewRecipes(of: spec),
                "split": spec.splitRecipe,
            ],
            inputs: [spine] + viewInputs, after: [profile(of: spec.spine.dataset)],
            program: ["sql": program.json], seed: trainingSetSeed(spec),
            resources: spec.resources)
    }

    /// A time split draws nothing, so another seed shall not rebuild it.
    private func trainingSetSeed(_ spec: TrainingConfigSpec) -> Int64 {
        if case .random = spec.split { spec.seed } else { 0 }
    }

    private func trainStep(
        _ spec: TrainingConfigSpec, _ id: ResourceID, columns: [FeatureColumn]
    ) -> Step {
        let features = JSONValue.array(
            columns.map {
                [
                    "name": .string($0.name),
                    "type": .string($0.isCategorical ? "categorical" : "numeric"),
                    // What the caller of the model knows himself has to be given; what a view
                    // computes may be unknown to him, and then counts as missing.
                    "required": .bool(!$0.isFromView),
                ]
            })
        let recipe: [String: JSONValue] = [
            "task": .string(spec.task.rawValue),
            "label": ["name": .string(spec.label.name)],
            // Not under `features`: these are the training set's columns, not the manifest's list.
            "columns": features,
            "preprocessing": spec.preprocessingRecipe,
            "algorithm": spec.algorithmRecipe,
        ]
        var program = recipe
        program["columns"] = nil
        program["features"] = features
        program["label"] = .string(spec.label.name)
        program["parity"] = ["absolute": 1e-4, "relative": 1e-4]
        return Step(
            id: StepID(id, .train), recipeVersion: StepKind.train.recipeVersion,
            recipe: .object(recipe),
            inputs: [
                StepInput(name: "training-set", origin: .step(StepID(id, .trainingSet)))
            ],
            program: .object(program), seed: spec.seed, resources: spec.resources)
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
            program: [
                "metrics": metrics, "task": .string(spec.task.rawValue),
                "label": .string(spec.label.name),
            ],
            // One thread scores fast enough and keeps the result independent of `cpus`.
            resources: StepResources(
                cpus: 1, memoryBytes: spec.resources.memoryBytes,
                timeoutSeconds: spec.resources.timeoutSeconds))
    }
}
