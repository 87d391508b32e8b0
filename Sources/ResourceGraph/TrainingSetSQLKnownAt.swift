import ResourceAPI

/// The join of a view with a column that says when each row became known, in any order.
///
/// - The latest row: in the order in which rows become known, the highest position so far (positions
///   are in the order of events). One ASOF look-up gives it.
/// - Windows: a row is in the window of t if `since` = max(event, known) < t ≤ `until` = event +
///   reach. Counts and exact sums are running totals in which a row is added at `since` and taken
///   away at `until`: one ASOF look-up per window, however late rows arrive.
/// - Extremes and sums of doubles are taken over the pairs of points and rows in their windows. Both
///   sides are put in buckets as wide as the window, so that the pairs are found by a hash join.
///   The work grows with the number of such pairs.
struct KnownColumnJoin: Sendable {
    let view: ViewJoin

    private var paired: [FeatureOutput] { view.outputs.filter(\.needsRows) }
    private var entityList: String { view.entity.joined(separator: ", ") }

    var statements: [String] {
        view.reaches(\.needsCount).map(totals) + view.reaches(\.needsRows).map(pairs) + [values]
    }

    private func totalsTable(_ reach: Int64) -> String {
        SQLProgram.identifier("totals:\(view.source.name):\(ManifestDuration(seconds: reach))")
    }

    private func pairsTable(_ reach: Int64) -> String {
        SQLProgram.identifier("pairs:\(view.source.name):\(ManifestDuration(seconds: reach))")
    }

    /// How many rows and values a window holds, and their exact sums, from `__at` on (exclusive).
    private func totals(_ reach: Int64) -> String {
        let inputs = FeatureSQL.distinct(
            view.outputs.filter { $0.reach == reach && $0.needsCount }.compactMap(\.input))
        let measures =
            [(name: "__rows", value: "1")]
            + inputs.flatMap { input -> [(name: String, value: String)] in
                let one = "CASE WHEN \(input.column) IS NULL THEN 0 ELSE 1 END"
                let sum = (input.sumColumn, "CAST(\(input.column) AS BIGINT)")
                return [(input.countColumn, one)] + (input.isSummed && input.isExact ? [sum] : [])
            }
        let added = measures.map { "\($0.value) AS \($0.name)" }
        let taken = measures.map { "-\($0.name)" }
        let running = measures.map { "sum(sum(\($0.name))) OVER so_far AS \($0.name)" }
        return """
            CREATE TEMP TABLE \(totalsTable(reach)) AS
            WITH active AS MATERIALIZED (
                SELECT
                    \(FeatureSQL.lines(view.entity, indent: 8)),
                    greatest(__event, __known) AS __since,
                    __event + \(FeatureSQL.interval(reach)) AS __until,
                    \(FeatureSQL.lines(added, indent: 8))
                FROM \(view.viewTable)
                WHERE __known < __event + \(FeatureSQL.interval(reach))
            )
            SELECT
                \(FeatureSQL.lines(view.entity, indent: 4)),
                __at,
                \(FeatureSQL.lines(running, indent: 4))
            FROM (
                SELECT * EXCLUDE (__since, __until), __since AS __at FROM active
                UNION ALL
                SELECT
                    \(FeatureSQL.lines(view.entity + taken, indent: 8)),
                    __until
                FROM active
            )
            GROUP BY \(entityList), __at
            WINDOW so_far AS (PARTITION BY \(entityList) ORDER BY __at ROWS UNBOUNDED PRECEDING)
            """
    }

    private func pairs(_ reach: Int64) -> String {
        let aggregates = FeatureSQL.distinct(
            paired.filter { $0.reach == reach }.map { output in
                let column = "w.\(output.input?.column ?? "NULL")"
                let order = output.rowAggregate == "sum" ? " ORDER BY w.__position" : ""
                return "\(output.rowAggregate)(\(column)\(order))"
                    + " AS \(ViewJoin.column(output.rowAggregate, output.input, reach))"
            })
        let inputs = FeatureSQL.distinct(
            paired.filter { $0.reach == reach }.compactMap(\.input)
        ).map(\.column)
        let width = reach * 1_000_000
        let point = view.entity.map { "p.\($0)" } + ["p.__timestamp"]
        return """
            CREATE TEMP TABLE \(pairsTable(reach)) AS
            SELECT
                \(FeatureSQL.lines(point + aggregates, indent: 4))
            FROM \(view.pointsTable) AS p
            JOIN (
                SELECT
                    *,
                    unnest(range(epoch_us(__since) // \(width), epoch_us(__until) // \(width) + 1))
                        AS __bucket
                FROM (
                    SELECT
                        \(FeatureSQL.lines(view.entity + inputs, indent: 12)),
                        file_row_number AS __position,
                        greatest(__event, __known) AS __since,
                        __event + \(FeatureSQL.interval(reach)) AS __until
                    FROM \(view.viewTable)
                    WHERE __known < __event + \(FeatureSQL.interval(reach))
                )
            ) AS w
                ON \(view.sameEntity("p", "w"))
                AND epoch_us(p.__timestamp) // \(width) = w.__bucket
                AND w.__since < p.__timestamp AND p.__timestamp <= w.__until
            GROUP BY \(point.joined(separator: ", "))
            """
    }

    private var values: String {
        let columns =
            view.entity.map { "p.\($0)" } + ["p.__timestamp"] + view.outputs.map(expression)
        var text = """
            CREATE TEMP TABLE \(view.valuesTable) AS

            """
        let hasLatest = view.outputs.contains { $0.reach == nil }
        if hasLatest {
            text += """
                WITH news AS MATERIALIZED (
                    SELECT DISTINCT
                        \(FeatureSQL.lines(view.entity, indent: 8)),
                        __known,
                        max(file_row_number) OVER (
                            PARTITION BY \(entityList) ORDER BY __known RANGE UNBOUNDED PRECEDING
                        ) AS __position
                    FROM \(view.viewTable)
                )

                """
        }
        text += """
            SELECT
                \(FeatureSQL.lines(columns, indent: 4))
            FROM \(view.pointsTable) AS p
            """
        if hasLatest {
            text += """

                ASOF LEFT JOIN news ON \(view.sameEntity("p", "news"))
                    AND p.__timestamp > news.__known
                LEFT JOIN \(view.viewTable) AS latest ON latest.file_row_number = news.__position
                """
        }
        for reach in view.reaches(\.needsCount) {
            let alias = totalsAlias(reach)
            text += """

                ASOF LEFT JOIN \(totalsTable(reach)) AS \(alias)
                    ON \(view.sameEntity("p", alias)) AND p.__timestamp > \(alias).__at
                """
        }
        for reach in view.reaches(\.needsRows) {
            let alias = ViewJoin.alias(reach)
            text += """

                LEFT JOIN \(pairsTable(reach)) AS \(alias)
                    ON \(view.sameEntity("p", alias)) AND p.__timestamp = \(alias).__timestamp
                """
        }
        return text
    }

    private func totalsAlias(_ reach: Int64) -> String {
        SQLProgram.identifier("totals:\(ManifestDuration(seconds: reach))")
    }

    private func expression(_ output: FeatureOutput) -> String {
        guard let reach = output.reach else { return latest(output) }
        let totals = totalsAlias(reach)
        let count = "coalesce(\(totals).\(output.input?.countColumn ?? "__rows"), 0)"
        let aggregate =
            if let input = output.input, !output.needsRows {
                "\(totals).\(input.sumColumn)"
            } else {
                "\(ViewJoin.alias(reach))."
                    + ViewJoin.column(output.rowAggregate, output.input, reach)
            }
        return output.expression(latest: "NULL", count: count, aggregate: aggregate)
    }

    private func latest(_ output: FeatureOutput) -> String {
        output.expression(
            latest: view.latestValue(output, time: "p.__timestamp"), count: "NULL",
            aggregate: "NULL")
    }
}
