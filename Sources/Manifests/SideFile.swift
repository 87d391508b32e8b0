import ResourceAPI

/// Files that are no manifests but are read as strictly: one YAML document, a mapping, whose fields
/// are all known.
enum SideFile {
    /// - Returns: nil, with diagnostics, if anything is wrong.
    static func decode<Value>(
        _ file: ManifestFile, limits: ManifestLimits = .standard,
        _ read: (inout FieldReader) -> Value?
    ) -> (value: Value?, diagnostics: [Diagnostic]) {
        let lines = QuotedLines(file.bytes)
        func fail(_ problems: [LocatedProblem]) -> (value: Value?, diagnostics: [Diagnostic]) {
            (
                nil,
                problems.prefix(limits.diagnostics).map {
                    ManifestParser.diagnostic($0, in: file, lines: lines, resource: nil)
                }
            )
        }
        guard file.bytes.count <= limits.fileBytes else {
            let problem = ManifestProblem.tooLarge(
                bytes: file.bytes.count, limit: limits.fileBytes)
            return fail([LocatedProblem(problem: problem, line: 1, column: 1)])
        }
        if let problem = ByteChecks.firstProblem(in: file.bytes) { return fail([problem]) }
        let documents: [YAMLDocument]
        switch DocumentReader.documents(of: file.bytes, limits: limits) {
        case .failure(let problem): return fail([problem])
        case .success(let found): documents = found
        }
        let context = DecodingContext(
            kind: nil, problemsMax: limits.diagnostics, isManifest: false)
        guard let document = documents.first else {
            // An empty file has no fields, and says so by those that are missing.
            let node = ManifestNode(content: .mapping([]), line: 1, column: 1)
            var reader = FieldReader([], of: node, path: "", context: context)
            let value = read(&reader)
            return context.problems.isEmpty ? (value, []) : fail(context.problems)
        }
        guard case .mapping(let entries) = document.root.content else {
            let problem = ManifestProblem.notAMapping(found: document.root.content)
            return fail([
                LocatedProblem(
                    problem: problem, line: document.root.line, column: document.root.column)
            ])
        }
        var reader = FieldReader(entries, of: document.root, path: "", context: context)
        let value = read(&reader)
        reader.finish()
        if let second = documents.dropFirst().first {
            context.report(.secondDocument, at: second.root)
        }
        let problems = (document.problems + context.problems).sorted {
            ($0.line, $0.column) < ($1.line, $1.column)
        }
        return problems.isEmpty ? (value, []) : fail(problems)
    }
}

extension FieldValue {
    /// The entries of a mapping whose keys are names that people have chosen.
    func namedEntries() -> [(name: ResourceName, value: FieldValue)]? {
        guard case .mapping(let entries) = node.content else {
            report(.wrongType(name, expected: "a mapping", found: node.content, path: path))
            return nil
        }
        return entries.compactMap { entry in
            guard let name = ResourceName(entry.key) else {
                context.report(
                    .badResourceName(ManifestProblem.quote(key), text: entry.key), at: entry)
                return nil
            }
            let value = FieldValue(
                key: entry.key, index: nil, node: entry.value, context: context, parent: key)
            guard !value.isNull else {
                context.report(.noValue(value.name), at: entry)
                return nil
            }
            return (name, value)
        }
    }

    /// The entries of a mapping of texts, whose keys may be any.
    func texts<Value>(as make: (String, String) -> Value) -> [Value]? {
        guard case .mapping(let entries) = node.content else {
            report(.wrongType(name, expected: "a mapping", found: node.content, path: path))
            return nil
        }
        return entries.compactMap { entry in
            FieldValue(key: entry.key, index: nil, node: entry.value, context: context, parent: key)
                .freeText().map { make(entry.key, $0) }
        }
    }
}
