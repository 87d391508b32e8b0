/// Cuts the text of a SQL expression into what `SQLExpression` looks at, by DuckDB's rules for
/// quotes and comments. Whatever does not end ends with the text: DuckDB refuses it later.
struct SQLWordScanner {
    private let text: [Character]
    private var position = 0
    private var line = 1
    private var column = 1

    init(_ text: String) {
        self.text = Array(text)
    }

    mutating func tokens() -> [SQLExpression.Token] {
        var tokens: [SQLExpression.Token] = []
        while let next = peek() {
            if next.isWhitespace {
                advance()
            } else if next == "-", peek(1) == "-" {
                while let character = peek(), !character.isNewline { advance() }
            } else if next == "/", peek(1) == "*" {
                skipComment()
            } else {
                tokens.append(token(next))
            }
        }
        return tokens
    }

    private func peek(_ distance: Int = 0) -> Character? {
        position + distance < text.count ? text[position + distance] : nil
    }

    private mutating func advance() {
        if text[position].isNewline {
            line += 1
            column = 1
        } else {
            column += 1
        }
        position += 1
    }

    /// Comments nest.
    private mutating func skipComment() {
        var depth = 0
        while let next = peek() {
            if next == "/", peek(1) == "*" {
                depth += 1
                advance()
            } else if next == "*", peek(1) == "/" {
                depth -= 1
                advance()
            }
            advance()
            if depth == 0 { return }
        }
    }

    private mutating func token(_ first: Character) -> SQLExpression.Token {
        switch first {
        case "'":
            skipText(hasEscapes: false)
            return .text
        case "e" where peek(1) == "'", "E" where peek(1) == "'":
            advance()
            skipText(hasEscapes: true)
            return .text
        case "$" where skipDollarText(): return .text
        case "\"": return quotedWord()
        case _ where SQLWordScanner.isDigit(first): return number()
        case "." where peek(1).map(SQLWordScanner.isDigit) == true: return number()
        case _ where SQLWordScanner.startsWord(first): return plainWord()
        default:
            advance()
            guard first == ":", peek() == ":" else { return .mark(String(first)) }
            advance()
            return .mark("::")
        }
    }

    private mutating func skipText(hasEscapes: Bool) {
        advance()
        while let next = peek() {
            if hasEscapes, next == "\\" {
                advance()
                if peek() != nil { advance() }
                continue
            }
            advance()
            guard next == "'" else { continue }
            guard peek() == "'" else { return }
            advance()
        }
    }

    /// `$$…$$` or `$tag$…$tag$`. False, and nothing read, if it is none.
    private mutating func skipDollarText() -> Bool {
        var end = position + 1
        while end < text.count, SQLWordScanner.continuesWord(text[end]), text[end] != "$" {
            end += 1
        }
        guard end < text.count, text[end] == "$" else { return false }
        let tag = text[position...end]
        for _ in tag { advance() }
        while position < text.count {
            if text[position...].starts(with: tag) {
                for _ in tag { advance() }
                return true
            }
            advance()
        }
        return true
    }

    private mutating func quotedWord() -> SQLExpression.Token {
        let (startLine, startColumn) = (line, column)
        var name = ""
        advance()
        while let next = peek() {
            advance()
            if next == "\"" {
                guard peek() == "\"" else { break }
                advance()
            }
            name.append(next)
        }
        return .word(
            SQLExpression.Word(text: name, line: startLine, column: startColumn, isQuoted: true))
    }

    private mutating func plainWord() -> SQLExpression.Token {
        let (startLine, startColumn) = (line, column)
        var name = ""
        while let next = peek(), SQLWordScanner.continuesWord(next) {
            name.append(next)
            advance()
        }
        return .word(
            SQLExpression.Word(text: name, line: startLine, column: startColumn, isQuoted: false))
    }

    /// `12`, `1_000.5`, `1e-3`, `0xFF`.
    private mutating func number() -> SQLExpression.Token {
        while let next = peek() {
            let isPart =
                next == "." || next == "_" || next.isASCII && next.isHexDigit || next == "x"
            guard isPart else { break }
            advance()
            if next == "e" || next == "E", let sign = peek(), sign == "+" || sign == "-" {
                advance()
            }
        }
        return .number
    }

    private static func isDigit(_ character: Character) -> Bool {
        ("0"..."9").contains(character)
    }

    private static func startsWord(_ character: Character) -> Bool {
        character == "_" || !character.isASCII || character.isLetter
    }

    private static func continuesWord(_ character: Character) -> Bool {
        startsWord(character) || isDigit(character) || character == "$"
    }
}
