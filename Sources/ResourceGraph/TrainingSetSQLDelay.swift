import ResourceAPI

/// The join of a view whose rows become known a constant time after their event, so that the order
/// of events is also the order in which they become known.
///
/// At time t the rows of an entity with an event before t − delay are visible; those of a window lie
/// between two positions in the artifact. A binary search finds these, and the running totals there.
/// Then
/// - the latest row is the last one before the upper position, one that lags behind it lies so many
///   before;
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

    var statements: [SQLProgram.Statement] {
        [.search(search)] + (framed.isEmpty ? [] : [.sql(frames)])
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
                + " __index - \(begin($0)) PRECEDING AND __index - \(end($0)) + 1 PRECEDING)"
        }
        // A row's own frame is not looked at and as small as can be.
        let rowBounds = windows.flatMap {
            ["file_row_number AS \(begin($0))", "file_row_number + 1 AS \(end($0))"]
        }
        let pointBounds = windows.flatMap { [lower($0).position, upper($0).position] }
        return """
            CREATE TEMP TABLE \(framesTable) AS
            SELECT * EXCLUDE (__index) FROM (
                SELECT
                    __line,
                    __index,
                    \(FeatureSQL.lines(aggregates, indent: 8))
                FROM (
                    SELECT
                        NULL AS __line,
                        file_row_number AS __index,
                        \(FeatureSQL.lines(rowBounds + inputs, indent: 12))
                    FROM \(view.viewTable)
                    UNION ALL
                    SELECT
                        rowid,
                        rowid + (SELECT count(*) FROM \(view.viewTable)),
                        \(FeatureSQL.lines(pointBounds + inputs.map { _ in "NULL" }, indent: 12))
                    FROM \(boundsTable) AS b
                )
                WINDOW
                    \(FeatureSQL.lines(frames, indent: 8))
            )
            WHERE __line IS NOT NULL
            """
    }

    /// A query: of each point that sees any row, the features.
    var values: String {
        let columns = view.pointKey.map { "\(point).\($0)" } + view.outputs.map(expression)
        var text = """
            SELECT
                \(FeatureSQL.lines(columns, indent: 4))
            FROM \(boundsTable) AS b
            """
        if !view.isByRow { text += "\nJOIN \(view.pointsTable) AS p ON p.rowid = b.__point" }
        if view.outputs.contains(where: \.isLatest) {
            text += """

                JOIN \(view.viewTable) AS latest
                    ON latest.file_row_number = \(visible.position) - 1
                """
        }
        for lag in Set(view.outputs.map(\.feature.lag)).subtracting([0]).sorted() {
            let place = "\(visible.position) - \(lag + 1)"
            text += """

                LEFT JOIN \(view.viewTable) AS \(lagged(lag))
                    ON \(lagged(lag)).file_row_number = \(place) AND \(place) >= b.__begin
                """
        }
        for ranked in FeatureSQL.distinct(view.outputs.compactMap(rankedValue)) {
            text += "\n\(ranked.join(of: view))"
        }
        if !framed.isEmpty { text += "\nJOIN \(framesTable) AS f ON f.__line = b.rowid" }
        return text
    }

    private func begin(_ window: FeatureWindow) -> String {
        SQLProgram.identifier("begin:\(window.text)")
    }

    private func end(_ window: FeatureWindow) -> String {
        SQLProgram.identifier("end:\(window.text)")
    }

    /// Whose columns are those of the point.
    private var point: String { view.isByRow ? "b" : "p" }

    private func lagged(_ lag: Int) -> String { SQLProgram.identifier("lag:\(lag)") }
}

// MARK: - Values

extension DelayedJoin {
    /// A value that is found by its rank among all values of the artifact.
    struct RankedValue: Hashable {
        let alias: String
        let input: FeatureInput
        /// SQL: the running count at the value.
        let rank: String

        func join(of view: ViewJoin) -> String {
            """
            LEFT JOIN (
                SELECT \(input.countColumn) AS __rank, \(input.column)
                FROM \(view.viewTable)
                WHERE \(input.column) IS NOT NULL
            ) AS \(alias)
                ON \(alias).__rank = \(rank)
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
        let end = upper(window).name
        return RankedValue(
            alias: SQLProgram.identifier("last:\(input.name):\(output.rank):\(end)"), input: input,
            rank: "\(total(.count, input, upper(window))) - \(output.rank - 1)")
    }

    private func expression(_ output: FeatureOutput) -> String {
        guard let window = output.window else {
            let row = output.feature.lag == 0 ? "latest" : lagged(output.feature.lag)
            return output.expression(
                value: view.latestValue(output, row: row, time: "\(point).__timestamp"))
        }
        let count =
            output.input.map { difference(.count, $0, window) }
            ?? "(\(upper(window).position) - \(lower(window).position))"
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
