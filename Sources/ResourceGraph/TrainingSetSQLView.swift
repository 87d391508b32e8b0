import ResourceAPI

/// The point-in-time join of one view: a query `values:<view>` with one row per point that sees any
/// row, and the view's selected features as columns, and the statements that it needs.
///
/// A point is a distinct entity and spine time. To find those takes as long as to look up a latest
/// value, so if the view has nothing else to give, each row of the spine is a point of its own.
struct ViewJoin: Sendable {
    let source: ViewSource
    /// The selected columns, without those that are always empty.
    let outputs: [FeatureOutput]

    /// The entity's columns, quoted.
    var entity: [String] { source.spec.entity.map(SQLProgram.identifier) }
    var viewTable: String { ViewJoin.table("view", source.name) }
    var pointsTable: String {
        isByRow ? "\"rows\"" : ViewJoin.table("points", source.name)
    }
    var valuesAlias: String { ViewJoin.table("values", source.name) }

    static func table(_ prefix: String, _ view: ResourceName) -> String {
        SQLProgram.identifier("\(prefix):\(view)")
    }

    var isByRow: Bool {
        guard case .delay = source.knownAt else { return false }
        return outputs.allSatisfy { $0.window == nil }
    }

    /// What tells points apart.
    var pointKey: [String] { isByRow ? ["__row"] : entity + ["__timestamp"] }

    var statements: [SQLProgram.Statement] {
        let points: [SQLProgram.Statement] = isByRow ? [] : [.sql(points)]
        return switch source.knownAt {
        case .delay(let delay): points + DelayedJoin(view: self, delay: delay.seconds).statements
        case .column: points + KnownColumnJoin(view: self).statements
        }
    }

    private var values: String {
        switch source.knownAt {
        case .delay(let delay): DelayedJoin(view: self, delay: delay.seconds).values
        case .column: KnownColumnJoin(view: self).values
        }
    }

    /// Puts the values beside the rows of the spine, `r`.
    var join: String {
        """
        LEFT JOIN (
        \(values)
        ) AS \(valuesAlias)
            ON \(pointKey.map { "r.\($0) = \(valuesAlias).\($0)" }.joined(separator: " AND "))
        """
    }

    /// The distinct entities and times at which the spine asks; a null never matches.
    private var points: String {
        """
        CREATE TEMP TABLE \(pointsTable) AS
        SELECT DISTINCT \(entity.joined(separator: ", ")), __timestamp
        FROM "rows"
        WHERE \(entity.map { "\($0) IS NOT NULL" }.joined(separator: " AND "))
        """
    }

    /// Distinct windows, shortest first.
    func windows(_ isIncluded: (FeatureOutput) -> Bool) -> [FeatureWindow] {
        Set(outputs.filter(isIncluded).compactMap(\.window)).sorted()
    }

    /// `p."origin" = x."origin" AND …`
    func sameEntity(_ left: String, _ right: String) -> String {
        entity.map { "\(left).\($0) = \(right).\($0)" }.joined(separator: " AND ")
    }

    /// The value of a row, unless that is older than the view's time to live.
    func latestValue(_ output: FeatureOutput, row: String, time: String) -> String {
        let value = output.input.map { "\(row).\($0.column)" } ?? "NULL"
        guard let ttl = source.spec.ttl else { return value }
        let oldest = "\(time) - \(FeatureSQL.interval(ttl.seconds))"
        return "CASE WHEN \(row).__event >= \(oldest) THEN \(value) END"
    }
}

extension FeatureOutput {
    /// The name of an aggregate over the rows of its window, quoted: `"sum:temp:6h"`.
    var aggregateColumn: String {
        SQLProgram.identifier(
            "\(rowAggregate?.text ?? ""):\(input?.name ?? ""):\(window?.text ?? "")")
    }

    /// An output in its final type, null if no row (or no value) is visible.
    ///
    /// - Parameters:
    ///   - value: the latest value, or the aggregate of the window; of a mean, the sum.
    ///   - count: how many rows or values the window holds, never null; of aggregates that need it.
    func expression(value: String, count: String = "NULL") -> String {
        let result: String
        switch feature.aggregate {
        case .count: result = "CAST(\(count) AS FLOAT)"
        case .countDistinct, .approxCountDistinct:
            result = "CAST(coalesce(\(value), 0) AS FLOAT)"
        case .sum:
            result = "CASE WHEN \(count) > 0 THEN CAST(CAST(\(value) AS DOUBLE) AS FLOAT) END"
        case .mean:
            result = "CAST(CAST(\(value) AS DOUBLE) / nullif(\(count), 0) AS FLOAT)"
        case .standardDeviation: result = "CAST(sqrt(\(value)) AS FLOAT)"
        case nil, .min, .max, .first, .last, .lastN, .variance, .approxPercentile, .mode:
            result = isCategorical ? value : "CAST(\(value) AS FLOAT)"
        }
        return "\(result) AS \(SQLProgram.identifier(name))"
    }
}
