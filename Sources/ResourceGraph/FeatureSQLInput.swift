import ResourceAPI

/// A column or expression, with or without a condition, that one or more features of a view are made
/// of.
struct FeatureInput: Hashable, Sendable {
    /// The first feature that has it.
    let name: String
    /// Nil if it cannot be known before the data is seen; it is then taken for a double.
    let type: ColumnType?
    /// Some feature needs to know how many values there are so far: to count them, to find one by its
    /// rank, or because a sum of no values is null.
    let isCounted: Bool
    let isSummed: Bool
    /// SQL over the dataset's columns.
    let expression: String

    var column: String { SQLProgram.identifier("value:" + name) }
    var countColumn: String { SQLProgram.identifier("count:" + name) }
    var sumColumn: String { SQLProgram.identifier("sum:" + name) }

    /// Sums of it are exact, whatever their order, so that differences of running sums are.
    var isExact: Bool { type == .integer || type == .boolean }

    /// Its running totals over sorted rows, as columns.
    var runningTotals: [String] {
        let upToHere = "OVER (ROWS UNBOUNDED PRECEDING)"
        let count = "count(\(column)) \(upToHere) AS \(countColumn)"
        let value = "coalesce(CAST(\(column) AS BIGINT), 0)"
        let sum = "CAST(sum(\(value)) \(upToHere) AS DECIMAL(38, 0)) AS \(sumColumn)"
        return (isCounted ? [count] : []) + (isSummed && isExact ? [sum] : [])
    }

    /// The distinct inputs of a view, in the order of its features. Features that count all rows have
    /// none.
    static func all(of source: ViewSource) -> [FeatureInput] {
        var seen: Set<Origin> = [Origin.allRows]
        return source.spec.features.compactMap { feature in
            guard seen.insert(Origin(feature)).inserted else { return nil }
            return FeatureInput(first: feature, of: source)
        }
    }

    /// - Returns: nil if the feature counts all rows.
    static func of(_ feature: Feature, in source: ViewSource) -> FeatureInput? {
        let origin = Origin(feature)
        guard origin != Origin.allRows,
            let first = source.spec.features.first(where: { Origin($0) == origin })
        else { return nil }
        return FeatureInput(first: first, of: source)
    }

    private struct Origin: Hashable {
        static let allRows = Origin(value: .rows, condition: nil)
        let value: Feature.Value
        let condition: String?

        init(value: Feature.Value, condition: String?) {
            self.value = value
            self.condition = condition
        }

        init(_ feature: Feature) {
            self.init(value: feature.value, condition: feature.condition)
        }
    }

    private init(first feature: Feature, of source: ViewSource) {
        name = feature.name
        let origin = Origin(feature)
        type = FeatureInput.type(of: origin.value, schema: source.schema)
        let uses = source.spec.features.filter { Origin($0) == origin }.map(\.aggregate)
        isSummed = uses.contains(.sum) || uses.contains(.mean)
        isCounted =
            isSummed
            || uses.contains { $0 == .count || $0 == .first || $0 == .last || $0 == .lastN }
        let sql = FeatureInput.sql(of: origin.value)
        let condition = origin.condition.map(FeatureSQL.operand)
        if uses.allSatisfy({ $0 == .count }) {
            let isThere = origin.value == .rows ? nil : "\(sql) IS NOT NULL"
            let all = [condition, isThere].compactMap { $0 }.joined(separator: " AND ")
            expression = "CASE WHEN \(all) THEN true END"
        } else {
            let value = condition.map { "CASE WHEN \($0) THEN \(sql) END" } ?? sql
            expression = type == nil ? "CAST(\(value) AS DOUBLE)" : value
        }
    }

    /// The type of a value by the dataset's schema. An expression that is nothing but a column's
    /// name counts as that column.
    static func type(of value: Feature.Value, schema: [DatasetSpec.Column]) -> ColumnType? {
        switch value {
        case .column(let name): schema.first { $0.name == name }?.type
        case .expression(let text):
            schema.first { $0.name == text || SQLProgram.identifier($0.name) == text }?.type
        case .rows: nil
        }
    }

    private static func sql(of value: Feature.Value) -> String {
        switch value {
        case .column(let name): SQLProgram.identifier(name)
        case .expression(let text): FeatureSQL.operand(text)
        case .rows: "true"
        }
    }
}
