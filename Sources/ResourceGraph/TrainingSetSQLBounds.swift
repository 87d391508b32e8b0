import ResourceAPI

// Where the windows of a view begin and end, and the running totals there.

extension DelayedJoin {
    /// The last row of an entity whose event lies before t − seconds, or at it.
    struct Bound: Hashable {
        let seconds: Int64
        let isIncluded: Bool

        var name: String {
            "\(isIncluded ? "until" : "before"):\(ManifestDuration(seconds: seconds))"
        }
        var alias: String { SQLProgram.identifier(name) }
        var comparison: String { isIncluded ? ">=" : ">" }
    }

    enum TotalKind: String, Hashable {
        case count
        case sum
    }

    /// A running total at a bound.
    private struct Total: Hashable {
        let kind: TotalKind
        let input: FeatureInput
        /// Nil: at the latest visible row.
        let bound: Bound?

        var column: String { kind == .count ? input.countColumn : input.sumColumn }
        var alias: String {
            SQLProgram.identifier("\(bound?.name ?? "last"):\(kind.rawValue):\(input.name)")
        }
        var sql: String { "\(bound?.alias ?? "visible").\(column) AS \(alias)" }
    }

    /// A query, per point: `__last` (position of the latest visible row), `__start` (the position before
    /// the entity's first row), the position at each bound of a window (null if no row is so old),
    /// and the totals there. A point that sees no row has no line.
    func bounds(isNumbered: Bool) -> String {
        let found = FeatureSQL.distinct(
            view.windows { _ in true }.flatMap { [lower($0), upper($0)] }.compactMap { $0 })
        let totals = FeatureSQL.distinct(view.outputs.flatMap(totals))
        let needsStart = view.outputs.contains { !$0.isLatest }
        var columns = FeatureSQL.distinct(view.pointKey + ["__timestamp"]).map { "p.\($0)" }
        if isNumbered { columns.append("row_number() OVER () AS __point") }
        columns.append("visible.__position AS __last")
        if needsStart { columns.append("visible.__position - visible.__rows AS __start") }
        columns += found.map { "\($0.alias).__position AS \($0.alias)" } + totals.map(\.sql)
        var steps = view.entity + ["__event", "file_row_number AS __position"]
        if needsStart { steps.append("__rows") }
        steps += FeatureSQL.distinct(totals.map(\.column))
        let lookups = found.map { bound in
            """

            ASOF LEFT JOIN steps AS \(bound.alias)
                ON \(view.sameEntity("p", bound.alias))
                AND p.__timestamp - \(FeatureSQL.interval(bound.seconds)) \(bound.comparison) \(bound.alias).__event
            """
        }
        let visible = delay == 0 ? "" : " - \(FeatureSQL.interval(delay))"
        return """
            WITH steps AS \(found.isEmpty ? "NOT MATERIALIZED" : "MATERIALIZED") (
                SELECT
                    \(FeatureSQL.lines(steps, indent: 8))
                FROM \(view.viewTable)
                WHERE __latest
            )
            SELECT
                \(FeatureSQL.lines(columns, indent: 4))
            FROM \(view.pointsTable) AS p
            ASOF JOIN steps AS visible
                ON \(view.sameEntity("p", "visible"))
                AND p.__timestamp\(visible) > visible.__event\(lookups.joined())
            """
    }

    /// Before a window's first row.
    func lower(_ window: FeatureWindow) -> Bound? {
        Bound(seconds: window.reach, isIncluded: !window.includesReach)
    }

    /// A window's last row; nil if it is the latest visible one.
    func upper(_ window: FeatureWindow) -> Bound? {
        guard window.offset > delay else { return nil }
        return Bound(seconds: window.offset, isIncluded: window.includesOffset)
    }

    func position(_ bound: Bound?) -> String {
        bound.map { "coalesce(b.\($0.alias), b.__start)" } ?? "b.__last"
    }

    /// A running total at a bound: 0 if no row is so old.
    func total(_ kind: TotalKind, _ input: FeatureInput, _ bound: Bound?) -> String {
        let total = Total(kind: kind, input: input, bound: bound)
        return bound == nil ? "b.\(total.alias)" : "coalesce(b.\(total.alias), 0)"
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
