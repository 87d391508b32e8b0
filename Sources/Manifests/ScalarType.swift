/// What YAML would take a plain scalar for. Manifests are typed by their fields, so this serves
/// only to refuse text that other YAML tools would not read as text.
enum ScalarType: String {
    case null = "null"
    case boolean = "a boolean"
    case number = "a number"
    case time = "a date or time"

    static func isNull(_ text: String) -> Bool {
        switch text {
        case "", "~", "null", "Null", "NULL": true
        default: false
        }
    }

    /// By YAML 1.2's core schema; nil is text.
    init?(core text: String) {
        if ScalarType.isNull(text) {
            self = .null
            return
        }
        guard ScalarType.mayBeTyped(text) else { return nil }
        switch text {
        case "true", "True", "TRUE", "false", "False", "FALSE": self = .boolean
        default:
            guard NumberText.isYAML12Number(text) else { return nil }
            self = .number
        }
    }

    /// By YAML 1.1 or 1.2, whichever says that it is not text.
    init?(yaml11 text: String) {
        if let type = ScalarType(core: text) {
            self = type
            return
        }
        guard ScalarType.mayBeTyped(text) else { return nil }
        switch text.lowercased() {
        case "yes", "no", "on", "off", "y", "n": self = .boolean
        default:
            if NumberText.isYAML11Number(text) {
                self = .number
            } else if TimeText.looksLikeDate(text) {
                self = .time
            } else {
                return nil
            }
        }
    }

    /// A quick no for most texts: by the first byte, and by the length of words.
    private static func mayBeTyped(_ text: String) -> Bool {
        guard let first = text.utf8.first else { return false }
        switch first {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"),
            UInt8(ascii: "."):
            return true
        case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "y"), UInt8(ascii: "n"),
            UInt8(ascii: "o"), UInt8(ascii: "T"), UInt8(ascii: "F"), UInt8(ascii: "Y"),
            UInt8(ascii: "N"), UInt8(ascii: "O"):
            return text.utf8.count <= 5
        default: return false
        }
    }
}

/// The forms of numbers.
enum NumberText {
    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    /// `-?(0|[1-9][0-9]*)`.
    static func isDecimalInteger(_ text: String) -> Bool {
        var digits = Substring(text).utf8
        if digits.first == UInt8(ascii: "-") { digits = digits.dropFirst() }
        guard let first = digits.first else { return false }
        return digits.allSatisfy(isDigit) && (first != UInt8(ascii: "0") || digits.count == 1)
    }

    /// A decimal number with or without a fraction and an exponent; no leading `+` or zeros.
    static func isDecimalNumber(_ text: String) -> Bool {
        let body = text.utf8.first == UInt8(ascii: "-") ? text.utf8.dropFirst() : text.utf8[...]
        guard let first = body.first, isDigit(first) || first == UInt8(ascii: ".") else {
            return false
        }
        let whole = body.prefix(while: isDigit)
        guard whole.count <= 1 || whole.first != UInt8(ascii: "0") else { return false }
        return isFloat(body)
    }

    static func isYAML12Number(_ text: String) -> Bool {
        var body = text.utf8[...]
        if body.first == UInt8(ascii: "-") || body.first == UInt8(ascii: "+") {
            body = body.dropFirst()
        }
        if isFloat(body) { return true }
        switch String(Substring(body)) {
        case ".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN": return true
        default: break
        }
        guard body.first == UInt8(ascii: "0"), body.count > 2 else { return false }
        let digits = body.dropFirst(2)
        switch body.dropFirst().first {
        case UInt8(ascii: "x"): return digits.allSatisfy { Character(UnicodeScalar($0)).isHexDigit }
        case UInt8(ascii: "o"): return digits.allSatisfy { $0 >= 0x30 && $0 <= 0x37 }
        default: return false
        }
    }

    /// Adds `1_000`, `0b101` and sexagesimal `12:30:00` to YAML 1.2's numbers.
    static func isYAML11Number(_ text: String) -> Bool {
        var body = text.utf8[...]
        if body.first == UInt8(ascii: "-") || body.first == UInt8(ascii: "+") {
            body = body.dropFirst()
        }
        guard let first = body.first, isDigit(first) || first == UInt8(ascii: ".") else {
            return false
        }
        let bare = String(decoding: body.filter { $0 != UInt8(ascii: "_") }, as: UTF8.self)
        if isYAML12Number(bare) { return true }
        if bare.hasPrefix("0b") {
            return bare.utf8.dropFirst(2).allSatisfy { $0 == 0x30 || $0 == 0x31 }
        }
        let parts = bare.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard parts.count > 1 else { return false }
        return parts.dropLast().allSatisfy { !$0.isEmpty && $0.allSatisfy(isDigit) }
            && parts.suffix(1).allSatisfy { isFloat($0) }
            && parts.dropFirst().allSatisfy { $0.prefix(while: isDigit).count <= 2 }
    }

    /// `12`, `12.`, `.5`, `1.5e-3`, without a sign.
    private static func isFloat(_ text: Substring.UTF8View.SubSequence) -> Bool {
        var rest = text.drop(while: isDigit)
        var digits = text.count - rest.count
        if rest.first == UInt8(ascii: ".") {
            let fraction = rest.dropFirst()
            rest = fraction.drop(while: isDigit)
            digits += fraction.count - rest.count
        }
        guard digits > 0 else { return false }
        if rest.isEmpty { return true }
        guard rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") else {
            return false
        }
        var exponent = rest.dropFirst()
        if exponent.first == UInt8(ascii: "-") || exponent.first == UInt8(ascii: "+") {
            exponent = exponent.dropFirst()
        }
        return !exponent.isEmpty && exponent.allSatisfy(isDigit)
    }
}
