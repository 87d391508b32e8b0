import ResourceAPI

/// One YAML document as a tree, with what Ingot refuses although it is YAML.
struct YAMLDocument {
    let root: ManifestNode
    let problems: [LocatedProblem]
    /// Something was left out of `root` (an alias, a merge key, a key that is not a scalar), so that
    /// missing fields mean nothing.
    let hasHoles: Bool
}

/// Builds trees from events. Stops at once at what is not YAML or beyond a limit; collects anchors,
/// tags, duplicate keys and the like, since the tree can be built in spite of them.
struct DocumentReader: ~Copyable {
    private var events: EventReader
    private let limits: ManifestLimits
    private var problems: [LocatedProblem] = []
    private var hasHoles = false

    /// Every document of a file that is not empty.
    static func documents(
        of bytes: [UInt8], limits: ManifestLimits
    ) -> Result<[YAMLDocument], LocatedProblem> {
        // An empty array may have no address, which libyaml does not take.
        guard !bytes.isEmpty else { return .success([]) }
        return bytes.withUnsafeBufferPointer { buffer in
            guard let events = EventReader(bytes: buffer, limits: limits) else {
                return .failure(LocatedProblem(problem: .outOfMemory, line: 1, column: 1))
            }
            var reader = DocumentReader(events: events, limits: limits)
            do throws(LocatedProblem) {
                return .success(try reader.readAll())
            } catch {
                return .failure(error)
            }
        }
    }

    private init(events: consuming EventReader, limits: ManifestLimits) {
        self.events = events
        self.limits = limits
    }

    private mutating func readAll() throws(LocatedProblem) -> [YAMLDocument] {
        var documents: [YAMLDocument] = []
        while true {
            let event = try events.next()
            switch event.kind {
            case .streamEnd: return documents
            case .documentStart(let hasDirectives):
                problems = []
                hasHoles = false
                if hasDirectives { report(.directive, at: event) }
                let root = try node(from: try events.next(), depth: 0)
                // `---` with nothing after it is a document without content, not a mistake.
                if !root.isEmptyPlainScalar || !problems.isEmpty {
                    documents.append(
                        YAMLDocument(root: root, problems: problems, hasHoles: hasHoles))
                }
            default: continue
            }
        }
    }

    private mutating func report(_ problem: ManifestProblem, at event: YAMLEvent) {
        guard problems.count <= limits.diagnostics else { return }
        problems.append(LocatedProblem(problem: problem, line: event.line, column: event.column))
    }

    private mutating func node(
        from event: YAMLEvent, depth: Int
    ) throws(LocatedProblem) -> ManifestNode {
        if let anchor = event.anchor { report(.anchor(anchor), at: event) }
        if let tag = event.tag { report(.tag(tag), at: event) }
        switch event.kind {
        case .scalar(let text, let isPlain, let mayHoldEscapes):
            if mayHoldEscapes { checkEscapes(text, at: event) }
            return ManifestNode(
                content: .scalar(text, isPlain: isPlain), line: event.line, column: event.column)
        case .sequenceStart:
            try checkDepth(depth, at: event)
            return ManifestNode(
                content: .sequence(try items(depth: depth)), line: event.line,
                column: event.column)
        case .mappingStart:
            try checkDepth(depth, at: event)
            return ManifestNode(
                content: .mapping(try entries(depth: depth)), line: event.line,
                column: event.column)
        case .alias(let name):
            report(.alias(name), at: event)
            hasHoles = true
            return ManifestNode(
                content: .scalar("", isPlain: true), line: event.line, column: event.column)
        default:
            // libyaml's grammar gives no other event where a node is due.
            throw LocatedProblem(
                problem: .syntax("unexpected event", while: nil), line: event.line,
                column: event.column)
        }
    }

    private func checkDepth(_ depth: Int, at event: YAMLEvent) throws(LocatedProblem) {
        guard depth < limits.depth else {
            throw LocatedProblem(
                problem: .tooDeep(limit: limits.depth), line: event.line, column: event.column)
        }
    }

    private mutating func items(depth: Int) throws(LocatedProblem) -> [ManifestNode] {
        var items: [ManifestNode] = []
        while true {
            let event = try events.next()
            // Both are kept as long as the manifest: without the room that growing has left.
            if case .sequenceEnd = event.kind { return items.map { $0 } }
            items.append(try node(from: event, depth: depth + 1))
        }
    }

    private mutating func entries(depth: Int) throws(LocatedProblem) -> [ManifestNode.Entry] {
        var entries: [ManifestNode.Entry] = []
        // Short mappings are searched one by one; a dictionary would cost more.
        var seen: [String: Int] = [:]
        while true {
            let event = try events.next()
            if case .mappingEnd = event.kind { return entries.map { $0 } }
            let keyNode = try node(from: event, depth: depth + 1)
            let value = try node(from: try events.next(), depth: depth + 1)
            guard case .scalar(let key, let isPlain) = keyNode.content, !isAlias(event) else {
                if !isAlias(event) { report(.keyNotScalar, at: event) }
                hasHoles = true
                continue
            }
            if isPlain, key == "<<" {
                report(.mergeKey, at: event)
                hasHoles = true
                continue
            }
            if let first = firstIndex(of: key, in: entries, seen: &seen) {
                reportDuplicate(of: entries[first], at: event)
                continue
            }
            entries.append(
                ManifestNode.Entry(
                    key: key, keyLine: event.line, keyColumn: event.column, value: value))
        }
    }

    private func isAlias(_ event: YAMLEvent) -> Bool {
        if case .alias = event.kind { true } else { false }
    }

    /// Where a key stands already. Beyond 16 entries through a dictionary, so that a mapping of
    /// thousands of keys is not quadratic.
    private func firstIndex(
        of key: String, in entries: [ManifestNode.Entry], seen: inout [String: Int]
    ) -> Int? {
        if entries.count < 16 { return entries.firstIndex { $0.key == key } }
        for index in seen.count..<entries.count { seen[entries[index].key] = index }
        return seen[key]
    }

    private mutating func reportDuplicate(of first: ManifestNode.Entry, at event: YAMLEvent) {
        guard problems.count <= limits.diagnostics else { return }
        problems.append(
            LocatedProblem(
                problem: .duplicateKey(first.key), line: event.line, column: event.column,
                notes: [
                    LocatedProblem.Note(
                        message: "it is first given here", line: first.keyLine,
                        column: first.keyColumn)
                ]))
    }

    /// `"\u202E"` is as misleading as the character itself.
    private mutating func checkEscapes(_ text: String, at event: YAMLEvent) {
        for scalar in text.unicodeScalars {
            if let problem = ByteChecks.problem(of: scalar.value) {
                report(.escaped(scalar.value, problem), at: event)
                return
            }
        }
    }
}

extension ManifestNode {
    /// What `key:` has when nothing follows.
    var isEmptyPlainScalar: Bool {
        if case .scalar("", isPlain: true) = content { true } else { false }
    }
}
