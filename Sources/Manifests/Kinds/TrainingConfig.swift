import ResourceAPI

extension TrainingConfigSpec {
    static func decode(_ reader: inout FieldReader) -> TrainingConfigSpec? {
        let spine = reader.required("spine").flatMap(Spine.decode)
        let label = reader.required("label").flatMap(Label.decode)
        let task = reader.required("task")?.choice(of: LearningTask.self)
        let features = reader.required("features")?.items()?
            .compactMap { [sources = label.map(LabelSources.init)] in
                FeatureSelection.decode($0, label: sources)
            }
        let split = reader.required("split").flatMap(Split.decode)
        let preprocessing =
            reader.optional("preprocessing").flatMap(Preprocessing.decode) ?? .standard
        let algorithm = reader.required("algorithm").flatMap(Algorithm.decode)
        let evaluation = reader.required("evaluation").flatMap { Evaluation.decode($0, task: task) }
        let leakGuard = reader.optional("leakGuard").flatMap(LeakGuard.decode) ?? .standard
        let seed = reader.optional("seed")?.int(in: 0...Int64(Int32.max)) ?? 0
        let resources = reader.optional("resources").flatMap(StepResources.decode) ?? .standard
        guard let spine, let label, let task, let features, let split, let algorithm,
            let evaluation
        else { return nil }
        return TrainingConfigSpec(
            spine: spine, label: label, task: task, features: features, split: split,
            preprocessing: preprocessing, algorithm: algorithm, evaluation: evaluation,
            leakGuard: leakGuard, seed: seed, resources: resources)
    }
}

extension Spine {
    static func decode(_ value: FieldValue) -> Spine? {
        guard var fields = value.reader(at: "spec.spine") else { return nil }
        let dataset = fields.required("dataset")?.resourceName()
        let timestamp = fields.required("timestamp")?.fieldName()
        let key = fields.required("key")?.distinct { $0.fieldName() }
        let condition = fields.optional("where")?.freeText()
        fields.finish()
        guard let dataset, let timestamp, let key else { return nil }
        return Spine(dataset: dataset, timestamp: timestamp, key: key, condition: condition)
    }
}

extension Label {
    /// `{name, expression}`, `{name, column}` or `{column}`.
    static func decode(_ value: FieldValue) -> Label? {
        guard var fields = value.reader(at: "spec.label") else { return nil }
        let nameField = fields.optional("name")
        let name = nameField?.fieldName(mayBeReserved: false)
        let columnField = fields.optional("column")
        let column = columnField?.fieldName(mayBeReserved: nameField != nil)
        let expressionField = fields.optional("expression")
        let expression = expressionField?.freeText()
        fields.finish()
        if columnField != nil, let expressionField {
            expressionField.report(.excludeEachOther(["column", "expression"]))
            return nil
        }
        guard
            fields.has(any: ["column"])
                || fields.has(any: ["name"]) && fields.has(any: ["expression"])
        else {
            value.report(.labelWithoutColumn)
            return nil
        }
        if let column {
            let quoted =
                "\""
                + column.split(separator: "\"", omittingEmptySubsequences: false)
                .joined(separator: "\"\"") + "\""
            return (name ?? (nameField == nil ? column : nil)).map {
                Label(name: $0, expression: quoted)
            }
        }
        guard let name, let expression else { return nil }
        return Label(name: name, expression: expression)
    }
}

extension Split {
    static func decode(_ value: FieldValue) -> Split? {
        guard var fields = value.reader(at: "spec.split") else { return nil }
        let one = fields.exactlyOne(
            of: ["time", "random"], unless: ["group", "hash", "stratified"])
        fields.finish()
        guard let one else { return nil }
        return one.key == "time" ? decodeTime(one) : decodeRandom(one)
    }

    private static func decodeTime(_ value: FieldValue) -> Split? {
        guard var fields = value.reader(at: "spec.split.time") else { return nil }
        let validation = fields.required("validation")?.time()
        let testField = fields.required("test")
        let test = testField?.time()
        fields.finish()
        guard let validation, let test else { return nil }
        if !(validation < test) { testField?.report(.splitOrder) }
        return .time(validation: validation.normalized, test: test.normalized)
    }

    private static func decodeRandom(_ value: FieldValue) -> Split? {
        guard var fields = value.reader(at: "spec.split.random") else { return nil }
        let validation = fields.required("validation")?.number(in: 0...1, excludesBounds: true)
        let testField = fields.required("test")
        let test = testField?.number(in: 0...1, excludesBounds: true)
        fields.finish()
        guard let validation, let test else { return nil }
        if validation + test >= 1 { testField?.report(.splitShares(sum: validation + test)) }
        return .random(validation: validation, test: test)
    }
}
