import CLibYAML

/// What libyaml saw, copied out of its memory.
struct YAMLEvent {
    enum Kind {
        case streamEnd
        case documentStart(hasDirectives: Bool)
        case documentEnd
        case alias(String)
        /// `isQuoted` is true for double-quoted text, which may hold escapes.
        case scalar(String, isPlain: Bool, mayHoldEscapes: Bool)
        case sequenceStart
        case sequenceEnd
        case mappingStart
        case mappingEnd
        /// The start of the stream, which says nothing.
        case other
    }

    let kind: Kind
    let line: Int
    let column: Int
    var anchor: String?
    var tag: String?
}

/// libyaml's event API. The only place where libyaml's types are seen.
///
/// `yaml_parser_load` is never used: it follows aliases and cannot be stopped.
struct EventReader: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let limits: ManifestLimits
    private let bytes: UnsafeBufferPointer<UInt8>
    private var count = 0

    /// - Parameter bytes: checked UTF-8; must outlive the reader.
    /// - Returns: nil if there is no memory.
    init?(bytes: UnsafeBufferPointer<UInt8>, limits: ManifestLimits) {
        self.limits = limits
        self.bytes = bytes
        parser = .allocate(capacity: 1)
        guard yaml_parser_initialize(parser) == 1 else {
            parser.deallocate()
            return nil
        }
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
    }

    /// The next event; an error if the text is not YAML or has too many events.
    mutating func next() throws(LocatedProblem) -> YAMLEvent {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw syntaxProblem() }
        defer { yaml_event_delete(&event) }
        let line = Int(event.start_mark.line) + 1
        let column = Int(event.start_mark.column) + 1
        count += 1
        guard count <= limits.events else {
            throw LocatedProblem(
                problem: .tooManyEvents(limit: limits.events), line: line, column: column)
        }
        return try convert(event, line: line, column: column)
    }

    private func convert(
        _ event: yaml_event_t, line: Int, column: Int
    ) throws(LocatedProblem) -> YAMLEvent {
        func plain(_ kind: YAMLEvent.Kind) -> YAMLEvent {
            YAMLEvent(kind: kind, line: line, column: column)
        }
        switch event.type {
        case YAML_STREAM_END_EVENT: return plain(.streamEnd)
        case YAML_DOCUMENT_START_EVENT:
            let start = event.data.document_start
            return plain(
                .documentStart(
                    hasDirectives: start.version_directive != nil
                        || start.tag_directives.start != start.tag_directives.end))
        case YAML_DOCUMENT_END_EVENT: return plain(.documentEnd)
        case YAML_ALIAS_EVENT: return plain(.alias(text(event.data.alias.anchor) ?? ""))
        case YAML_SCALAR_EVENT: return try scalar(event.data.scalar, line: line, column: column)
        case YAML_SEQUENCE_START_EVENT:
            let data = event.data.sequence_start
            return YAMLEvent(
                kind: .sequenceStart, line: line, column: column, anchor: text(data.anchor),
                tag: text(data.tag))
        case YAML_SEQUENCE_END_EVENT: return plain(.sequenceEnd)
        case YAML_MAPPING_START_EVENT:
            let data = event.data.mapping_start
            return YAMLEvent(
                kind: .mappingStart, line: line, column: column, anchor: text(data.anchor),
                tag: text(data.tag))
        case YAML_MAPPING_END_EVENT: return plain(.mappingEnd)
        default: return plain(.other)
        }
    }

    private func scalar(
        _ data: yaml_event_t.__Unnamed_union_data.__Unnamed_struct_scalar, line: Int, column: Int
    ) throws(LocatedProblem) -> YAMLEvent {
        guard data.length <= limits.scalarBytes else {
            throw LocatedProblem(
                problem: .scalarTooLong(bytes: data.length, limit: limits.scalarBytes),
                line: line, column: column)
        }
        let bytes = UnsafeBufferPointer(start: data.value, count: data.length)
        return YAMLEvent(
            kind: .scalar(
                String(decoding: bytes, as: UTF8.self),
                isPlain: data.style == YAML_PLAIN_SCALAR_STYLE,
                mayHoldEscapes: data.style == YAML_DOUBLE_QUOTED_SCALAR_STYLE),
            line: line, column: column, anchor: text(data.anchor), tag: text(data.tag))
    }

    private func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        pointer.map { String(cString: $0) }
    }

    /// libyaml's own words, with the place where it gave up and the place where what it was
    /// reading began.
    private func syntaxProblem() -> LocatedProblem {
        let state = parser.pointee
        if state.error == YAML_MEMORY_ERROR {
            return LocatedProblem(problem: .outOfMemory, line: 1, column: 1)
        }
        let problem = state.problem.map { String(cString: $0) } ?? "it cannot be read"
        let mark = state.error == YAML_READER_ERROR ? state.mark : state.problem_mark
        let (line, column) = (Int(mark.line) + 1, Int(mark.column) + 1)
        guard let context = state.context else {
            return LocatedProblem(
                problem: .syntax(problem, while: nil), line: line, column: column)
        }
        let start = state.context_mark
        let described = ManifestProblem.syntax(problem, while: String(cString: context))
        let (startLine, startColumn) = (Int(start.line) + 1, Int(start.column) + 1)
        // At the end of the file there is nothing to point at: point at what was not ended.
        if mark.index >= bytes.count(where: { $0 & 0xC0 != 0x80 }) {
            let end = LocatedProblem.Note(message: "the file ends here", line: line, column: column)
            return LocatedProblem(
                problem: described, line: startLine, column: startColumn, notes: [end])
        }
        let note = LocatedProblem.Note(
            message: "what was being read starts here", line: startLine, column: startColumn)
        return LocatedProblem(problem: described, line: line, column: column, notes: [note])
    }
}
