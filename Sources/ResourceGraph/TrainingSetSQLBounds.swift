import ResourceAPI

// Where the rows that a point sees and the windows of a view begin and end, and the running totals
// there.

extension DelayedJoin {
    /// The rows of an entity whose event lies before t − seconds, or at it.
    struct Bound: Hashable {
        let seconds: Int64
        let isIncluded: Bool

        var name: String {
            "\(isIncluded ? "until" : "before"):\(ManifestDuration(seconds: seconds))"
        }
        var time: String { "time:\(ManifestDuration(seconds: seconds))" }
        /// SQL: how many rows of the artifact lie before this bound.
        var position: String { "b.\(SQLProgram.identifier(name))" }
    }

    enum TotalKind: String, Hashable {
        case count
        case sum
    }

    /// A running total at a bound.
    private struct Total: Hashable {
        let kind: TotalKind
        let input: FeatureInput
        let bound: Bound

        var name: String { "\(bound.name):\(kind.rawValue):\(input.name)" }
    }

    var visible: Bound { Bound(seconds: delay, isIncluded: false) }

    /// What is to be found per point that sees any row. Lags have to know where the entity's rows
    /// begin.
    var search: PositionSearch {
        let bounds = FeatureSQL.distinct(
            [visible] + view.windows { _ in true }.flatMap { [lower($0), upper($0)] })
        let totals = FeatureSQL.distinct(view.outputs.flatMap(totals))
        let times = FeatureSQL.distinct(bounds.map(\.seconds)).map { seconds in
            let bound = Bound(seconds: seconds, isIncluded: false)
            let time = seconds == 0 ? "" : " - \(FeatureSQL.interval(seconds))"
            return "p.__timestamp\(time) AS \(SQLProgram.identifier(bound.time))"
        }
        // What has a type of the user's stays in DuckDB.
        let point = view.isByRow ? ["p.__row", "p.__timestamp"] : ["p.rowid AS __point"]
        let columns = point + ["o.__begin", "o.__end"] + times
        return PositionSearch(
            table: "bounds:\(view.source.name)",
            points: """
                SELECT
                    \(FeatureSQL.lines(columns, indent: 4))
                FROM \(view.pointsTable) AS p
                JOIN (
                    SELECT
                        \(FeatureSQL.lines(view.entity, indent: 8)),
                        min(file_row_number) AS __begin,
                        max(file_row_number) + 1 AS __end
                    FROM \(view.viewTable)
                    GROUP BY \(view.entity.joined(separator: ", "))
                ) AS o
                    ON \(view.sameEntity("p", "o"))
                """,
            kept: (view.isByRow ? ["__row", "__timestamp"] : ["__point"]) + ["__begin"],
            artifact: "view:\(view.source.name)",
            bounds: bounds.map { .init(name: $0.name, time: $0.time, isIncluded: $0.isIncluded) },
            visible: visible.name,
            totals: totals.map { total in
                let column = "\(total.kind.rawValue):\(total.input.name)"
                return .init(name: total.name, column: column, bound: total.bound.name)
            })
    }

    /// Before a window's first row.
    func lower(_ window: FeatureWindow) -> Bound {
        Bound(seconds: window.reach, isIncluded: !window.includesReach)
    }

    /// After a window's last row.
    func upper(_ window: FeatureWindow) -> Bound {
        guard window.offset > delay else { return visible }
        return Bound(seconds: window.offset, isIncluded: window.includesOffset)
    }

    /// SQL: a running total of all rows before a bound.
    func total(_ kind: TotalKind, _ input: FeatureInput, _ bound: Bound) -> String {
        "b.\(SQLProgram.identifier(Total(kind: kind, input: input, bound: bound).name))"
    }

    /// A running total at the end of a window minus that before it.
    func difference(_ kind: TotalKind, _ input: FeatureInput, _ window: FeatureWindow) -> String {
        "(\(total(kind, input, upper(window))) - \(total(kind, input, lower(window))))"
    }

    /// What an output is computed from. Rows are counted by their positions alone.
    private func totals(of output: FeatureOutput) -> [Total] {
        guard let window = output.window, let input = output.input, output.needsCount
        else { return [] }
        var kinds = [TotalKind.count]
        if output.method == .totals, output.feature.aggregate != .count { kinds.append(.sum) }
        return kinds.flatMap { kind in
            [lower(window), upper(window)].map { Total(kind: kind, input: input, bound: $0) }
        }
    }
}
