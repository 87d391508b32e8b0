import Foundation

/// Times and lengths of time for people.
enum TimeText {
    /// `2026-11-21 05:30:12`, UTC.
    static func date(milliseconds: Int64) -> String {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "UTC")
        formatter.dateFormat = "yyyy-MM-dd HH:mm:ss"
        return formatter.string(from: Date(timeIntervalSince1970: Double(milliseconds) / 1000))
    }

    /// `2026-11-21T05:30:12Z`.
    static func moment(milliseconds: Int64) -> String {
        date(milliseconds: milliseconds).replacing(" ", with: "T") + "Z"
    }

    /// `0.4s`, `12.3s`, `4m10s`.
    static func seconds(_ seconds: Double) -> String {
        if seconds < 100 { return String(format: "%.1fs", seconds) }
        let whole = Int(seconds.rounded())
        return "\(whole / 60)m\(whole % 60)s"
    }

    /// `3s ago`, `5m ago`, `2h ago`, `4d ago`.
    static func age(from milliseconds: Int64, to now: Int64) -> String {
        let seconds = max(0, (now - milliseconds) / 1000)
        switch seconds {
        case ..<120: return "\(seconds)s ago"
        case ..<7200: return "\(seconds / 60)m ago"
        case ..<172_800: return "\(seconds / 3600)h ago"
        default: return "\(seconds / 86_400)d ago"
        }
    }

    static var now: Int64 { Int64(Date().timeIntervalSince1970 * 1000) }
}
