import ResourceAPI

extension Resource.Metadata {
    /// Everything but the name, which the caller has read already.
    static func decode(_ reader: inout FieldReader) -> Resource.Metadata {
        let labels = reader.optional("labels").map(textMap) ?? [:]
        let annotations = reader.optional("annotations").map(textMap) ?? [:]
        let description = reader.optional("description")?.freeText()
        let owners = reader.optional("owners")?.distinct { $0.freeText() } ?? []
        let prune = reader.optional("prune")?.choice(of: PruneSetting.self)
        let driftPolicy = reader.optional("driftPolicy")?.choice(of: DriftPolicy.self)
        return Resource.Metadata(
            labels: labels, annotations: annotations, description: description, owners: owners,
            prune: prune ?? .enabled, driftPolicy: driftPolicy ?? .heal)
    }

    /// A mapping from free text to free text.
    private static func textMap(_ value: FieldValue) -> [String: String] {
        guard case .mapping(let entries) = value.node.content else {
            value.report(
                .wrongType(
                    value.name, expected: "a mapping", found: value.node.content,
                    path: value.path))
            return [:]
        }
        var result: [String: String] = [:]
        for entry in entries {
            let item = FieldValue(
                key: entry.key, index: nil, node: entry.value, context: value.context,
                parent: "metadata.\(value.key)")
            if item.isNull {
                value.context.report(.noValue(item.name), at: entry)
            } else if let text = item.freeText(mayBeEmpty: true) {
                result[entry.key] = text
            }
        }
        return result
    }
}
