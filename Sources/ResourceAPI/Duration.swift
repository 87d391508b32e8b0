/// A length of time in a manifest: `90s`, `15m`, `1h`, `7d`, `2w`. Whole seconds, not negative.
package struct ManifestDuration: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let seconds: Int64

    package init(seconds: Int64) {
        self.seconds = seconds
    }

    /// Nil if the text is not a whole number followed by one of `s m h d w`, or is too large
    /// (more than 100 years).
    package init?(_ text: String) {
        guard let unit = text.utf8.last, let factor = ManifestDuration.units[unit],
            let count = Int64(text.dropLast()), count >= 0,
            text.utf8.first != UInt8(ascii: "+")
        else { return nil }
        let (seconds, overflow) = count.multipliedReportingOverflow(by: factor)
        guard !overflow, seconds <= 100 * 366 * 86_400 else { return nil }
        self.seconds = seconds
    }

    private static let units: [UInt8: Int64] = [
        UInt8(ascii: "s"): 1, UInt8(ascii: "m"): 60, UInt8(ascii: "h"): 3600,
        UInt8(ascii: "d"): 86_400, UInt8(ascii: "w"): 604_800,
    ]

    /// The shortest exact form: `7200` seconds is `2h`; `24h` stays hours up to three days, since
    /// that is how windows are spoken of.
    package var description: String {
        if seconds == 0 { return "0s" }
        if seconds.isMultiple(of: 86_400), seconds > 2 * 86_400 { return "\(seconds / 86_400)d" }
        if seconds.isMultiple(of: 3600) { return "\(seconds / 3600)h" }
        if seconds.isMultiple(of: 60) { return "\(seconds / 60)m" }
        return "\(seconds)s"
    }

    package static func < (a: ManifestDuration, b: ManifestDuration) -> Bool {
        a.seconds < b.seconds
    }
}
