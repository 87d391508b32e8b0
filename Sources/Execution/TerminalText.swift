/// Texts of programs that Ingot does not know, for people's terminals.
enum TerminalText {
    /// Control characters, with which a text could rewrite what the terminal shows, and those that
    /// turn its direction, are written as `\\x1b`, `\\u{202e}`. Newlines and tabs stay.
    static func harmless(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isHarmful) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            if isHarmful(scalar) {
                let digits = String(scalar.value, radix: 16)
                result +=
                    scalar.value < 16
                    ? "\\x0" + digits
                    : scalar.value < 256
                        ? "\\x" + digits : "\\u{" + digits + "}"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func isHarmful(_ scalar: UnicodeScalar) -> Bool {
        switch scalar.value {
        case 9, 10: false
        case 0..<32, 127...159, 0x200e, 0x200f, 0x202a...0x202e, 0x2066...0x2069: true
        default: false
        }
    }
}
