/// Times in UTC as text, and as microseconds since 1970.
package enum InstantText {
    private static let perDay: Int64 = 86_400_000_000
    private static let limit: Int64 = 9_000_000_000_000_000_000

    /// `2013-11-15T18:00:00Z`, with as many digits of a fraction as are needed.
    /// Times farther away than some 285,000 years are written as these.
    package static func write(_ time: Int64) -> String {
        let microseconds = min(max(time, -limit), limit)
        let day = floorDivide(microseconds, perDay)
        let rest = microseconds - day * perDay
        let (year, month, dayOfMonth) = date(ofDay: day)
        let seconds = rest / 1_000_000
        var text = pad(year, 4) + "-" + pad(month, 2) + "-" + pad(dayOfMonth, 2) + "T"
        text +=
            pad(seconds / 3600, 2) + ":" + pad(seconds / 60 % 60, 2) + ":" + pad(seconds % 60, 2)
        var fraction = pad(rest % 1_000_000, 6)
        while fraction.hasSuffix("0") { fraction.removeLast() }
        return text + (fraction.isEmpty ? "Z" : ".\(fraction)Z")
    }

    /// Reads what `write` writes, also with a blank for `T`, without seconds or `Z`, or only a date.
    /// Years from 1 to 9999.
    package static func read(_ text: String) -> Int64? {
        var bytes = Array(text.utf8)
        guard bytes.count >= 10, bytes.count <= 27, bytes[4] == dash, bytes[7] == dash,
            let year = number(bytes[0..<4]), let month = number(bytes[5..<7]),
            let day = number(bytes[8..<10]), year >= 1, (1...12).contains(month), day >= 1,
            day <= daysInMonth(year, month)
        else { return nil }
        var result = Self.day(year, month, day) * perDay
        bytes.removeFirst(10)
        if bytes.isEmpty { return result }
        guard bytes[0] == UInt8(ascii: "T") || bytes[0] == UInt8(ascii: " ") else { return nil }
        bytes.removeFirst()
        if bytes.last == UInt8(ascii: "Z") { bytes.removeLast() }
        guard let time = timeOfDay(bytes) else { return nil }
        result += time
        return result
    }

    private static let dash = UInt8(ascii: "-")

    /// `18:00`, `18:00:05`, `18:00:05.25`
    private static func timeOfDay(_ bytes: [UInt8]) -> Int64? {
        guard bytes.count >= 5, bytes[2] == UInt8(ascii: ":"), let hour = number(bytes[0..<2]),
            let minute = number(bytes[3..<5]), hour < 24, minute < 60
        else { return nil }
        var result = (hour * 3600 + minute * 60) * 1_000_000
        guard bytes.count > 5 else { return result }
        guard bytes.count >= 8, bytes[5] == UInt8(ascii: ":"), let second = number(bytes[6..<8]),
            second < 60
        else { return nil }
        result += second * 1_000_000
        guard bytes.count > 8 else { return result }
        let digits = bytes[9...]
        guard bytes[8] == UInt8(ascii: "."), (1...6).contains(digits.count),
            var fraction = number(digits)
        else { return nil }
        for _ in digits.count..<6 { fraction *= 10 }
        return result + fraction
    }

    /// Digits only, at most 6 of them.
    private static func number(_ digits: ArraySlice<UInt8>) -> Int64? {
        var value: Int64 = 0
        for byte in digits {
            guard byte >= 48, byte <= 57 else { return nil }
            value = value * 10 + Int64(byte - 48)
        }
        return digits.isEmpty ? nil : value
    }

    private static func pad(_ value: Int64, _ width: Int) -> String {
        let text = value.description
        return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
    }

    private static func floorDivide(_ a: Int64, _ b: Int64) -> Int64 {
        a >= 0 || a % b == 0 ? a / b : a / b - 1
    }

    private static func isLeap(_ year: Int64) -> Bool {
        year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    }

    private static func daysInMonth(_ year: Int64, _ month: Int64) -> Int64 {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days since 1970-01-01. Years are counted from March on, so that a leap day ends one.
    private static func day(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let years = month > 2 ? year : year - 1
        let era = floorDivide(years, 400)
        let yearOfEra = years - era * 400
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
            - 719_468
    }

    private static func date(ofDay day: Int64) -> (Int64, Int64, Int64) {
        let shifted = day + 719_468
        let era = floorDivide(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}
