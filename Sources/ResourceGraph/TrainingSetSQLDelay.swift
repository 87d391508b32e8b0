import ResourceAPI

/// The join of a view whose rows become known a constant time after their event, so that the order
/// of events is also the order in which they become known.
///
/// At time t the rows of an entity with t − reach ≤ event < t − delay are visible; in the artifact
/// they lie between two positions. One ASOF look-up per distinct bound finds these. Then
/// - the latest row is the one at the upper position;
/// - counts and exact sums are differences of the running totals at the two positions;
/// - extremes and sums of doubles are taken over the rows between, as ROWS frames. (RANGE frames on
///   time give the same and took 20 times as long on 336,776 flights, DuckDB 2.0.)
struct DelayedJoin: Sendable {
    let view: ViewJoin
    /// Seconds.
    let delay: Int64

    private var boundsTable: String { ViewJoin.table("bounds", view.source.name) }
    private var framesTable: String { ViewJoin.table("frames", view.source.name) }
    private var framed: [FeatureOutput] { view.outputs.filter(\.needsRows) }

    var statements: [String] {
        framed.isEmpty ? [bounds, values] : [bounds, frames, values]
    }

    /// Per point: `__last` (position of the latest visible row), `__start` (the position before the
    /// entity's first row) and, per window, `before:<window>` (position of the last row that has
    /// left it; null if none has). A point that sees no row has no line.
    private var bounds: String {
        let reaches = view.reaches { _ in true }
        let columns =
            view.entity.map { "p.\($0)" } + [
                "p.__timestamp", "row_number() OVER () AS __point",
                "visible.__position AS __last", "visible.__position - visible.__rows AS __start",
            ] + reaches.map { "\(ViewJoin.alias($0)).__position AS \(before($0))" }
        let upper = delay == 0 ? "" : " - \(FeatureSQL.interval(delay))"
        let lookups = reaches.map { reach in
            """
            ASOF LEFT JOIN steps AS \(ViewJoin.alias(reach))
                ON \(view.sameEntity("p", ViewJoin.alias(reach)))
                AND p.__timestamp - \(FeatureSQL.interval(reach)) > \(ViewJoin.alias(reach)).__event
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
                AND p.__timestamp\(upper) > visible.__event
            \(lookups.joined(separator: "\n"))
            """
    }

    /// Per point and window the aggregates that need the rows. All rows of the view come first, at
    /// their positions, then the points; the frame of a point reaches back to the rows of its
    /// window. Which rows are added in which order depends on the view alone, so that a sum of
    /// doubles has the same bits for every spine and number of threads.
    private var frames: String {
        let reaches = view.reaches(\.needsRows)
        let inputs = FeatureSQL.distinct(framed.compactMap(\.input)).map(\.column)
        let aggregates = FeatureSQL.distinct(
            framed.compactMap { output in
                output.reach.map { reach in
                    "\(output.rowAggregate)(\(output.input?.column ?? "NULL"))"
                        + " OVER \(ViewJoin.alias(reach))"
                        + " AS \(ViewJoin.column(output.rowAggregate, output.input, reach))"
                }
            })
        let windows = reaches.map { reach in
            "\(ViewJoin.alias(reach)) AS (ORDER BY __index ROWS BETWEEN"
                + " __index - \(before(reach)) - 1 PRECEDING AND __index - __last PRECEDING)"
        }
        let rowBounds = reaches.map { "file_row_number - 1 AS \(before($0))" }
        let pointBounds = reaches.map { "coalesce(\(before($0)), __start)" }
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
                        file_row_number AS __last,
                        \(FeatureSQL.lines(rowBounds + inputs, indent: 12))
                    FROM \(view.viewTable)
                    UNION ALL
                    SELECT
                        __point,
                        __point - 1 + (SELECT count(*) FROM \(view.viewTable)),
                        __last,
                        \(FeatureSQL.lines(pointBounds + inputs.map { _ in "NULL" }, indent: 12))
                    FROM \(boundsTable)
                )
                WINDOW
                    \(FeatureSQL.lines(windows, indent: 8))
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
        // Rows are counted by their positions alone.
        for reach in view.reaches({ $0.input != nil && $0.needsCount }) {
            text += "\nLEFT JOIN \(view.viewTable) AS \(ViewJoin.alias(reach))"
            text += " ON \(ViewJoin.alias(reach)).file_row_number = b.\(before(reach))"
        }
        if !framed.isEmpty { text += "\nJOIN \(framesTable) AS f ON f.__point = b.__point" }
        return text
    }

    private func expression(_ output: FeatureOutput) -> String {
        guard let reach = output.reach else { return latest(output) }
        let count =
            output.input.map { difference($0.countColumn, reach) }
            ?? "(b.__last - coalesce(b.\(before(reach)), b.__start))"
        let aggregate =
            if let input = output.input, !output.needsRows {
                difference(input.sumColumn, reach)
            } else {
                "f.\(ViewJoin.column(output.rowAggregate, output.input, reach))"
            }
        return output.expression(latest: "NULL", count: count, aggregate: aggregate)
    }

    private func latest(_ output: FeatureOutput) -> String {
        output.expression(
            latest: view.latestValue(output, time: "b.__timestamp"), count: "NULL",
            aggregate: "NULL")
    }

    /// A running total at the end of a window minus that before it.
    private func difference(_ column: String, _ reach: Int64) -> String {
        "(latest.\(column) - coalesce(\(ViewJoin.alias(reach)).\(column), 0))"
    }

    private func before(_ reach: Int64) -> String {
        SQLProgram.identifier("before:\(ManifestDuration(seconds: reach))")
    }
}
