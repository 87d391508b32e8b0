/// Identities of runs: 11 hex digits of milliseconds since 1970 and 8 random ones, so that they
/// sort by time.
package enum RunID {
    package static func make(_ milliseconds: Int64) -> String {
        digits(UInt64(clamping: milliseconds), count: 11)
            + digits(UInt64(UInt32.random(in: .min ... .max)), count: 8)
    }

    private static func digits(_ value: UInt64, count: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
    }
}
