import ResourceAPI

extension StepCompiler {
    /// The step that computes the statistics of a snapshot and checks what is expected of it. Its
    /// inputs are `dataset`; `reference:<name>`, the snapshot of another dataset that an expectation
    /// compares with; and, to see whether the source has drifted, the snapshot's own inputs, each
    /// with `source:` before its name.
    func profileStep(of snapshot: Step, _ spec: DatasetSpec, _ id: ResourceID) -> Step {
        let references = Set(spec.expectations.compactMap { $0.reference?.dataset })
            .filter { $0 != id.name }.sorted()
        var inputs = [StepInput(name: "dataset", origin: .step(snapshot.id))]
        inputs += references.map {
            StepInput(name: "reference:\($0)", origin: .step(self.snapshot(of: $0)))
        }
        if spec.watchesDrift, !spec.source.isOutside {
            inputs += snapshot.inputs.map {
                StepInput(name: "source:\($0.name)", origin: $0.origin)
            }
        }
        return Step(
            id: StepID(id, .profile), recipeVersion: StepKind.profile.recipeVersion,
            recipe: [
                "schema": spec.schemaRecipe, "expectations": expectationsRecipe(spec, id.name),
            ],
            inputs: inputs, after: references.map(profile(of:)))
    }

    /// - Parameter snapshot: how the snapshot is made, which tells how to look at the source.
    func profileProgram(
        _ spec: DatasetSpec, of name: ResourceName, snapshot: JSONValue
    ) -> JSONValue {
        var program: [String: JSONValue] = [
            "schema": spec.schemaRecipe, "expectations": expectationsRecipe(spec, name),
        ]
        if spec.watchesDrift, !spec.source.isOutside { program["source"] = snapshot }
        return .object(program)
    }

    /// The severity matters, as a failed error stops what depends on the dataset.
    private func expectationsRecipe(_ spec: DatasetSpec, _ name: ResourceName) -> JSONValue {
        var entry: SnapshotLock.Entry?
        if case .pinned(let found) = lock.pin(of: name, spec.source) { entry = found }
        return .array(spec.expectations.map { $0.recipe(of: spec.source, entry) })
    }
}

extension Expectation {
    /// - Parameter entry: what `ingot.lock` says of the dataset's source.
    fileprivate func recipe(of source: DatasetSpec.Source, _ entry: SnapshotLock.Entry?)
        -> JSONValue
    {
        var fields = checkRecipe
        if case .schemaDrift = check, source.isOutside {
            fields["source"] = entry?.columns?.recipe ?? .null
        }
        let observed = entry?.observed
        if isComparedToObservation {
            // As every other instant, without a zone: all are UTC.
            fields["asOf"] = observed.map { .string(String($0.prefix { $0 != "Z" })) } ?? .null
        }
        fields["mostly"] = .double(mostly)
        fields["severity"] = .string(severity.rawValue)
        return .object(fields)
    }

    private var checkRecipe: [String: JSONValue] {
        switch check {
        case .unique(let columns): ["check": "unique", "columns": texts(columns)]
        case .notNull(let column): ["check": "notNull", "column": .string(column)]
        case .between(let column, let min, let max):
            [
                "check": "between", "column": .string(column),
                "min": min.map(JSONValue.double) ?? .null,
                "max": max.map(JSONValue.double) ?? .null,
            ]
        case .values(let column, let allowed):
            ["check": "values", "column": .string(column), "in": texts(allowed)]
        case .rowCount(let min, let max):
            [
                "check": "rowCount", "min": min.map(JSONValue.int) ?? .null,
                "max": max.map(JSONValue.int) ?? .null,
            ]
        case .regex(let column, let pattern):
            ["check": "regex", "column": .string(column), "pattern": .string(pattern)]
        case .freshness(let column, let maxAge, let instant):
            instant.recipe.merging([
                "check": "freshness", "column": .string(column),
                "maxAge": .string(maxAge.description),
            ]) { _, new in new }
        case .foreignKey(let columns, let dataset, let references):
            [
                "check": "foreignKey", "columns": texts(columns),
                "dataset": .string(dataset.text), "references": texts(references),
            ]
        case .schemaDrift(let drifts):
            ["check": "schemaDrift", "drifts": texts(drifts.map(\.rawValue))]
        case .condition(let sql): ["check": "sql", "condition": .string(sql)]
        case .query(let sql): ["check": "sql", "query": .string(sql)]
        }
    }

    private func texts(_ texts: [String]) -> JSONValue { .array(texts.map(JSONValue.string)) }
}

extension [SnapshotLock.Column] {
    fileprivate var recipe: JSONValue {
        .array(
            map { ["name": .string($0.name), "type": $0.type.map(JSONValue.string) ?? .null] })
    }
}

extension Expectation.Instant {
    fileprivate var recipe: [String: JSONValue] {
        switch self {
        case .time(let time): ["asOf": .string(time)]
        case .newest(let dataset, let column):
            ["comparedTo": ["dataset": .string(dataset.text), "column": .string(column)]]
        case .observed: [:]
        }
    }
}
