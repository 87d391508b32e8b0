import ResourceAPI

/// Reads the fields of one mapping, knows which it was asked for and reports the others.
///
/// All problems go to the context; a method that returns nil for something bad has reported it.
struct FieldReader {
    let context: DecodingContext
    let node: ManifestNode
    /// The path of the mapping without list indices, as in the documentation: `spec.features`.
    let path: String
    private let entries: [ManifestNode.Entry]
    private var asked: [String] = []

    init(
        _ entries: [ManifestNode.Entry], of node: ManifestNode, path: String,
        context: DecodingContext
    ) {
        self.context = context
        self.node = node
        self.path = path
        self.entries = entries
    }

    /// The field as it stands, or nil. From now on it is known.
    private mutating func find(_ key: String) -> ManifestNode.Entry? {
        asked.append(key)
        context.record(key, in: path)
        return entries.first { $0.key == key }
    }

    private func value(_ entry: ManifestNode.Entry?) -> FieldValue? {
        guard let entry else { return nil }
        let value = FieldValue(
            key: entry.key, index: nil, node: entry.value, context: context, parent: path)
        if value.isNull {
            context.report(.noValue(value.name), at: entry)
            return nil
        }
        return value
    }

    mutating func optional(_ key: String) -> FieldValue? { value(find(key)) }

    /// - Parameter alternatives: fields whose presence makes the missing one no problem of its own,
    ///   such as those that are not supported yet.
    mutating func required(_ key: String, unless alternatives: [String] = []) -> FieldValue? {
        guard let entry = find(key) else {
            if !has(any: alternatives) {
                context.report(
                    .missingField(key, path: context.documentationPath(of: key, in: path)), at: node
                )
            }
            return nil
        }
        return value(entry)
    }

    /// The one field that is present of several that exclude each other.
    mutating func exactlyOne(
        of keys: [String], unless alternatives: [String] = []
    ) -> FieldValue? {
        let present = keys.compactMap { find($0) }
            .sorted { ($0.keyLine, $0.keyColumn) < ($1.keyLine, $1.keyColumn) }
        guard let first = present.first else {
            if !has(any: alternatives) {
                context.report(
                    .missingOneOf(keys, path: context.documentationPath(of: nil, in: path)),
                    at: node)
            }
            return nil
        }
        if present.count > 1 {
            context.report(
                .excludeEachOther(present.map(\.key)), at: present[1],
                notes: [
                    LocatedProblem.Note(
                        message: "'\(first.key)' is given here", line: first.keyLine,
                        column: first.keyColumn)
                ])
            return nil
        }
        return value(first)
    }

    /// Reports those of the fields that are given.
    func report(any keys: [String], _ rule: (String) -> ResourceRule) {
        for entry in entries where keys.contains(entry.key) {
            context.report(.rule(rule(entry.key)), at: entry)
        }
    }

    func has(any keys: [String]) -> Bool {
        !keys.isEmpty && entries.contains { keys.contains($0.key) }
    }

    /// Reports every field that nobody asked for.
    func finish() {
        for entry in entries where !asked.contains(entry.key) {
            let field = path.isEmpty ? entry.key : "\(path).\(entry.key)"
            if FieldTable.isPlanned(field, of: context.kind) {
                context.report(.notSupported(entry.key), at: entry)
            } else {
                context.report(
                    .unknownField(
                        entry.key, near: NearName.of(entry.key, among: asked), known: asked),
                    at: entry)
            }
        }
    }
}
