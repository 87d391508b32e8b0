import ResourceAPI

/// What the worker found between two snapshots (`diff.json`).
struct SnapshotDifference: Codable {
    struct Column: Codable {
        let name: String
        let type: String
    }

    struct Retyped: Codable {
        let name: String
        let old: String
        let new: String
    }

    struct Columns: Codable {
        let added: [Column]
        let removed: [Column]
        let retyped: [Retyped]
    }

    struct Change: Codable {
        struct Values: Codable {
            let old: JSONValue
            let new: JSONValue
        }

        let key: [String: JSONValue]
        let changes: [String: Values]
    }

    struct Examples: Codable {
        let added: [[String: JSONValue]]?
        let removed: [[String: JSONValue]]?
        let changed: [Change]?
    }

    struct Rows: Codable {
        let old: Int
        let new: Int
        /// Empty: whole rows are compared.
        let key: [String]
        /// Why the primary key was of no use.
        let keyProblem: String?
        let added: Int
        let removed: Int
        /// Nil where whole rows are compared.
        let changed: Int?
        let unchanged: Int
        let changedColumns: [String: Int]?
        let examples: Examples
    }

    struct Distribution: Codable {
        let name: String
        let type: String
        /// The population stability index; nil where there is nothing to compare.
        let index: Double?
        let old: JSONValue
        let new: JSONValue
    }

    let columns: Columns
    let rows: Rows
    let distributions: [Distribution]
}

/// What `ingot diff` shows.
struct DiffView: Encodable {
    struct Side: Encodable {
        let commit: String
        let snapshot: Digest
    }

    /// From here on people speak of a distribution that has moved, and of one that has moved far.
    private static let moved = 0.1
    private static let movedFar = 0.25

    let dataset: ResourceID
    let old: Side
    let new: Side
    /// Nil if the snapshots are the same.
    let difference: SnapshotDifference?

    var text: String {
        let commits = "\(old.commit.prefix(7)) and \(new.commit.prefix(7))"
        guard let difference else {
            return "\(dataset) is the same at \(commits): \(new.snapshot)\n"
        }
        return "\(dataset) between \(commits)\n"
            + rows(difference.rows) + columns(difference.columns)
            + examples(difference.rows) + distributions(difference.distributions)
    }

    private func rows(_ rows: SnapshotDifference.Rows) -> String {
        func count(_ number: Int) -> String { ValueText.grouped(number) }
        var text = "\nrows     \(count(rows.old)) before, \(count(rows.new)) after"
        text +=
            rows.key.isEmpty
            ? ", compared as a whole\n" : ", by \(rows.key.joined(separator: ", "))\n"
        if let problem = rows.keyProblem { text += "         note: \(problem)\n" }
        text += "         + \(count(rows.added)) added, - \(count(rows.removed)) removed"
        text += rows.changed.map { ", ~ \(count($0)) changed" } ?? ""
        text += ", \(count(rows.unchanged)) the same\n"
        let changed = (rows.changedColumns ?? [:]).sorted {
            ($1.value, $0.key) < ($0.value, $1.key)
        }
        for (name, number) in changed.prefix(20) {
            text += "         ~ \(ValueText.line(name)) in \(Plural.count(number, "row"))\n"
        }
        return text
    }

    private func columns(_ columns: SnapshotDifference.Columns) -> String {
        var lines = columns.added.map { "+ \(ValueText.line($0.name)) \($0.type)" }
        lines += columns.removed.map { "- \(ValueText.line($0.name)) \($0.type)" }
        lines += columns.retyped.map { "~ \(ValueText.line($0.name)) \($0.old) → \($0.new)" }
        guard !lines.isEmpty else { return "" }
        return "\ncolumns\n" + lines.map { "  \($0)\n" }.joined()
    }

    private func examples(_ rows: SnapshotDifference.Rows) -> String {
        func row(_ values: [String: JSONValue]) -> String {
            values.sorted { $0.key < $1.key }
                .map { "\(ValueText.line($0.key))=\(ValueText.of($0.value))" }
                .joined(separator: " ")
        }
        var lines = (rows.examples.added ?? []).map { "+ \(row($0))" }
        lines += (rows.examples.removed ?? []).map { "- \(row($0))" }
        lines += (rows.examples.changed ?? []).map { change in
            let changes = change.changes.sorted { $0.key < $1.key }.map {
                "\(ValueText.line($0.key)): \(ValueText.of($0.value.old)) → \(ValueText.of($0.value.new))"
            }
            return "~ \(row(change.key))  \(changes.joined(separator: ", "))"
        }
        guard !lines.isEmpty else { return "" }
        return "\nfor instance\n" + lines.map { "  \($0)\n" }.joined()
    }

    private func distributions(_ all: [SnapshotDifference.Distribution]) -> String {
        let moved = all.filter { ($0.index ?? 0) >= Self.moved }
            .sorted { ($1.index ?? 0, $0.name) < ($0.index ?? 0, $1.name) }
        guard !moved.isEmpty else { return "\nno distribution has moved\n" }
        var table = Table("COLUMN", "INDEX", "MOVED", "MEAN", "NULLS", "DISTINCT")
        for found in moved {
            func pair(_ key: String) -> String {
                guard let old = found.old[key], let new = found.new[key],
                    old != .null || new != .null
                else { return "-" }
                return "\(ValueText.of(old)) → \(ValueText.of(new))"
            }
            let index = found.index ?? 0
            table.add(
                ValueText.line(found.name), ValueText.of((index * 1000).rounded() / 1000),
                index >= Self.movedFar ? "far" : "some", pair("mean"), pair("nulls"),
                pair("distinct"))
        }
        return "\ndistributions (population stability index)\n" + table.text(ifEmpty: "")
    }
}
