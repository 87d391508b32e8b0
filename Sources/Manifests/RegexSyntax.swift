/// What is wrong with a regular expression, by the rules of RE2, and where.
struct RegexProblem: Hashable, Sendable {
    let reason: String
    /// From 1, in characters.
    let place: Int
}

/// Checks regular expressions against RE2's syntax, so that a mistake is found where it was made. It
/// lets some through that RE2 refuses (names of Unicode classes, sizes of nested repetitions): the
/// worker, which has RE2, tells of these. It never refuses one that RE2 takes.
struct RegexSyntax {
    private let text: [Unicode.Scalar]
    private var index = 0
    /// Places of the open parentheses.
    private var open: [Int] = []
    /// Whether something stands before this place that can be repeated.
    private var isRepeatable = false

    private static let repeatMax = 1000

    static func problem(of pattern: String) -> RegexProblem? {
        var syntax = RegexSyntax(text: Array(pattern.unicodeScalars))
        do throws(Refusal) {
            try syntax.read()
            return nil
        } catch {
            return error.problem
        }
    }

    private struct Refusal: Error { let problem: RegexProblem }

    private init(text: [Unicode.Scalar]) { self.text = text }

    private func refuse(_ reason: String, at place: Int) -> Refusal {
        Refusal(problem: RegexProblem(reason: reason, place: place + 1))
    }

    private func peek(_ ahead: Int = 0) -> Unicode.Scalar? {
        text.indices.contains(index + ahead) ? text[index + ahead] : nil
    }

    private mutating func read() throws(Refusal) {
        while let scalar = peek() {
            switch scalar {
            case "\\": try readEscape(inClass: false)
            case "[": try readClass()
            case "(": try readGroup()
            case ")":
                if open.popLast() == nil { throw refuse("unexpected )", at: index) }
                index += 1
                isRepeatable = true
            case "|":
                index += 1
                isRepeatable = false
            case "*", "+", "?": try readRepetition(length: 1)
            case "{":
                if let length = try countedLength() {
                    try readRepetition(length: length)
                } else {
                    literal()
                }
            default: literal()
            }
        }
        if let place = open.last { throw refuse("missing ) for the (", at: place) }
    }

    private mutating func literal() {
        index += 1
        isRepeatable = true
    }

    /// An operator, and the `?` that makes it take as little as it can. Two in a row are refused.
    private mutating func readRepetition(length: Int) throws(Refusal) {
        guard isRepeatable else {
            throw refuse("nothing to repeat before \(text[index])", at: index)
        }
        index += length
        if peek() == "?" { index += 1 }
        let start = index
        if let next = peek() {
            let isCounted = next == "{" ? try countedLength() != nil : false
            if next == "*" || next == "+" || next == "?" || isCounted {
                throw refuse("two repetitions in a row", at: start)
            }
        }
    }

    /// Of `{2}`, `{2,}` or `{2,5}`; nil if the brace is just a brace.
    private func countedLength() throws(Refusal) -> Int? {
        guard let end = text[index...].firstIndex(of: "}") else { return nil }
        let body = String(String.UnicodeScalarView(text[(index + 1)..<end]))
        let parts = body.split(separator: ",", maxSplits: 1, omittingEmptySubsequences: false)
        let isNumber = { (part: Substring) in
            !part.isEmpty && part.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
        }
        guard let first = parts.first, isNumber(first),
            parts.count < 2 || parts[1].isEmpty || isNumber(parts[1])
        else { return nil }
        let low = Int(first) ?? .max
        let high = parts.count == 2 && !parts[1].isEmpty ? Int(parts[1]) ?? .max : low
        if max(low, high) > Self.repeatMax {
            throw refuse("a repetition of more than \(Self.repeatMax)", at: index)
        }
        if low > high { throw refuse("a repetition from \(low) to \(high)", at: index) }
        return end - index + 1
    }

    private mutating func readGroup() throws(Refusal) {
        let start = index
        index += 1
        isRepeatable = false
        guard peek() == "?" else { return open.append(start) }
        index += 1
        if peek() == "=" || peek() == "!" || (peek() == "<" && (peek(1) == "=" || peek(1) == "!")) {
            throw refuse("RE2 has no lookaround", at: start)
        }
        if peek() == "P" { index += 1 }
        if peek() == "<" {
            guard let end = text[index...].firstIndex(of: ">"), end > index + 1 else {
                throw refuse("a group without a name", at: start)
            }
            index = end + 1
            return open.append(start)
        }
        while let flag = peek(), "imsU-".unicodeScalars.contains(flag) { index += 1 }
        switch peek() {
        case ":": open.append(start)
        case ")": break
        default: throw refuse("unknown flags of a group", at: start)
        }
        index += 1
    }

    private mutating func readEscape(inClass: Bool) throws(Refusal) {
        let start = index
        guard let next = peek(1) else { throw refuse("nothing after the \\", at: start) }
        isRepeatable = true
        index += 2
        switch next {
        case "Q" where !inClass:
            while index < text.count, !(peek() == "\\" && peek(1) == "E") { index += 1 }
            index = min(index + 2, text.count)
        case "1"..."7":
            guard let digit = peek(), ("0"..."7").contains(digit) else {
                throw refuse("RE2 has no backreferences", at: start)
            }
        case "x", "p", "P":
            guard peek() == "{" else { return }
            guard let end = text[index...].firstIndex(of: "}") else {
                throw refuse("missing } after \\\(next)", at: start)
            }
            index = end + 1
        case "0", "a", "f", "n", "r", "t", "v", "d", "D", "s", "S", "w", "W": break
        case "A", "z", "b", "B", "C", "E": break
        default:
            let isWord = next.properties.isAlphabetic || next.value >= 0x80 || next == "_"
            if isWord || ("0"..."9").contains(next) {
                throw refuse("unknown escape \\\(next)", at: start)
            }
        }
    }

    private mutating func readClass() throws(Refusal) {
        let start = index
        index += 1
        if peek() == "^" { index += 1 }
        var isFirst = true
        while let scalar = peek() {
            if scalar == "]", !isFirst {
                index += 1
                isRepeatable = true
                return
            }
            isFirst = false
            if scalar == "[", peek(1) == ":", let end = endOfNamedClass() {
                index = end
                continue
            }
            try readRange()
        }
        throw refuse("missing ] for the [", at: start)
    }

    /// After `[:alpha:]`.
    private func endOfNamedClass() -> Int? {
        var end = index + 2
        while end + 1 < text.count {
            if text[end] == ":", text[end + 1] == "]" { return end + 2 }
            end += 1
        }
        return nil
    }

    /// A character of a class, or two with a hyphen between them.
    private mutating func readRange() throws(Refusal) {
        let start = index
        let low = try readMember()
        guard peek() == "-", let after = peek(1), after != "]" else { return }
        index += 1
        let high = try readMember()
        if let low, let high, low > high {
            throw refuse("a range from \(low) to \(high)", at: start)
        }
    }

    /// The character, if it stands for itself.
    private mutating func readMember() throws(Refusal) -> Unicode.Scalar? {
        guard let scalar = peek() else { return nil }
        guard scalar == "\\" else {
            index += 1
            return scalar
        }
        try readEscape(inClass: true)
        return nil
    }
}
