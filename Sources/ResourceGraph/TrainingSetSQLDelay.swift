import ResourceAPI

/// The join of a view whose rows become known a constant time after their event, so that the order
/// of events is also the order in which they become known.
///
/// At time t the rows of an entity with an event before t − delay are visible; those of a window lie
/// between two positions in the artifact. One ASOF look-up per distinct bound finds these, and the
/// running totals there. (To look the totals up by position took longer.) Then
/// - the latest row is the one at the upper position, one that lags behind it lies so many before;
/// - counts and exact sums are differences of the running totals at the two bounds;
/// - first and last values are found by their rank, which the running counts tell;
/// - all else is taken over the rows between, as ROWS frames. (RANGE frames on time give the same
///   and took 20 times as long on 336,776 flights, DuckDB 2.0.)
struct DelayedJoin: Sendable {
    let view: ViewJoin
    /// Seconds.
    let delay: Int64

    private var boundsTable: String { ViewJoin.table("bounds", view.source.name) }
    private var framesTable: String { ViewJoin.table("frames", view.source.name) }
    private var framed: [FeatureOutput] { view.outputs.filter { $0.rowAggregate != nil } }

    var statements: [String] {
        let bounds = bounds(isNumbered: !framed.isEmpty)
        if view.outputs.allSatisfy({ $0.method == .totals }) {
            return [values(from: "(\n\(bounds)\n)")]
        }
        // A table has a size: DuckDB then hashes the points and not all rows of the view.
        return ["CREATE TEMP TABLE \(boundsTable) AS\n\(bounds)"]
            + (framed.isEmpty ? [] : [frames]) + [values(from: boundsTable)]
    }

    /// Per point and window the aggregates that need the rows. All rows of the view come first, at
    /// their positions, then the points; the frame of a point reaches back to the rows of its
    /// window. Which rows are added in which order depends on the view alone, so that a sum of
    /// doubles has the same bits for every spine and number of threads.
    private var frames: String {
        let windows = view.windows { $0.rowAggregate != nil }
        let inputs = FeatureSQL.distinct(framed.compactMap(\.input)).map(\.column)
        let aggregates = FeatureSQL.distinct(
            framed.map { output in
                let sql = output.rowAggregate?.sql(
                    output.input?.column ?? "NULL", type: output.input?.type,
                    frame: " OVER \(output.window?.alias ?? "")")
                return "\(sql ?? "NULL") AS \(output.aggregateColumn)"
            })
        let frames = windows.map {
            "\($0.alias) AS (ORDER BY __index ROWS BETWEEN"
                + " __index - \(begin($0)) - 1 PRECEDING AND __index - \(end($0)) PRECEDING)"
        }
        // A row's own frame is not looked at and as small as can be.
        let rowBounds = windows.flatMap {
            ["file_row_number - 1 AS \(begin($0))", "file_row_number AS \(end($0))"]
        }
        let pointBounds = windows.flatMap { [position(lower($0)), position(upper($0))] }
        return """
            CREATE TEMP TABLE \(framesTable) AS
            SELECT * EXCLUDE (__index) FROM (
                SELECT
                    __point,
                    __index,
                    \(FeatureSQL.lines(aggregates, indent: 8))
                FROM (
                    SELECT
                        NULL AS __point,
                        file_row_number AS __index,
                        \(FeatureSQL.lines(rowBounds + inputs, indent: 12))
                    FROM \(view.viewTable)
                    UNION ALL
                    SELECT
                        __point,
                        __point - 1 + (SELECT count(*) FROM \(view.viewTable)),
                        \(FeatureSQL.lines(pointBounds + inputs.map { _ in "NULL" }, indent: 12))
                    FROM \(boundsTable) AS b
                )
                WINDOW
                    \(FeatureSQL.lines(frames, indent: 8))
            )
            WHERE __point IS NOT NULL
            """
    }

    private func values(from bounds: String) -> String {
        let columns = view.pointKey.map { "b.\($0)" } + view.outputs.map(expression)
        var text = """
            CREATE TEMP TABLE \(view.valuesTable) AS
            SELECT
                \(FeatureSQL.lines(columns, indent: 4))
            FROM \(bounds) AS b
            """
        if view.outputs.contains(where: \.isLatest) {
            text += "\nJOIN \(view.viewTable) AS latest ON latest.file_row_number = b.__last"
        }
        for lag in Set(view.outputs.map(\.feature.lag)).subtracting([0]).sorted() {
            text += """

                LEFT JOIN \(view.viewTable) AS \(lagged(lag))
                    ON \(lagged(lag)).file_row_number = b.__last - \(lag)
                    AND b.__last - \(lag) > b.__start
                """
        }
        for ranked in FeatureSQL.distinct(view.outputs.compactMap(rankedValue)) {
            text += "\n\(ranked.join(of: view))"
        }
        if !framed.isEmpty { text += "\nJOIN \(framesTable) AS f ON f.__point = b.__point" }
        return text
    }

    private func begin(_ window: FeatureWindow) -> String {
        SQLProgram.identifier("begin:\(window.text)")
    }

    private func end(_ window: FeatureWindow) -> String {
        SQLProgram.identifier("end:\(window.text)")
    }

    private func lagged(_ lag: Int) -> String { SQLProgram.identifier("lag:\(lag)") }
}

// MARK: - Values

extension DelayedJoin {
    /// A value that is found by its rank among the values of its entity.
    struct RankedValue: Hashable {
        let alias: String
        let input: FeatureInput
        /// SQL: the running count at the value.
        let rank: String

        func join(of view: ViewJoin) -> String {
            """
            LEFT JOIN (
                SELECT file_row_number - __rows AS __start, \(input.countColumn) AS __rank, \(input.column)
                FROM \(view.viewTable)
                WHERE \(input.column) IS NOT NULL
            ) AS \(alias)
                ON \(alias).__start = b.__start AND \(alias).__rank = \(rank)
            """
        }
    }

    private func rankedValue(_ output: FeatureOutput) -> RankedValue? {
        guard case .rank = output.method, let window = output.window, let input = output.input
        else { return nil }
        if output.feature.aggregate == .first {
            return RankedValue(
                alias: SQLProgram.identifier("first:\(input.name):\(window.text)"), input: input,
                rank: "\(total(.count, input, lower(window))) + 1")
        }
        // The same for all windows that end together.
        let end = upper(window).map { ":\($0.seconds):\($0.isIncluded)" } ?? ""
        return RankedValue(
            alias: SQLProgram.identifier("last:\(input.name):\(output.rank)\(end)"), input: input,
            rank: "\(total(.count, input, upper(window))) - \(output.rank - 1)")
    }

    private func expression(_ output: FeatureOutput) -> String {
        guard let window = output.window else {
            let row = output.feature.lag == 0 ? "latest" : lagged(output.feature.lag)
            return output.expression(
                value: view.latestValue(output, row: row, time: "b.__timestamp"))
        }
        let count =
            output.input.map { difference(.count, $0, window) }
            ?? "(\(position(upper(window))) - \(position(lower(window))))"
        switch output.method {
        case .rank:
            guard let ranked = rankedValue(output) else { return output.expression(value: "NULL") }
            let rank = output.feature.aggregate == .first ? 1 : output.rank
            return output.expression(
                value:
                    "CASE WHEN \(count) >= \(rank) THEN \(ranked.alias).\(ranked.input.column) END")
        case .totals, .latest:
            let sum = output.input.map { difference(.sum, $0, window) } ?? "NULL"
            return output.expression(value: sum, count: count)
        case .rows:
            return output.expression(value: "f.\(output.aggregateColumn)", count: count)
        }
    }
}
