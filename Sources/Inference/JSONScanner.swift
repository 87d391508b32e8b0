/// Reads JSON tokens from bytes, strictly: RFC 8259, valid UTF-8, no lone surrogates, no control
/// characters in strings. No input makes it trap: every read is checked against the end.
///
/// By hand because of speed (Foundation's decoder takes about twice as long for a row of 43 columns),
/// and because Foundation's takes duplicate keys and UTF-16 without a word.
package struct JSONScanner {
    /// Of arrays and objects within each other; the protocol needs five.
    package static let maximumDepth = 16

    private let bytes: UnsafeBufferPointer<UInt8>
    package private(set) var position = 0

    package init(_ bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
    }

    package func failure(_ problem: String) -> InferenceError {
        .json(offset: position, problem: problem)
    }

    // MARK: Structure

    /// The next byte that is not white space, not consumed; nil at the end.
    @inline(__always)
    package mutating func peek() -> UInt8? {
        while position < bytes.count {
            let byte = bytes[position]
            guard byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 else { return byte }
            position += 1
        }
        return nil
    }

    /// Consumes the byte if it comes next.
    @inline(__always)
    package mutating func take(_ byte: UInt8) -> Bool {
        guard peek() == byte else { return false }
        position += 1
        return true
    }

    package mutating func expect(_ byte: UInt8) throws(InferenceError) {
        guard take(byte) else {
            throw failure("expected '\(Character(UnicodeScalar(byte)))'\(insteadOf())")
        }
    }

    package mutating func expectEnd() throws(InferenceError) {
        guard peek() == nil else { throw failure("unexpected text after the end") }
    }

    private func insteadOf() -> String {
        guard position < bytes.count else { return " before the end" }
        let byte = bytes[position]
        guard (0x21...0x7e).contains(byte) else { return "" }
        return ", found '\(Character(UnicodeScalar(byte)))'"
    }

    /// After a member or an element: true if another follows, false if `close` ended the list.
    @inline(__always)
    package mutating func another(before close: UInt8) throws(InferenceError) -> Bool {
        if take(UInt8(ascii: ",")) { return true }
        try expect(close)
        return false
    }

    // MARK: Scalars

    package mutating func literal(_ text: StaticString) throws(InferenceError) {
        let count = text.utf8CodeUnitCount
        guard count <= bytes.count - position,
            (0..<count).allSatisfy({ bytes[position + $0] == text.utf8Start[$0] })
        else { throw failure("expected a value\(insteadOf())") }
        position += count
    }

    /// A number as the nearest double; infinite if it is too large for one.
    package mutating func number() throws(InferenceError) -> Double {
        let start = position
        var mantissa: UInt64 = 0
        var digits = 0
        var exponent = 0
        let negative = position < bytes.count && bytes[position] == UInt8(ascii: "-")
        if negative { position += 1 }
        guard followedByDigit else { throw notNumber(at: start) }
        if bytes[position] == UInt8(ascii: "0") {
            position += 1
            if followedByDigit { throw failure("a number starts with a needless 0") }
        }
        while let value = digit() { accumulate(value, &mantissa, &digits, &exponent, scale: 0) }
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            position += 1
            guard followedByDigit else { throw failure("a number ends with its point") }
            while let value = digit() {
                accumulate(value, &mantissa, &digits, &exponent, scale: -1)
            }
        }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            exponent += try explicitExponent()
        }
        if digits <= 19, mantissa < 1 << 53, abs(exponent) <= 22 {
            // Both are exact doubles, so one rounding gives the nearest one.
            let power = Self.powers[abs(exponent)]
            let value = exponent < 0 ? Double(mantissa) / power : Double(mantissa) * power
            return negative ? -value : value
        }
        // Rare: the standard library's exact conversion.
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        return Double(text) ?? (negative ? -.infinity : .infinity)
    }

    private static let powers: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
        1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ]

    private var followedByDigit: Bool {
        position < bytes.count && bytes[position] &- UInt8(ascii: "0") <= 9
    }

    @inline(__always)
    private mutating func digit() -> UInt8? {
        guard position < bytes.count else { return nil }
        let value = bytes[position] &- UInt8(ascii: "0")
        guard value <= 9 else { return nil }
        position += 1
        return value
    }

    /// Digits beyond 19 are counted only, which sends the number to the slow path.
    @inline(__always)
    private func accumulate(
        _ digit: UInt8, _ mantissa: inout UInt64, _ digits: inout Int, _ exponent: inout Int,
        scale: Int
    ) {
        if digits > 0 || digit > 0 { digits += 1 }
        if digits <= 19 { mantissa = mantissa &* 10 &+ UInt64(digit) }
        exponent += scale
    }

    private mutating func explicitExponent() throws(InferenceError) -> Int {
        position += 1
        var negative = false
        if position < bytes.count,
            bytes[position] == UInt8(ascii: "-") || bytes[position] == UInt8(ascii: "+")
        {
            negative = bytes[position] == UInt8(ascii: "-")
            position += 1
        }
        guard followedByDigit else { throw failure("a number ends with its exponent sign") }
        var value = 0
        while let next = digit() { value = min(value * 10 + Int(next), 1_000_000) }
        return negative ? -value : value
    }

    private func notNumber(at start: Int) -> InferenceError {
        let rest = bytes[start..<min(start + 9, bytes.count)]
        let word = String(decoding: rest, as: UTF8.self).lowercased()
        let isNaN = ["nan", "infinity", "-infinity", "inf", "-inf"].contains { word.hasPrefix($0) }
        if isNaN { return .jsonNaN(offset: start) }
        return .json(offset: start, problem: "expected a value\(insteadOf())")
    }

    // MARK: Strings

    /// Reads a string and appends its UTF-8 to `text`.
    package mutating func string(into text: inout [UInt8]) throws(InferenceError) {
        try expect(UInt8(ascii: "\""))
        var plain = position
        var ascii = true
        while true {
            guard position < bytes.count else { throw failure("a string does not end") }
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "\""):
                try append(plain..<position, ascii: ascii, to: &text)
                position += 1
                return
            case UInt8(ascii: "\\"):
                try append(plain..<position, ascii: ascii, to: &text)
                try escape(into: &text)
                plain = position
                ascii = true
            case 0..<0x20: throw failure("a control character in a string")
            default:
                if byte >= 0x80 { ascii = false }
                position += 1
            }
        }
    }

    /// A key or another short text.
    package mutating func string() throws(InferenceError) -> String {
        var text: [UInt8] = []
        try string(into: &text)
        return String(decoding: text, as: UTF8.self)
    }

    private func append(
        _ range: Range<Int>, ascii: Bool, to text: inout [UInt8]
    ) throws(InferenceError) {
        guard !range.isEmpty else { return }
        let piece = bytes[range]
        if !ascii, String(validating: piece, as: UTF8.self) == nil {
            throw .json(offset: range.lowerBound, problem: "a string that is not UTF-8")
        }
        text.append(contentsOf: piece)
    }

    private mutating func escape(into text: inout [UInt8]) throws(InferenceError) {
        position += 1
        guard position < bytes.count else { throw failure("a string does not end") }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0c)
        case UInt8(ascii: "n"): text.append(0x0a)
        case UInt8(ascii: "r"): text.append(0x0d)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var code = try hex4()
            if (0xd800..<0xdc00).contains(code) {
                guard position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
                    bytes[position + 1] == UInt8(ascii: "u")
                else { throw failure("half of a surrogate pair") }
                position += 2
                let low = try hex4()
                guard (0xdc00..<0xe000).contains(low) else {
                    throw failure("half of a surrogate pair")
                }
                code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
            }
            guard let scalar = UnicodeScalar(code) else {
                throw failure("half of a surrogate pair")
            }
            text.append(contentsOf: String(Character(scalar)).utf8)
        default: throw failure("an unknown escape in a string")
        }
    }

    private mutating func hex4() throws(InferenceError) -> UInt32 {
        guard bytes.count - position >= 4 else { throw failure("a string does not end") }
        var value: UInt32 = 0
        for _ in 0..<4 {
            let byte = bytes[position]
            let digit: UInt8 =
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
                case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
                case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
                default: throw failure("a \\u escape without four hex digits")
                }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    // MARK: Skipping

    /// Reads past any value, checking it.
    package mutating func skipValue(depth: Int = 1) throws(InferenceError) {
        guard depth <= Self.maximumDepth else {
            throw failure("values nested deeper than \(Self.maximumDepth)")
        }
        switch peek() {
        case UInt8(ascii: "{"):
            try object { scanner, _ throws(InferenceError) in
                try scanner.skipValue(depth: depth + 1)
            }
        case UInt8(ascii: "["):
            position += 1
            if take(UInt8(ascii: "]")) { return }
            repeat { try skipValue(depth: depth + 1) } while try another(before: UInt8(ascii: "]"))
        case UInt8(ascii: "\""): _ = try string()
        case UInt8(ascii: "t"): try literal("true")
        case UInt8(ascii: "f"): try literal("false")
        case UInt8(ascii: "n"): try skipNull()
        default: _ = try number()
        }
    }

    /// `nan` starts with the same letter as `null`.
    package mutating func skipNull() throws(InferenceError) {
        if position + 1 < bytes.count, bytes[position + 1] == UInt8(ascii: "a") {
            throw notNumber(at: position)
        }
        try literal("null")
    }

    /// Reads an object; `member` reads the value of each key. A repeated key is refused.
    package mutating func object(
        _ member: (inout JSONScanner, String) throws(InferenceError) -> Void
    ) throws(InferenceError) {
        try expect(UInt8(ascii: "{"))
        if take(UInt8(ascii: "}")) { return }
        var seen: [String] = []
        repeat {
            guard peek() == UInt8(ascii: "\"") else {
                throw failure("expected a key\(insteadOf())")
            }
            let key = try string()
            // Objects of the protocol have five keys; more than this many are no parameters.
            guard seen.count < 64 else { throw failure("an object with more than 64 keys") }
            if seen.contains(key) { throw .jsonDuplicate(key: String(key.prefix(100))) }
            seen.append(key)
            try expect(UInt8(ascii: ":"))
            try member(&self, key)
        } while try another(before: UInt8(ascii: "}"))
    }
}
