import ResourceAPI

extension FeatureViewSpec {
    static func decode(_ reader: inout FieldReader) -> FeatureViewSpec? {
        let source = reader.required("source").flatMap(Source.decode)
        let entity = reader.required("entity")?.distinct { $0.fieldName() }
        var timestamp: String?
        if case .view = source {
            _ = reader.optional("timestamp")
            reader.report(any: ["timestamp", "knownAt"]) { .fieldOfBaseView($0) }
        } else {
            timestamp = reader.required("timestamp")?.fieldName()
        }
        let knownAt = reader.optional("knownAt").map(KnownAt.decode)
        let ttl = reader.optional("ttl")?.duration()
        let items = reader.required("features")?.items()
        let online = reader.optional("online")?.bool() ?? false
        let refresh = reader.optional("refresh").flatMap { decodeRefresh($0, online: online) }
        let features = items?.compactMap(Feature.decode)
        if let features, features.count == items?.count {
            checkOutputs(features, items ?? [])
        }
        guard let source, let entity, let features else { return nil }
        if case .view(let view) = source {
            return FeatureViewSpec(
                view: view, entity: entity, ttl: ttl, features: features,
                online: online, refresh: refresh)
        }
        guard case .dataset(let dataset) = source, let timestamp else { return nil }
        return FeatureViewSpec(
            dataset: dataset, entity: entity, timestamp: timestamp,
            knownAt: (knownAt ?? nil) ?? .delay(ManifestDuration(seconds: 0)), ttl: ttl,
            features: features, online: online, refresh: refresh)
    }

    private static func decodeRefresh(_ field: FieldValue, online: Bool) -> ManifestDuration? {
        let refresh = field.duration()
        if !online {
            field.report(.refreshNotOnline)
        } else if let refresh, refresh.seconds < 60 {
            field.report(.refreshTooOften)
        }
        return refresh
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

extension FeatureViewSpec.Source {
    static func decode(_ value: FieldValue) -> FeatureViewSpec.Source? {
        guard var fields = value.reader(at: "spec.source") else { return nil }
        let one = fields.exactlyOne(of: ["dataset", "view"])
        fields.finish()
        guard let one, let name = one.resourceName() else { return nil }
        return one.key == "view" ? .view(name) : .dataset(name)
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
