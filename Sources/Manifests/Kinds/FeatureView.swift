import ResourceAPI

extension FeatureViewSpec {
    static func decode(_ reader: inout FieldReader) -> FeatureViewSpec? {
        var dataset: ResourceName?
        if var source = reader.required("source")?.reader(at: "spec.source") {
            dataset = source.required("dataset")?.resourceName()
            source.finish()
        }
        let entity = reader.required("entity")?.distinct { $0.fieldName() }
        let timestamp = reader.required("timestamp")?.fieldName()
        let knownAt = reader.optional("knownAt").map(KnownAt.decode)
        let ttl = reader.optional("ttl")?.duration()
        let items = reader.required("features")?.items()
        let online = reader.optional("online")?.bool()
        let features = items?.compactMap(Feature.decode)
        if let features, features.count == items?.count { checkOutputs(features, items ?? []) }
        guard let dataset, let entity, let timestamp, let features else { return nil }
        return FeatureViewSpec(
            dataset: dataset, entity: entity, timestamp: timestamp,
            knownAt: (knownAt ?? nil) ?? .delay(ManifestDuration(seconds: 0)), ttl: ttl,
            features: features, online: online ?? false)
    }

    /// No two features may make a column of one name. Called only if every item gave a feature, so
    /// that both lists go together.
    private static func checkOutputs(_ features: [Feature], _ items: [FieldValue]) {
        var seen: Set<String> = []
        for (feature, item) in zip(features, items) {
            for output in feature.outputs where !seen.insert(output).inserted {
                item.report(.outputTwice(output))
            }
        }
    }
}

extension FeatureViewSpec.KnownAt {
    static func decode(_ value: FieldValue) -> FeatureViewSpec.KnownAt? {
        guard var fields = value.reader(at: "spec.knownAt") else { return nil }
        let one = fields.exactlyOne(of: ["delay", "column"])
        fields.finish()
        guard let one else { return nil }
        if one.key == "delay" { return one.duration(mayBeZero: true).map(Self.delay) }
        return one.fieldName().map(Self.column)
    }
}

extension Feature {
    static func decode(_ item: FieldValue) -> Feature? {
        guard var fields = item.reader(at: "spec.features") else { return nil }
        let nameField = fields.optional("name")
        let name = nameField?.fieldName(mayBeReserved: false)
        let columnField = fields.optional("column")
        let column = columnField?.fieldName()
        let expressionField = fields.optional("expression")
        let expression = expressionField?.freeText()
        let aggregateField = fields.optional("aggregate")
        let aggregate = aggregateField?.choice(of: Aggregate.self)
        let windowsField = fields.optional("windows")
        let windows = windowsField?.distinct { $0.duration() }
        fields.finish()

        if columnField != nil, let expressionField {
            expressionField.report(.excludeEachOther(["column", "expression"]))
            return nil
        }
        if let aggregate, windowsField == nil {
            item.report(.windowsMissing(aggregate: aggregate.rawValue))
        }
        if aggregateField == nil, let windowsField { windowsField.report(.aggregateMissing) }
        if columnField == nil, expressionField == nil,
            aggregate != .count, aggregateField == nil || aggregate != nil
        {
            item.report(.featureWithoutValue(aggregate: aggregate?.rawValue))
            return nil
        }
        if nameField == nil, columnField == nil {
            item.report(.featureNameMissing)
            return nil
        }
        guard let outputName = name ?? (nameField == nil ? column : nil) else { return nil }
        let value = column.map(Value.column) ?? expression.map(Value.expression) ?? .rows
        return Feature(
            name: outputName, value: value, aggregate: aggregate, windows: windows ?? [])
    }
}
