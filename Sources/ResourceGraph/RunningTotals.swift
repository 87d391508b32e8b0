/// Counts and exact sums of the rows of an entity up to each row, over rows that are sorted by entity
/// and time already.
///
/// Every window here reaches from the first row of all to the current one, in the order in which
/// the rows come: DuckDB computes such windows while the rows stream past. An entity's own total is
/// the total of all rows minus what that was before the entity's first row. (With PARTITION BY the
/// rows were hashed and sorted once more: twice the time on 1,000,000 rows, DuckDB 2.0.)
struct RunningTotals: Sendable {
    /// One number per row, which is added up.
    private struct Total {
        /// The column in the result, quoted.
        let column: String
        /// The total of all rows, quoted.
        let allColumn: String
        /// SQL: of all rows up to this one.
        let running: String
        /// SQL: what a row adds. Never null.
        let addend: String
        let isNeverNegative: Bool
    }

    /// Quoted.
    private let entity: [String]
    /// Of the sorted rows, quoted.
    private let columns: [String]
    private let totals: [Total]

    init(entity: [String], columns: [String], inputs: [FeatureInput]) {
        self.entity = entity
        self.columns = columns
        let rows = Total(
            column: "__rows", allColumn: "__all_rows", running: "row_number() OVER ()",
            addend: "1", isNeverNegative: true)
        totals = [rows] + inputs.flatMap(Self.totals)
    }

    private static func totals(of input: FeatureInput) -> [Total] {
        var totals: [Total] = []
        if input.isCounted {
            totals.append(
                Total(
                    column: input.countColumn,
                    allColumn: SQLProgram.identifier("all:count:" + input.name),
                    running: "count(\(input.column)) \(upToHere)",
                    addend: "CAST(\(input.column) IS NOT NULL AS BIGINT)", isNeverNegative: true))
        }
        if input.isSummed, input.isExact {
            let value = "coalesce(CAST(\(input.column) AS BIGINT), 0)"
            totals.append(
                Total(
                    column: input.sumColumn,
                    allColumn: SQLProgram.identifier("all:sum:" + input.name),
                    running: "sum(\(value)) \(upToHere)", addend: value, isNeverNegative: false))
        }
        return totals
    }

    /// - Parameter sorted: a query whose rows come in their order.
    func query(of sorted: String) -> String {
        let own = columns + ["__latest"] + totals.map(ownTotal)
        let running = totals.map { "\($0.running) AS \($0.allColumn)" }
        return """
            SELECT
                \(FeatureSQL.lines(own, indent: 4))
            FROM (
                SELECT
                    *,
                    \(differs(entity, from: "lag")) AS __first,
                    \(differs(entity + ["__event"], from: "lead")) AS __latest,
                    \(FeatureSQL.lines(running, indent: 8))
                FROM (
            \(sorted)
                )
            )
            """
    }

    private static let upToHere = "OVER (ROWS UNBOUNDED PRECEDING)"

    private func differs(_ columns: [String], from neighbour: String) -> String {
        columns.map { "\(neighbour)(\($0)) OVER () IS DISTINCT FROM \($0)" }
            .joined(separator: " OR ")
    }

    /// The total before an entity's first row is the newest of such totals: the largest one, if it
    /// cannot fall.
    private func ownTotal(_ total: Total) -> String {
        let before = "CASE WHEN __first THEN \(total.allColumn) - \(total.addend) END"
        if total.isNeverNegative {
            let own = "\(total.allColumn) - max(\(before)) \(Self.upToHere)"
            return "CAST(\(own) AS BIGINT) AS \(total.column)"
        }
        let newest = "arg_max(\(before), CASE WHEN __first THEN __all_rows END)"
        return "CAST(\(total.allColumn) - \(newest) \(Self.upToHere) AS DECIMAL(38, 0))"
            + " AS \(total.column)"
    }
}
