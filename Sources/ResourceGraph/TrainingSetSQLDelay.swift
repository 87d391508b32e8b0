import ResourceAPI

/// The join of a view whose rows become known a constant time after their event, so that the order
/// of events is also the order in which they become known.
///
/// At time t the rows of an entity with an event before t − delay are visible; those of a window lie
/// between two positions in the artifact. One ASOF look-up per distinct bound finds these. Then
/// - the latest row is the one at the upper position, one that lags behind it lies so many before;
/// - counts and exact sums are differences of the running totals at the two positions;
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
        framed.isEmpty ? [bounds, values] : [bounds, frames, values]
    }

    /// Per point: `__last` (position of the latest visible row), `__start` (the position before the
    /// entity's first row) and the position at each bound of a window (null if no row is so old). A
    /// point that sees no row has no line.
    private var bounds: String {
        let found = FeatureSQL.distinct(
            view.windows { _ in true }.flatMap { [lower($0), upper($0)] }.compactMap { $0 })
        let columns =
            view.entity.map { "p.\($0)" } + [
                "p.__timestamp", "row_number() OVER () AS __point",
                "visible.__position AS __last", "visible.__position - visible.__rows AS __start",
            ] + found.map { "\($0.alias).__position AS \($0.alias)" }
        let visible = delay == 0 ? "" : " - \(FeatureSQL.interval(delay))"
        let lookups = found.map { bound in
            """
            ASOF LEFT JOIN steps AS \(bound.alias)
                ON \(view.sameEntity("p", bound.alias))
                AND p.__timestamp - \(FeatureSQL.interval(bound.seconds)) \(bound.comparison) \(bound.alias).__event
            """
        }
        return """
            CREATE TEMP TABLE \(boundsTable) AS
            WITH steps AS MATERIALIZED (
                SELECT
                    \(FeatureSQL.lines(view.entity, indent: 8)),
                    __event,
                    max(file_row_number) AS __position,
                    max(__rows) AS __rows
                FROM \(view.viewTable)
                GROUP BY ALL
            )
            SELECT
                \(FeatureSQL.lines(columns, indent: 4))
            FROM \(view.pointsTable) AS p
            ASOF JOIN steps AS visible
                ON \(view.sameEntity("p", "visible"))
                AND p.__timestamp\(visible) > visible.__event
            \(lookups.joined(separator: "\n"))
            """
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

    private var values: String {
        let columns =
            view.entity.map { "b.\($0)" } + ["b.__timestamp"] + view.outputs.map(expression)
        var text = """
            CREATE TEMP TABLE \(view.valuesTable) AS
            SELECT
                \(FeatureSQL.lines(columns, indent: 4))
            FROM \(boundsTable) AS b
            JOIN \(view.viewTable) AS latest ON latest.file_row_number = b.__last
            """
        // All rows are counted by their positions alone.
        let counted = view.windows { $0.input != nil && $0.needsCount }
        let bounds = counted.flatMap { [lower($0), upper($0)] }.compactMap { $0 }
        for bound in FeatureSQL.distinct(bounds) {
            text += "\nLEFT JOIN \(view.viewTable) AS \(bound.alias)"
            text += " ON \(bound.alias).file_row_number = b.\(bound.alias)"
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
}

// MARK: - Positions

extension DelayedJoin {
    /// The last row of an entity whose event lies before t − seconds, or at it.
    struct Bound: Hashable {
        let seconds: Int64
        let isIncluded: Bool

        var alias: String {
            SQLProgram.identifier(
                "\(isIncluded ? "until" : "before"):\(ManifestDuration(seconds: seconds))")
        }
        var comparison: String { isIncluded ? ">=" : ">" }
    }

    /// Before a window's first row.
    private func lower(_ window: FeatureWindow) -> Bound? {
        Bound(seconds: window.reach, isIncluded: !window.includesReach)
    }

    /// A window's last row; nil if it is the latest visible one.
    private func upper(_ window: FeatureWindow) -> Bound? {
        guard window.offset > delay else { return nil }
        return Bound(seconds: window.offset, isIncluded: window.includesOffset)
    }

    private func position(_ bound: Bound?) -> String {
        bound.map { "coalesce(b.\($0.alias), b.__start)" } ?? "b.__last"
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
                rank: "\(total(input.countColumn, lower(window))) + 1")
        }
        // The same for all windows that end together.
        let end = upper(window).map { ":\($0.seconds):\($0.isIncluded)" } ?? ""
        return RankedValue(
            alias: SQLProgram.identifier("last:\(input.name):\(output.rank)\(end)"), input: input,
            rank: "\(total(input.countColumn, upper(window))) - \(output.rank - 1)")
    }

    /// A running total at a bound.
    private func total(_ column: String, _ bound: Bound?) -> String {
        bound.map { "coalesce(\($0.alias).\(column), 0)" } ?? "latest.\(column)"
    }

    /// A running total at the end of a window minus that before it.
    private func difference(_ column: String, _ window: FeatureWindow) -> String {
        "(\(total(column, upper(window))) - \(total(column, lower(window))))"
    }

    private func expression(_ output: FeatureOutput) -> String {
        guard let window = output.window else {
            let row = output.feature.lag == 0 ? "latest" : lagged(output.feature.lag)
            return output.expression(
                value: view.latestValue(output, row: row, time: "b.__timestamp"))
        }
        let count =
            output.input.map { difference($0.countColumn, window) }
            ?? "(\(position(upper(window))) - \(position(lower(window))))"
        switch output.method {
        case .rank:
            guard let ranked = rankedValue(output) else { return output.expression(value: "NULL") }
            let rank = output.feature.aggregate == .first ? 1 : output.rank
            return output.expression(
                value:
                    "CASE WHEN \(count) >= \(rank) THEN \(ranked.alias).\(ranked.input.column) END")
        case .totals, .latest:
            let sum = output.input.map { difference($0.sumColumn, window) } ?? "NULL"
            return output.expression(value: sum, count: count)
        case .rows:
            return output.expression(value: "f.\(output.aggregateColumn)", count: count)
        }
    }
}
