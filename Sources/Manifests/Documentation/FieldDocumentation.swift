import ResourceAPI

/// The documentation of the fields, for `ingot explain` and for editors.
package enum FieldDocumentation {
    /// - Parameter path: a kind and a field, such as `trainingconfig.spec.split`; a kind alone; or
    ///   a field that all kinds have, such as `metadata.name`. List indices and a left out `spec`
    ///   are forgiven.
    /// - Returns: nil if there is no such field; see `hint(for:)`.
    package static func explain(_ path: String) -> String? {
        let names = components(of: path)
        guard let first = names.first else { return nil }
        guard let kind = ResourceKind(word: first) else {
            let field = names.joined(separator: ".")
            return FieldTable.common.first { $0.path == field }
                .map { text(of: $0, title: "all kinds", fields: FieldTable.common) }
        }
        let fields = FieldTable.fields(of: kind)
        if names.count == 1 { return text(of: kind, fields: fields) }
        return find(names.dropFirst(), in: fields)
            .map { text(of: $0, title: kind.rawValue, fields: fields) }
    }

    /// What was probably meant by a path that `explain` does not know, or what there is.
    package static func hint(for path: String) -> String {
        let names = components(of: path)
        let kinds = ResourceKind.allCases.map(\.word)
        guard let first = names.first, let kind = ResourceKind(word: first) else {
            let near = NearName.of(names.first?.lowercased() ?? "", among: kinds)
            let rest = names.dropFirst().map { "." + $0 }.joined()
            return near.map { "did you mean '\($0)\(rest)'?" }
                ?? "the kinds are \(ManifestProblem.list(kinds, quote: ""))"
        }
        return hint(forField: Array(names.dropFirst()), of: kind)
    }

    /// The fields whose parent exists, then the nearest name among that parent's fields.
    private static func hint(forField names: [String], of kind: ResourceKind) -> String {
        let fields = FieldTable.fields(of: kind)
        var names = names
        if let first = names.first, !fields.contains(where: { $0.path == first }),
            children(of: "spec", in: fields).contains(where: { $0.name == first })
        {
            names.insert("spec", at: 0)
        }
        var parent = ""
        for name in names {
            let next = parent.isEmpty ? name : "\(parent).\(name)"
            guard fields.contains(where: { $0.path == next }) else {
                let known = children(of: parent, in: fields).map(\.name)
                let prefix = parent.isEmpty ? kind.word : "\(kind.word).\(parent)"
                if let near = NearName.of(name, among: known) {
                    return "did you mean '\(prefix).\(near)'?"
                }
                return known.isEmpty
                    ? "\(prefix) has no fields of its own"
                    : "the fields of \(prefix) are \(ManifestProblem.list(known, quote: ""))"
            }
            parent = next
        }
        return "see 'ingot explain \(kind.word)'"
    }

    private static func components(of path: String) -> [String] {
        FieldPath(path).components.compactMap {
            if case .key(let key) = $0 { key } else { nil }
        }
    }

    private static func find(
        _ names: ArraySlice<String>, in fields: [FieldDescription]
    ) -> FieldDescription? {
        let path = names.joined(separator: ".")
        if let found = fields.first(where: { $0.path == path || $0.path == "spec." + path }) {
            return found
        }
        // A key of the user's own choice is explained by the mapping that takes it.
        let parent = names.dropLast().joined(separator: ".")
        return fields.first {
            $0.path == parent && ($0.type == .textMap || $0.type == .scalarMap)
        }
    }

    static func children(of parent: String, in fields: [FieldDescription]) -> [FieldDescription] {
        fields.filter { $0.parent == parent }
    }
}

// MARK: - Text

extension FieldDocumentation {
    private static func text(of kind: ResourceKind, fields: [FieldDescription]) -> String {
        var lines = ["\(kind.rawValue)", "", "    \(summary(of: kind))"]
        lines += ["", "fields:"]
        lines += table(of: children(of: "", in: fields) + children(of: "spec", in: fields))
        return lines.joined(separator: "\n")
    }

    private static func text(
        of field: FieldDescription, title: String, fields: [FieldDescription]
    ) -> String {
        var lines = ["\(title): \(field.path)"]
        lines.append("    type: \(field.type.description)")
        lines.append("    \(presence(of: field, in: fields))")
        lines += ["", "    \(field.summary)"]
        let inner = children(of: field.path, in: fields)
        if !inner.isEmpty { lines += ["", "fields:"] + table(of: inner) }
        return lines.joined(separator: "\n")
    }

    private static func presence(
        of field: FieldDescription, in fields: [FieldDescription]
    ) -> String {
        switch field.presence {
        case .required: return "required"
        case .optional: return "optional"
        case .defaultsTo(let value): return "default: \(value)"
        case .planned: return "not supported yet"
        case .oneOf:
            let group = children(of: field.parent, in: fields).filter { $0.presence == .oneOf }
            return "exactly one of \(ManifestProblem.list(group.map(\.name), quote: ""))"
        }
    }

    /// One line a field: path, type, sentence.
    private static func table(of fields: [FieldDescription]) -> [String] {
        let widths = fields.reduce(into: (path: 0, type: 0)) { widths, field in
            widths.path = max(widths.path, field.path.count)
            widths.type = max(widths.type, shortType(of: field).count)
        }
        return fields.map { field in
            let type = shortType(of: field)
            let padding = String(repeating: " ", count: widths.path - field.path.count)
            let gap = String(repeating: " ", count: widths.type - type.count)
            return "    \(field.path)\(padding)  \(type)\(gap)  \(field.summary)"
        }
    }

    private static func shortType(of field: FieldDescription) -> String {
        switch field.type {
        case .choice: "choice"
        case .list(.choice): "list of choices"
        default: field.type.description
        }
    }

    private static func summary(of kind: ResourceKind) -> String {
        switch kind {
        case .project: "The settings of a whole repository, in ingot.yaml at the manifests' root."
        case .dataset: "A table: where its rows come from, its columns and what must hold of them."
        case .featureView:
            "Features of an entity over time, one definition for training and serving."
        case .trainingConfig: "How a model is trained, from which rows, and what it must reach."
        case .model: "A registered model: what makes its versions, which version each stage shows."
        case .deployment: "A model stage that is served."
        }
    }
}
