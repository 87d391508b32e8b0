/// The words of a SQL expression that name columns and functions, found without a parser: what
/// holds between the fields of a manifest must be known before any SQL runs.
///
/// A word counts as a column unless its neighbours make it a function, a type, a keyword or the unit
/// of an interval or of `extract`. Texts, comments and numbers name nothing.
package struct SQLExpression: Hashable, Sendable {
    package struct Word: Hashable, Sendable {
        /// Without the quotes of a quoted name.
        package let text: String
        /// From 1, in characters of the expression.
        package let line: Int
        package let column: Int
        package let isQuoted: Bool

        /// `2:14`
        package var place: String { "\(line):\(column)" }
        /// DuckDB compares names without regard to the case of ASCII letters, quoted ones too.
        package var folded: String { SQLExpression.fold(text) }
    }

    /// In the order of the text, as often as they stand there.
    package let columns: [Word]
    /// Called ones, without operators and what only looks like a call (`cast(…)`, `x IN (…)`).
    package let functions: [Word]
    /// Folded, of `columns`.
    private let names: Set<String>

    package init(_ text: String) {
        var scanner = SQLWordScanner(text)
        let tokens = scanner.tokens()
        var columns: [Word] = []
        var functions: [Word] = []
        for index in tokens.indices {
            guard case .word(let word) = tokens[index] else { continue }
            switch SQLExpression.role(of: word, at: index, in: tokens) {
            case .column: columns.append(word)
            case .function: functions.append(word)
            case .other: break
            }
        }
        self.columns = columns
        self.functions = functions
        names = Set(columns.map(\.folded))
    }

    /// The first place at which a column is named.
    package func column(named name: String) -> Word? {
        let folded = SQLExpression.fold(name)
        // Most are not there, and expressions may be long.
        return names.contains(folded) ? columns.first { $0.folded == folded } : nil
    }

    package static func fold(_ name: String) -> String {
        String(
            String.UnicodeScalarView(
                name.unicodeScalars.map { scalar in
                    ("A"..."Z").contains(scalar)
                        ? Unicode.Scalar(UInt8(scalar.value + 32)) : scalar
                }))
    }
}

extension SQLExpression {
    enum Token: Hashable {
        case word(Word)
        case text
        case number
        /// One character, or `::`.
        case mark(String)
    }

    private enum Role { case column, function, other }

    private static func role(of word: Word, at index: Int, in tokens: [Token]) -> Role {
        let previous = index > 0 ? tokens[index - 1] : nil
        let next = index + 1 < tokens.count ? tokens[index + 1] : nil
        let isKeyword = !word.isQuoted && keywords.contains(word.folded)
        if isKeyword || previous == .mark("::") || isWord(previous, "as") { return .other }
        if next == .mark("(") { return .function }
        if word.isQuoted { return .column }
        // A type before its literal, as in `date '2013-01-01'`.
        if next == .text { return .other }
        // The part in `extract(hour FROM t)`.
        if isWord(next, "from"), index >= 2, isWord(tokens[index - 2], "extract") { return .other }
        // No operator stands between it and a value: the unit of an interval, or a further word of
        // a type.
        switch previous {
        case .text, .number, .mark(")"), .mark("]"): return .other
        case .word(let before) where before.isQuoted || !keywords.contains(before.folded):
            return .other
        default: return isWord(next, "zone") ? .other : .column
        }
    }

    private static func isWord(_ token: Token?, _ text: String) -> Bool {
        guard case .word(let word)? = token, !word.isQuoted else { return false }
        return word.folded == text
    }

    /// Words that without quotes are never a column or a function of an expression.
    private static let keywords: Set<String> = [
        "all", "and", "any", "array", "as", "asc", "asymmetric", "at", "between", "both", "by",
        "case", "cast", "collate", "desc", "distinct", "else", "end", "escape", "except", "exists",
        "false", "filter", "for", "from", "glob", "group", "having", "ilike", "in", "intersect",
        "interval", "is", "isnull", "lambda", "leading", "like", "limit", "not", "notnull", "null",
        "offset", "on", "or", "order", "over", "partition", "placing", "qualify", "select",
        "similar", "some", "symmetric", "then", "to", "trailing", "true", "try_cast", "union",
        "unique", "unknown", "using", "when", "where", "window", "with", "without",
    ]
}
