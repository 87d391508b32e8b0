import ResourceAPI

/// The join of a view with a column that says when each row became known, in any order.
///
/// - The latest row: in the order in which rows become known, the highest position so far (positions
///   are in the order of events). One ASOF look-up gives it, and those that lag behind it.
/// - Windows: a row is in the window of t if `since` < t ≤ `until`, where since = max(known, event +
///   offset) and until = event + reach. Counts and exact sums are running totals in which a row is
///   added at `since` and taken away at `until`: one ASOF look-up per window, however late rows
///   arrive.
/// - All else is taken over the pairs of points and rows in their windows. Both sides are put in
///   buckets as wide as the window, so that the pairs are found by a hash join. The work grows with
///   the number of such pairs.
struct KnownColumnJoin: Sendable {
    let view: ViewJoin

    private var entityList: String { view.entity.joined(separator: ", ") }
    private var mostLag: Int { view.outputs.map(\.feature.lag).max() ?? 0 }

    var statements: [SQLProgram.Statement] {
        (view.windows(\.needsTotals).map(totals) + view.windows(\.needsPairs).map(pairs))
            .map { .sql($0) }
    }

    private func totalsTable(_ window: FeatureWindow) -> String {
        SQLProgram.identifier("totals:\(view.source.name):\(window.text)")
    }

    private func pairsTable(_ window: FeatureWindow) -> String {
        SQLProgram.identifier("pairs:\(view.source.name):\(window.text)")
    }

    /// The rows of the view that are ever in the window, with `__since` and `__until`.
    private func active(_ window: FeatureWindow, _ columns: [String], indent: Int) -> String {
        let indentation = String(repeating: " ", count: indent)
        let microsecond = " - INTERVAL 1 MICROSECOND"
        let entry =
            "__event" + (window.offset == 0 ? "" : " + \(FeatureSQL.interval(window.offset))")
            + (window.includesOffset ? microsecond : "")
        let exit =
            "__event + \(FeatureSQL.interval(window.reach))"
            + (window.includesReach ? "" : microsecond)
        let selected =
            view.entity + ["greatest(\(entry), __known) AS __since", "\(exit) AS __until"] + columns
        return [
            "SELECT",
            "    \(FeatureSQL.lines(selected, indent: indent + 4))",
            "FROM \(view.viewTable)",
            "WHERE greatest(\(entry), __known) < \(exit)",
        ].joined(separator: "\n" + indentation)
    }

    /// How many rows and values a window holds, and their exact sums, from `__at` on (exclusive).
    private func totals(_ window: FeatureWindow) -> String {
        let inputs = FeatureSQL.distinct(
            view.outputs.filter { $0.window == window && $0.needsTotals }.compactMap(\.input))
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
            CREATE TEMP TABLE \(totalsTable(window)) AS
            WITH active AS MATERIALIZED (
                \(active(window, added, indent: 4))
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

    private func pairs(_ window: FeatureWindow) -> String {
        let paired = view.outputs.filter { $0.window == window && $0.needsPairs }
        let aggregates = FeatureSQL.distinct(
            paired.map { "\($0.pairAggregate) AS \($0.pairColumn)" })
        let inputs = FeatureSQL.distinct(paired.compactMap(\.input)).map(\.column)
        let width = max((window.reach - window.offset) * 1_000_000, 1)
        let point = view.entity.map { "p.\($0)" } + ["p.__timestamp"]
        return """
            CREATE TEMP TABLE \(pairsTable(window)) AS
            SELECT
                \(FeatureSQL.lines(point + aggregates, indent: 4))
            FROM \(view.pointsTable) AS p
            JOIN (
                SELECT
                    *,
                    unnest(range(epoch_us(__since) // \(width), epoch_us(__until) // \(width) + 1))
                        AS __bucket
                FROM (
                    \(active(window, inputs + ["file_row_number AS __position"], indent: 8))
                )
            ) AS w
                ON \(view.sameEntity("p", "w"))
                AND epoch_us(p.__timestamp) // \(width) = w.__bucket
                AND w.__since < p.__timestamp AND p.__timestamp <= w.__until
            GROUP BY \(point.joined(separator: ", "))
            """
    }
}

// MARK: - Values

extension KnownColumnJoin {
    /// A query: of each point, the features.
    var values: String {
        let columns =
            view.entity.map { "p.\($0)" } + ["p.__timestamp"] + view.outputs.map(expression)
        var text = ""
        let hasLatest = view.outputs.contains { $0.window == nil }
        if hasLatest { text += "WITH news AS MATERIALIZED (\n\(news)\n)\n" }
        text += """
            SELECT
                \(FeatureSQL.lines(columns, indent: 4))
            FROM \(view.pointsTable) AS p
            """
        if hasLatest { text += latestJoins }
        for window in view.windows(\.needsTotals) {
            let alias = totalsAlias(window)
            text += """

                ASOF LEFT JOIN \(totalsTable(window)) AS \(alias)
                    ON \(view.sameEntity("p", alias)) AND p.__timestamp > \(alias).__at
                """
        }
        for window in view.windows(\.needsPairs) {
            text += """

                LEFT JOIN \(pairsTable(window)) AS \(window.alias)
                    ON \(view.sameEntity("p", window.alias))
                    AND p.__timestamp = \(window.alias).__timestamp
                """
        }
        return text
    }

    /// Per entity and time at which something became known: the position of the latest row, or, if
    /// something lags behind it, the highest positions, the latest first.
    private var news: String {
        let position =
            mostLag == 0 ? "max(file_row_number)" : "max(file_row_number, \(mostLag + 1))"
        return """
                SELECT DISTINCT
                    \(FeatureSQL.lines(view.entity, indent: 8)),
                    __known,
                    \(position) OVER (
                        PARTITION BY \(entityList) ORDER BY __known RANGE UNBOUNDED PRECEDING
                    ) AS __position
                FROM \(view.viewTable)
            """
    }

    private var latestJoins: String {
        var text = """

            ASOF LEFT JOIN news ON \(view.sameEntity("p", "news"))
                AND p.__timestamp > news.__known
            """
        let lags = Set(view.outputs.filter { $0.window == nil }.map(\.feature.lag))
        for lag in lags.sorted() {
            let place = mostLag == 0 ? "news.__position" : "news.__position[\(lag + 1)]"
            text += """

                LEFT JOIN \(view.viewTable) AS \(lagged(lag))
                    ON \(lagged(lag)).file_row_number = \(place)
                """
        }
        return text
    }

    private func lagged(_ lag: Int) -> String {
        lag == 0 ? "latest" : SQLProgram.identifier("lag:\(lag)")
    }

    private func totalsAlias(_ window: FeatureWindow) -> String {
        SQLProgram.identifier("totals:\(window.text)")
    }

    private func expression(_ output: FeatureOutput) -> String {
        guard let window = output.window else {
            return output.expression(
                value: view.latestValue(
                    output, row: lagged(output.feature.lag), time: "p.__timestamp"))
        }
        let totals = totalsAlias(window)
        let count = "coalesce(\(totals).\(output.input?.countColumn ?? "__rows"), 0)"
        let pair = "\(window.alias).\(output.pairColumn)"
        return switch output.method {
        case .latest, .totals:
            output.expression(
                value: "\(totals).\(output.input?.sumColumn ?? "__rows")", count: count)
        case .rank:
            output.expression(
                value: output.feature.aggregate == .first ? pair : "\(pair)[\(output.rank)]")
        case .rows: output.expression(value: pair, count: count)
        }
    }
}

extension FeatureOutput {
    fileprivate var needsTotals: Bool {
        switch method {
        case .totals: true
        case .rows(.sum): true
        case .latest, .rank, .rows: false
        }
    }

    fileprivate var needsPairs: Bool {
        switch method {
        case .rank, .rows: true
        case .latest, .totals: false
        }
    }

    /// An aggregate over the rows `w` of a window.
    fileprivate var pairAggregate: String {
        let value = "w.\(input?.column ?? "NULL")"
        // They pass over values that are null.
        return switch feature.aggregate {
        case .first: "arg_min(\(value), w.__position)"
        case .last, .lastN: "arg_max(\(value), w.__position, \(feature.count))"
        default:
            rowAggregate?.sql(value, type: input?.type, order: " ORDER BY w.__position") ?? "NULL"
        }
    }

    fileprivate var pairColumn: String {
        let place =
            switch feature.aggregate {
            case .first: "first"
            case .last, .lastN: "last \(feature.count)"
            default: rowAggregate?.text ?? ""
            }
        return SQLProgram.identifier("\(place):\(input?.name ?? ""):\(window?.text ?? "")")
    }
}
