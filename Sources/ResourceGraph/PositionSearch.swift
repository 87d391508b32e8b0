package import ResourceAPI

/// Finds for many points at once how many rows of a view's artifact lie before each of some times,
/// and the running totals there: what the worker does by itself between SQL statements.
///
/// The artifact is sorted by entity and event time, so that a binary search in an entity's rows finds
/// a time. (As SQL this is an ASOF join per time, which sorts all rows of the artifact each time it
/// is asked: of the flights' training set, with four windows of two views, that took two thirds.)
package struct PositionSearch: Hashable, Sendable {
    /// One time of each point.
    package struct Bound: Hashable, Sendable {
        /// The column that is made: the number of rows of the artifact before the first row of the
        /// entity that does not lie before the time; from `__begin` to `__end`.
        package let name: String
        /// The column of `points` that has the time.
        package let time: String
        /// A row at the time itself counts as one before it.
        package let isIncluded: Bool
    }

    /// A running total of the artifact.
    package struct Total: Hashable, Sendable {
        /// The column that is made: the total of all rows before the bound, 0 of none.
        package let name: String
        /// The column of the artifact: the total up to each row.
        package let column: String
        /// The bound's name.
        package let bound: String
    }

    /// The temporary table that is made: of each point that sees any row, the columns that are kept,
    /// then those of the bounds and of the totals.
    package let table: String
    /// SQL. Columns: those that are kept, BIGINT or TIMESTAMP, among them `__begin`; with `__end` that says
    /// which of the artifact's rows are the entity's (positions, half open). And the times of the
    /// bounds (TIMESTAMP, not null).
    package let points: String
    package let kept: [String]
    /// The view (of SQL) that has the artifact's rows.
    package let artifact: String
    package let bounds: [Bound]
    /// The bound before which the rows are visible.
    package let visible: String
    package let totals: [Total]

    package var json: JSONValue {
        [
            "table": .string(table), "points": .string(points),
            "kept": .array(kept.map(JSONValue.string)), "artifact": .string(artifact),
            "bounds": .array(
                bounds.map {
                    [
                        "name": .string($0.name), "time": .string($0.time),
                        "isIncluded": .bool($0.isIncluded),
                    ]
                }),
            "visible": .string(visible),
            "totals": .array(
                totals.map {
                    [
                        "name": .string($0.name), "column": .string($0.column),
                        "bound": .string($0.bound),
                    ]
                }),
        ]
    }
}

extension SQLProgram {
    /// A step's `sql`, for people: statements and query, with comments where the worker does
    /// something between them. Nil if it is none.
    package static func text(of json: JSONValue) -> String? {
        guard let query = json["query"]?.string else { return nil }
        let statements = json["statements"]?.array ?? []
        let texts = statements.map { $0.string ?? searchText($0["search"] ?? .null) }
        return (texts + [query]).map { $0 + ";" }.joined(separator: "\n\n")
    }

    private static func searchText(_ json: JSONValue) -> String {
        func quoted(_ value: JSONValue?) -> String { identifier(value?.string ?? "") }
        var lines = [
            "The table \(quoted(json["table"])): by a binary search for each of these points in "
                + "the rows of \(quoted(json["artifact"])),"
        ]
        for bound in json["bounds"]?.array ?? [] {
            let sign = bound["isIncluded"] == .bool(true) ? "<=" : "<"
            lines.append(
                "\(quoted(bound["name"])): the entity's rows end, or __event \(sign) "
                    + "\(quoted(bound["time"])) does, here,")
        }
        for total in json["totals"]?.array ?? [] {
            lines.append(
                "\(quoted(total["name"])): \(quoted(total["column"])) before "
                    + "\(quoted(total["bound"])),")
        }
        lines.append("if \(quoted(json["visible"])) > __begin.")
        return lines.map { "-- \($0)\n" }.joined() + (json["points"]?.string ?? "")
    }
}
