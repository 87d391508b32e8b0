import ResourceAPI

/// Everything that can be wrong with a manifest, with all that its message needs. The text of all
/// messages of this target is in this file.
enum ManifestProblem: Hashable, Sendable {
    // Files and bytes.
    case tooLarge(bytes: Int, limit: Int)
    case commitTooLarge(bytes: Int, limit: Int)
    case utf16
    case byteOrderMark
    case nul
    case tabInIndentation
    case controlCharacter(UInt32)
    case exoticLineBreak(UInt32)
    case bidiControl(UInt32)
    case loneCarriageReturn
    case invalidUTF8(UInt8)
    case outOfMemory

    // YAML.
    /// In libyaml's words.
    case syntax(String, while: String?)
    case tooDeep(limit: Int)
    case tooManyEvents(limit: Int)
    case scalarTooLong(bytes: Int, limit: Int)
    case duplicateKey(String)
    case anchor(String)
    case alias(String)
    case tag(String)
    case mergeKey
    case directive
    case keyNotScalar
    indirect case escaped(UInt32, ManifestProblem)

    // Documents and fields.
    case notAMapping(found: ManifestNode.Content)
    case apiVersion(String)
    case unknownField(String, near: String?, known: [String])
    case notSupported(String)
    case missingField(String, path: String)
    case missingOneOf([String], path: String)
    case excludeEachOther([String])
    case noValue(String)
    case wrongType(String, expected: String, found: ManifestNode.Content, path: String)
    case needsQuotes(String, text: String, meaning: String)
    case quotedNumber(String, expected: String, text: String)
    case notDecimal(String, expected: String, text: String)
    case outOfRange(String, text: String, range: String, path: String)
    case notAllowed(String, text: String, allowed: [String], path: String)
    case badResourceName(String, text: String)
    case badFieldName(String, text: String)
    case badDuration(String, text: String)
    case badMemory(String, text: String)
    case badTime(String, text: String)
    case badPath(String, text: String)
    case badCommit(String, text: String)
    case badDigest(String, text: String)
    case emptyText(String)
    case emptyList(String, path: String)
    case repeated(String, text: String)
    /// What must hold between the fields of one resource; each case is one rule.
    case rule(ResourceRule)

    // Between files.
    case sameName(ResourceID)
    case projectElsewhere(expected: String)
    case secondProject
    case moreProblems
    /// In a file that has one only.
    case secondDocument
    case badMoment(String)
}

extension ManifestProblem {
    var message: String {
        switch self {
        case .tooLarge(let bytes, let limit):
            "the file has \(bytes) bytes; a manifest may have at most \(limit)"
        case .commitTooLarge(let bytes, let limit):
            "the manifests of this commit have \(bytes) bytes together; at most \(limit) are read"
        case .utf16: "the file is not UTF-8 but UTF-16 (or UTF-32)"
        case .byteOrderMark: "a byte order mark (U+FEFF) is not allowed"
        case .nul: "a NUL byte is not allowed"
        case .tabInIndentation: "a tab is not allowed in indentation"
        case .controlCharacter(let scalar):
            "the control character \(Self.name(scalar)) is not allowed"
        case .exoticLineBreak(let scalar):
            "the line break \(Self.name(scalar)) is not allowed"
        case .bidiControl(let scalar):
            "the invisible character \(Self.name(scalar)), which changes the direction of text, is not allowed"
        case .loneCarriageReturn: "a carriage return without a line feed is not allowed"
        case .invalidUTF8(let byte):
            "the byte 0x\(Hex.encode(CollectionOfOne(byte))) is not part of valid UTF-8"
        case .outOfMemory: "there is no memory to read the file"
        case .syntax(let problem, let context):
            "this is not YAML: \(context.map { $0 + ", " } ?? "")\(problem)"
        case .tooDeep(let limit): "mappings and lists are nested more than \(limit) deep"
        case .tooManyEvents(let limit): "the file has more than \(limit) YAML events"
        case .scalarTooLong(let bytes, let limit):
            "this text has \(bytes) bytes; a value may have at most \(limit)"
        case .duplicateKey(let key): "the key \(Self.quote(key)) is given twice"
        case .anchor(let name): "anchors are not allowed: \(Self.quote("&" + name))"
        case .alias(let name): "aliases are not allowed: \(Self.quote("*" + name))"
        case .tag(let tag): "tags are not allowed: \(Self.quote(tag))"
        case .mergeKey: "merge keys are not allowed: '<<'"
        case .directive: "YAML directives are not allowed"
        case .keyNotScalar: "a key must be text, not a list or a mapping"
        case .escaped(_, let problem): problem.message
        default: fieldMessage
        }
    }

    private var fieldMessage: String {
        switch self {
        case .notAMapping(let found):
            "a manifest must be a mapping, but this document is \(Self.describe(found))"
        case .apiVersion(let text):
            "'apiVersion' must be ingot/v1, but is \(Self.quote(text))"
        case .unknownField(let name, _, _): "unknown field \(Self.quote(name))"
        case .notSupported(let name): "field '\(name)' is not supported yet"
        case .missingField(let name, _): "missing field '\(name)'"
        case .missingOneOf(let names, _): "missing field: one of \(Self.list(names)) is needed"
        case .excludeEachOther(let names):
            names.count == 2
                ? "'\(names[0])' and '\(names[1])' exclude each other"
                : "\(Self.list(names)) exclude each other"
        case .noValue(let field): "\(field) has no value"
        case .wrongType(let field, let expected, let found, _):
            "\(field) must be \(expected), but is \(Self.describe(found))"
        case .needsQuotes(let field, let text, let meaning):
            "\(field) must be text, but \(text) without quotes is \(meaning) in YAML"
        case .quotedNumber(let field, let expected, let text):
            "\(field) must be \(expected), but is the text \(Self.quote(text))"
        case .notDecimal(let field, let expected, let text):
            "\(field) must be \(expected), but is \(Self.quote(text))"
        case .outOfRange(let field, let text, let range, _):
            "\(field) must be \(range), but is \(Self.clip(text))"
        case .notAllowed(let field, let text, let allowed, _):
            "\(field) must be \(Self.list(allowed, quote: "", last: "or")), but is \(Self.quote(text))"
        case .badResourceName(let field, let text):
            "\(field) is not a valid name: \(Self.quote(text))"
        case .badFieldName(let field, let text):
            "\(field) is not a valid column name: \(Self.quote(text))"
        case .badDuration(let field, let text):
            "\(field) is not a duration: \(Self.quote(text))"
        case .badMemory(let field, let text):
            "\(field) is not an amount of memory: \(Self.quote(text))"
        case .badTime(let field, let text):
            "\(field) is not a date or time: \(Self.quote(text))"
        case .badPath(let field, let text):
            "\(field) is not a path inside the repository or a data root: \(Self.quote(text))"
        case .badCommit(let field, let text):
            "\(field) is not a commit: \(Self.quote(text))"
        case .badDigest(let field, let text):
            "\(field) is not a digest: \(Self.quote(text))"
        case .emptyText(let field): "\(field) is empty"
        case .emptyList(let field, _): "\(field) must have at least one item"
        case .repeated(let field, let text): "\(field) has \(Self.quote(text)) twice"
        case .rule(let rule): rule.message
        case .sameName(let id): "there are two resources \(id)"
        case .projectElsewhere(let expected): "a Project may stand only in \(expected)"
        case .secondProject: "there are two Projects; a repository has at most one"
        case .secondDocument: "this file may have one document only"
        case .badMoment(let field): "\(field) is not a moment in UTC"
        case .moreProblems: "there are more problems in this file, which are not shown"
        case .tooLarge, .commitTooLarge, .utf16, .byteOrderMark, .nul, .tabInIndentation,
            .controlCharacter, .exoticLineBreak, .bidiControl, .loneCarriageReturn, .invalidUTF8,
            .outOfMemory, .syntax, .tooDeep, .tooManyEvents, .scalarTooLong, .duplicateKey,
            .anchor, .alias, .tag, .mergeKey, .directive, .keyNotScalar, .escaped:
            // `message` has them. Listed, so that the compiler finds a case without a text.
            ""
        }
    }

    /// What to do about it.
    var hint: String? {
        switch self {
        case .tooLarge: "split it into several files"
        case .commitTooLarge:
            "point the manifest path at a folder that holds only manifests"
        case .utf16: "save the file as UTF-8"
        case .byteOrderMark: "save the file as UTF-8 without a byte order mark"
        case .nul, .controlCharacter: "remove it"
        case .tabInIndentation: "indent with spaces"
        case .exoticLineBreak: "end lines with a line feed"
        case .bidiControl: "remove it; it can make a manifest look different from what it says"
        case .loneCarriageReturn: "end lines with a line feed"
        case .invalidUTF8: "save the file as UTF-8"
        case .outOfMemory: nil
        case .syntax(let problem, let context): Self.syntaxHint(problem, context ?? "")
        case .tooDeep: "no field of a manifest is nested that deep"
        case .tooManyEvents: "split it into several files"
        case .scalarTooLong: "keep long texts in files of their own"
        case .duplicateKey: "remove one of them"
        case .anchor, .alias, .mergeKey: "write the value out in every place"
        case .tag: "remove the tag; the type of a value follows from its field"
        case .directive: "remove the lines that start with '%'"
        case .keyNotScalar: "write 'key: value'"
        case .escaped: "remove the escape"
        default: fieldHint
        }
    }

    private var fieldHint: String? {
        switch self {
        case .notAMapping: "start with 'apiVersion: ingot/v1'"
        case .apiVersion: "write 'apiVersion: ingot/v1'"
        case .unknownField(_, let near?, _): "did you mean '\(near)'?"
        case .unknownField(_, nil, let known): "the fields here are \(Self.list(known, quote: ""))"
        case .notSupported: "remove it; a later version of Ingot will have it"
        case .missingField(_, let path), .missingOneOf(_, let path), .emptyList(_, let path),
            .wrongType(_, _, _, let path), .outOfRange(_, _, _, let path):
            path.isEmpty ? nil : "see 'ingot explain \(path)'"
        case .excludeEachOther: "remove one of them"
        case .noValue: "give it a value, or remove the field"
        case .needsQuotes(_, let text, _): "write \"\(text)\""
        case .quotedNumber(_, _, let text): "write it without quotes: \(Self.clip(text))"
        case .notDecimal(_, let expected, let text):
            Self.isBooleanWord(text) ? "write true or false" : Self.example(of: expected)
        case .notAllowed(_, let text, let allowed, let path):
            OtherWord.hint(for: text, among: allowed)
                ?? NearName.hint(for: text, among: allowed)
                ?? (path.isEmpty ? nil : "see 'ingot explain \(path)'")
        case .badResourceName:
            "1 to 63 lower-case letters, digits and hyphens, with a letter or digit at both ends"
        case .badFieldName:
            "1 to 128 bytes on one line; names that start with '__' are Ingot's own"
        case .badDuration:
            "a whole number with one of s, m, h, d, w, such as 90s, 15m, 1h, 7d"
        case .badMemory: "a whole number with one of Ki, Mi, Gi, Ti, such as 512Mi or 4Gi"
        case .badTime: "UTC, such as 2013-10-01 or 2013-10-01T06:00:00"
        case .badPath:
            "relative, with '/' between names, without '.', '..', '\\', ':' and '%'"
        case .badCommit: "7 to 40 lower-case hexadecimal digits"
        case .badDigest: "'sha256:' and 64 hexadecimal digits"
        case .emptyText: "give it a value, or remove the field"
        case .repeated: "remove one of them"
        case .rule(let rule): rule.hint
        case .sameName: "rename or remove one of them; until then neither is used"
        case .projectElsewhere: "move it there"
        case .secondProject: "remove one of them"
        case .secondDocument: "remove what follows '---'"
        case .badMoment: "such as 2026-11-28T12:00:00Z"
        default: nil
        }
    }
}

extension ManifestProblem {
    /// Text from a manifest, in single quotes, harmless and short.
    static func quote(_ text: String) -> String { "'\(clip(text))'" }

    /// At most 60 characters, on one line.
    static func clip(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars.prefix(60) {
            switch scalar {
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case _ where ByteChecks.problem(of: scalar.value) != nil: result += name(scalar.value)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return text.unicodeScalars.count > 60 ? result + "…" : result
    }

    /// `'a', 'b' and 'c'`; at most 20 of them.
    static func list(_ names: [String], quote: String = "'", last: String = "and") -> String {
        var quoted = names.prefix(20).map { quote + clip($0) + quote }
        if names.count > 20 { quoted.append("\(names.count - 20) more") }
        guard let final = quoted.last, quoted.count > 1 else { return quoted.first ?? "" }
        return quoted.dropLast().joined(separator: ", ") + " \(last) " + final
    }

    /// `U+202E`.
    private static func name(_ scalar: UInt32) -> String {
        let hex = String(scalar, radix: 16, uppercase: true)
        return "U+" + String(repeating: "0", count: max(0, 4 - hex.utf8.count)) + hex
    }

    private static func describe(_ content: ManifestNode.Content) -> String {
        switch content {
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .scalar(let text, let isPlain):
            isPlain && ScalarType.isNull(text) ? "empty" : "the text \(quote(text))"
        }
    }

    /// What usually lies behind an error of libyaml.
    private static func syntaxHint(_ problem: String, _ context: String) -> String {
        if context.contains("quoted scalar") { return "close the quote" }
        if context.contains("flow") { return "close the bracket, and put commas between items" }
        if problem.contains("mapping values") {
            return "put quotes around text that has ': ' in it, and check the indentation"
        }
        if problem.contains("expected ':'") { return "write 'key: value'" }
        return "check quotes, brackets and the indentation here and in the lines above"
    }

    private static func isBooleanWord(_ text: String) -> Bool {
        ScalarType(yaml11: text) == .boolean
    }

    private static func example(of expected: String) -> String? {
        switch expected {
        case FieldValue.wholeNumber: "decimal digits only, such as 20"
        case FieldValue.number: "a decimal number, such as 0.25"
        case FieldValue.trueOrFalse: "write true or false"
        default: nil
        }
    }
}
