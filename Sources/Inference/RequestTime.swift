/// Times of requests: ISO 8601, by hand for speed, and because untrusted bytes must never trap.
enum RequestTime {
    private static let day: Int64 = 86_400_000_000

    /// Microseconds since 1970 UTC of `2013-10-01`, `2013-10-01T06:00`, `2013-10-01 06:00:00.25` and
    /// the like, with `Z` or an offset such as `+02:00` at the end; without, it is UTC. More than six
    /// digits of a fraction are cut. Nil if it is none, or no day of the calendar.
    static func microseconds(_ text: some Collection<UInt8>) -> Int64? {
        var reader = Reader(bytes: Array(text.prefix(40)))
        guard text.count <= 40, let year = reader.digits(4), reader.take("-"),
            let month = reader.digits(2), reader.take("-"), let dayOfMonth = reader.digits(2),
            (1...12).contains(month), (1...days(in: month, of: year)).contains(dayOfMonth)
        else { return nil }
        var result = Int64(days(year, month, dayOfMonth)) * day
        if reader.isAtEnd { return result }
        guard reader.take("T") || reader.take("t") || reader.take(" "),
            let time = reader.timeOfDay(), let offset = reader.offset(), reader.isAtEnd
        else { return nil }
        result += time - offset
        return result
    }

    /// The beginning of the day.
    static func midnight(_ microseconds: Int64) -> Int64 {
        let rest = microseconds % day
        return microseconds - (rest < 0 ? rest + day : rest)
    }

    private static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days since 1970, with years that begin in March.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        // 400 years more, so that no quotient is of a negative number.
        let year = (month <= 2 ? year - 1 : year) + 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return year * 365 + year / 4 - year / 100 + year / 400 + dayOfYear - 719_468 - 146_097
    }

    private struct Reader {
        let bytes: [UInt8]
        var position = 0

        var isAtEnd: Bool { position == bytes.count }

        mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard position < bytes.count, bytes[position] == UInt8(ascii: character) else {
                return false
            }
            position += 1
            return true
        }

        /// Exactly so many.
        mutating func digits(_ count: Int) -> Int? {
            guard position + count <= bytes.count else { return nil }
            var value = 0
            for byte in bytes[position..<position + count] {
                guard (0x30...0x39).contains(byte) else { return nil }
                value = value * 10 + Int(byte - 0x30)
            }
            position += count
            return value
        }

        mutating func timeOfDay() -> Int64? {
            guard let hour = digits(2), take(":"), let minute = digits(2), hour < 24, minute < 60
            else { return nil }
            var microseconds = Int64(hour * 3600 + minute * 60) * 1_000_000
            guard take(":") else { return microseconds }
            guard let second = digits(2), second < 60 else { return nil }
            microseconds += Int64(second) * 1_000_000
            guard take(".") else { return microseconds }
            var unit: Int64 = 100_000
            guard position < bytes.count, (0x30...0x39).contains(bytes[position]) else {
                return nil
            }
            while position < bytes.count, (0x30...0x39).contains(bytes[position]) {
                microseconds += Int64(bytes[position] - 0x30) * unit
                unit /= 10
                position += 1
            }
            return microseconds
        }

        /// Of the zone, in microseconds; 0 if there is none.
        mutating func offset() -> Int64? {
            if isAtEnd || take("Z") || take("z") { return 0 }
            let sign: Int64
            if take("+") {
                sign = 1
            } else if take("-") {
                sign = -1
            } else {
                return nil
            }
            guard let hours = digits(2), hours < 24 else { return nil }
            var minutes = 0
            if !isAtEnd {
                _ = take(":")
                guard let given = digits(2), given < 60 else { return nil }
                minutes = given
            }
            return sign * Int64(hours * 60 + minutes) * 60_000_000
        }
    }
}
