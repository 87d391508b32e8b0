/// Dates and times as manifests write them: ISO 8601, UTC.
struct TimeText: Comparable {
    /// `2013-10-01` or `2013-10-01T06:00:00[.123456]`, without a `Z`.
    let normalized: String
    /// Year, month, day, hour, minute, second, microsecond.
    private let parts: [Int]

    /// Reads `2013-10-01`, `2013-10-01T06:00`, `2013-10-01 06:00:00.5Z`; nil for other forms, for
    /// days that do not exist and for offsets other than `Z`.
    init?(_ text: String) {
        var reader = DigitReader(text)
        guard let year = reader.number(4), year > 0, reader.skip("-"),
            let month = reader.number(2), (1...12).contains(month), reader.skip("-"),
            let day = reader.number(2), (1...TimeText.days(of: month, in: year)).contains(day)
        else { return nil }
        let date = String(text.prefix(10))
        if reader.isAtEnd {
            parts = [year, month, day, 0, 0, 0, 0]
            normalized = date
            return
        }
        guard reader.skip("T") || reader.skip(" "), let hour = reader.number(2), hour < 24,
            reader.skip(":"), let minute = reader.number(2), minute < 60
        else { return nil }
        var second = 0
        var fraction = ""
        if reader.skip(":") {
            guard let value = reader.number(2), value < 60 else { return nil }
            second = value
            if reader.skip(".") {
                fraction = reader.digits()
                guard (1...6).contains(fraction.utf8.count) else { return nil }
            }
        }
        _ = reader.skip("Z")
        guard reader.isAtEnd else { return nil }
        let micro = fraction + String(repeating: "0", count: 6 - fraction.utf8.count)
        parts = [year, month, day, hour, minute, second, Int(micro) ?? 0]
        let clock = [hour, minute, second].map { $0 < 10 ? "0\($0)" : "\($0)" }
        normalized =
            date + "T" + clock.joined(separator: ":") + (fraction.isEmpty ? "" : "." + fraction)
    }

    /// Whether YAML 1.1 takes a plain scalar for a date or time.
    static func looksLikeDate(_ text: String) -> Bool {
        var reader = DigitReader(text)
        return reader.number(4) != nil && reader.skip("-") && reader.number(1) != nil
            && (reader.skip("-") || (reader.number(1) != nil && reader.skip("-")))
            && reader.number(1) != nil
    }

    static func < (a: TimeText, b: TimeText) -> Bool { a.parts.lexicographicallyPrecedes(b.parts) }
    static func == (a: TimeText, b: TimeText) -> Bool { a.parts == b.parts }

    private static func days(of month: Int, in year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

/// Takes digits and marks off the front of a text.
private struct DigitReader {
    private var rest: Substring.UTF8View

    init(_ text: String) {
        rest = Substring(text).utf8
    }

    var isAtEnd: Bool { rest.isEmpty }

    /// Exactly `count` ASCII digits.
    mutating func number(_ count: Int) -> Int? {
        let digits = rest.prefix(count)
        guard digits.count == count, digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else {
            return nil
        }
        rest = rest.dropFirst(count)
        return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }

    /// As many digits as there are.
    mutating func digits() -> String {
        let digits = rest.prefix { $0 >= 0x30 && $0 <= 0x39 }
        rest = rest.dropFirst(digits.count)
        return String(decoding: digits, as: UTF8.self)
    }

    mutating func skip(_ mark: UnicodeScalar) -> Bool {
        guard rest.first == UInt8(truncatingIfNeeded: mark.value) else { return false }
        rest = rest.dropFirst()
        return true
    }
}
