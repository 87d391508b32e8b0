import ResourceAPI

/// A column of the spine that is used, and whose values are known only from a time in another
/// column. The `training-set` step refuses rows in which that is not before the spine's time.
struct LateColumn: Sendable {
    let name: String
    let knownAt: String
    /// What uses it, as the subject of a sentence.
    let use: String

    /// Each column once, with its first use.
    static func all(
        of config: TrainingConfigSpec, spineSchema: [DatasetSpec.Column], views: [ViewSource]
    ) -> [LateColumn] {
        let known = Dictionary(
            spineSchema.compactMap { column in column.knownAt.map { (column.name, $0) } },
            uniquingKeysWith: { first, _ in first })
        guard !known.isEmpty else { return [] }
        var seen: Set<String> = []
        return uses(of: config, spineSchema: spineSchema, views: views).compactMap { name, use in
            guard let knownAt = known[name], seen.insert(name).inserted else { return nil }
            return LateColumn(name: name, knownAt: knownAt, use: use)
        }
    }

    private static func uses(
        of config: TrainingConfigSpec, spineSchema: [DatasetSpec.Column], views: [ViewSource]
    ) -> [(column: String, use: String)] {
        config.features.flatMap { selection -> [(String, String)] in
            switch selection {
            case .columns(let names): return names.map { ($0, "feature '\($0)'") }
            case .view(let name, _):
                let entity = views.first { $0.name == name }?.spec.entity ?? []
                return entity.map {
                    ($0, "column '\($0)', by which featureview/\(name) is joined,")
                }
            case .onDemand(let feature):
                let words = SQLExpression(feature.expression)
                return spineSchema.filter { words.column(named: $0.name) != nil }.map {
                    ($0.name, "column '\($0.name)' of the on-demand feature '\(feature.name)'")
                }
            }
        }
    }
}

extension StepCompiler {
    /// What of the leak guard decides how a training set's step ends; empty for a training config
    /// that says nothing about it.
    func leakGuardRecipe(
        _ spec: TrainingConfigSpec, late: [LateColumn]
    ) -> [String: JSONValue] {
        var recipe: [String: JSONValue] = [:]
        if let maxAUC = spec.leakGuard.maxAUC {
            recipe["leakGuard"] = ["maxAUC": .double(maxAUC)]
        }
        if !late.isEmpty {
            recipe["knownAt"] = .object(
                Dictionary(
                    late.map { ($0.name, .string($0.knownAt)) },
                    uniquingKeysWith: { first, _ in first }))
        }
        return recipe
    }

    /// What the step is told to look for.
    func leakGuardProgram(_ spec: TrainingConfigSpec) -> JSONValue {
        let spineSchema = schema(of: spec.spine.dataset)
        let views = viewSources(of: spec)
        let late = LateColumn.all(of: spec, spineSchema: spineSchema, views: views)
        let columns = TrainingSetSQL.featureColumns(
            config: spec, spineSchema: spineSchema, views: views)
        return [
            "maxAUC": .double(spec.leakGuard.maxAUC ?? LeakGuard.defaultMaxAUC),
            "task": .string(spec.task.rawValue),
            "label": .string(spec.label.name),
            "features": columnsRecipe(columns),
            "timestamp": .string(spec.spine.timestamp),
            "key": .array(spec.spine.key.map(JSONValue.string)),
            "late": .array(
                late.map {
                    [
                        "column": .string($0.name), "knownAt": .string($0.knownAt),
                        "use": .string($0.use),
                    ]
                }),
        ]
    }
}
