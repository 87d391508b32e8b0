import Foundation
import ResourceAPI

/// A profile as the worker writes it (`profile.json`, format 2).
struct DatasetProfile: Codable {
    struct Column: Codable {
        let name: String
        let type: String
        /// Values: rows without a null, a NaN or an infinity.
        let count: Int
        let nulls: Int
        let notFinite: Int?
        let distinct: Int
        /// Whether `distinct` and the quantiles are counted or estimated.
        let exact: Bool
        let min: JSONValue?
        let max: JSONValue?
        let mean: Double?
        let stddev: Double?
        let quantiles: [String: JSONValue]?
        let values: [Frequency]?
        /// Rows with other values than those of `values`.
        let others: Int?
        let histogram: Histogram?
    }

    struct Frequency: Codable {
        let value: JSONValue
        let count: Int
    }

    /// One bin more than edges: below the first, between two, from the last on.
    struct Histogram: Codable {
        let edges: [JSONValue]
        let counts: [Int]
    }

    struct Expectation: Codable {
        let check: String
        let passed: Bool
        let severity: String?
        /// In words, if it failed.
        let message: String?
    }

    let format: Int
    let rows: Int
    let columns: [Column]
    let expectations: [Expectation]

    /// - Returns: all that the file says, and what of it is of this type.
    static func read(
        path: String, of resource: ResourceID
    ) throws(CommandError) -> (whole: JSONValue, typed: DatasetProfile) {
        guard let data = FileManager.default.contents(atPath: path),
            let whole = try? JSONDecoder().decode(JSONValue.self, from: data),
            let typed = try? JSONDecoder().decode(DatasetProfile.self, from: data)
        else { throw .unreadableProfile(resource) }
        return (whole, typed)
    }
}

extension DatasetProfile.Column {
    /// What its bars are: a histogram, or the most frequent values and the rest.
    var bars: [(label: String, count: Int)] {
        if let values, histogram == nil || values.count < 10 {
            let rest = others ?? 0
            return values.map { (ValueText.of($0.value), $0.count) }
                + (rest > 0 ? [("other values", rest)] : [])
        }
        guard let histogram, let first = histogram.edges.first, let last = histogram.edges.last
        else { return [] }
        let edges = histogram.edges.map(ValueText.of)
        let labels =
            ["below \(ValueText.of(first))"]
            + zip(edges, edges.dropFirst()).map { "\($0) to \($1)" }
            + ["from \(ValueText.of(last))"]
        return zip(labels, histogram.counts).map { ($0, $1) }
    }
}

/// Values of data for people: short, on one line, without anything that a terminal would obey.
enum ValueText {
    private static let maximumCharacters = 40

    static func of(_ value: JSONValue?) -> String {
        switch value {
        case nil, .null: "-"
        case .bool(let flag): flag ? "true" : "false"
        case .int(let number): grouped(number)
        case .double(let number): of(number)
        case .string(let text): line(text)
        case .array, .object: "…"
        }
    }

    /// Six digits that count.
    static func of(_ number: Double) -> String {
        if let whole = Int64(exactly: number), abs(whole) < 1_000_000_000 { return grouped(whole) }
        return String(format: "%.6g", number)
    }

    static func line(_ text: String) -> String {
        let safe = LogText.harmless(text).map { $0 == "\n" || $0 == "\t" ? " " : $0 }
        return safe.count > maximumCharacters
            ? String(safe.prefix(maximumCharacters)) + "…" : String(safe)
    }

    /// 336776 as 336,776.
    static func grouped(_ number: some BinaryInteger) -> String {
        let digits = String(number.magnitude)
        var result = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) { result += "," }
            result.append(digit)
        }
        return (number < 0 ? "-" : "") + result
    }

    /// `2.5%`; `<0.1%` rather than nothing.
    static func share(_ part: Int, of whole: Int) -> String {
        guard whole > 0, part > 0 else { return "0%" }
        let percent = Double(part) / Double(whole) * 100
        return percent < 0.1 ? "<0.1%" : String(format: percent < 10 ? "%.1f%%" : "%.0f%%", percent)
    }

    /// One block a count, the highest for the largest; the lowest is for nothing at all.
    static func blocks(_ counts: [Int]) -> String {
        let levels = Array("▁▂▃▄▅▆▇█")
        let most = counts.max() ?? 0
        return String(
            counts.map { count in
                guard count > 0, most > 0 else { return levels[0] }
                return levels[1 + Int((Double(count) / Double(most) * 6).rounded())]
            })
    }
}
