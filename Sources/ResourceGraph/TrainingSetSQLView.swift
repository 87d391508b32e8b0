import ResourceAPI

/// The point-in-time join of one view: SQL that makes a table `values:<view>` with one row per
/// distinct entity and spine time that sees any row, and the view's selected features as columns.
struct ViewJoin: Sendable {
    let source: ViewSource
    /// The selected columns, without those that are always empty.
    let outputs: [FeatureOutput]

    /// The entity's columns, quoted.
    var entity: [String] { source.spec.entity.map(SQLProgram.identifier) }
    var viewTable: String { ViewJoin.table("view", source.name) }
    var pointsTable: String { ViewJoin.table("points", source.name) }
    var valuesTable: String { ViewJoin.table("values", source.name) }

    static func table(_ prefix: String, _ view: ResourceName) -> String {
        SQLProgram.identifier("\(prefix):\(view)")
    }

    var statements: [String] {
        switch source.spec.knownAt {
        case .delay(let delay): [points] + DelayedJoin(view: self, delay: delay.seconds).statements
        case .column: [points] + KnownColumnJoin(view: self).statements
        }
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

    /// Distinct lengths of windows, shortest first.
    func reaches(_ isIncluded: (FeatureOutput) -> Bool) -> [Int64] {
        Set(outputs.filter(isIncluded).compactMap(\.reach)).sorted()
    }

    /// `p."origin" = x."origin" AND …`
    func sameEntity(_ left: String, _ right: String) -> String {
        entity.map { "\(left).\($0) = \(right).\($0)" }.joined(separator: " AND ")
    }

    /// The value of the row `latest`, unless that row is older than the view's time to live.
    func latestValue(_ output: FeatureOutput, time: String) -> String {
        let value = output.input.map { "latest.\($0.column)" } ?? "NULL"
        guard let ttl = source.spec.ttl else { return value }
        let oldest = "\(time) - \(FeatureSQL.interval(ttl.seconds))"
        return "CASE WHEN latest.__event >= \(oldest) THEN \(value) END"
    }

    /// The window's length as people write it, quoted: the alias of what belongs to it.
    static func alias(_ reach: Int64) -> String {
        SQLProgram.identifier(ManifestDuration(seconds: reach).description)
    }

    /// The name of an aggregate over a window, quoted: `"sum:temp:6h"`.
    static func column(_ aggregate: String, _ input: FeatureInput?, _ reach: Int64) -> String {
        SQLProgram.identifier(
            "\(aggregate):\(input?.name ?? ""):\(ManifestDuration(seconds: reach))")
    }
}

extension FeatureOutput {
    /// What has to be computed row by row in a window: `min`, `max` or `sum`.
    var rowAggregate: String {
        switch feature.aggregate {
        case .min: "min"
        case .max: "max"
        case .sum, .mean, .count, nil: "sum"
        }
    }

    /// An output in its final type, null if no row (or no value) is visible.
    ///
    /// - Parameters:
    ///   - latest: the value of the latest visible row.
    ///   - count: how many rows or values the window holds, never null.
    ///   - aggregate: the sum, minimum or maximum of the window.
    func expression(latest: String, count: String, aggregate: String) -> String {
        let result: String
        switch feature.aggregate {
        case nil: result = isCategorical ? latest : "CAST(\(latest) AS FLOAT)"
        case .count: result = "CAST(\(count) AS FLOAT)"
        case .min, .max: result = isCategorical ? aggregate : "CAST(\(aggregate) AS FLOAT)"
        case .sum:
            result = "CASE WHEN \(count) > 0 THEN CAST(CAST(\(aggregate) AS DOUBLE) AS FLOAT) END"
        case .mean:
            result = "CAST(CAST(\(aggregate) AS DOUBLE) / nullif(\(count), 0) AS FLOAT)"
        }
        return "\(result) AS \(SQLProgram.identifier(name))"
    }
}
