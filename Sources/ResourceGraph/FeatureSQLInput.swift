import ResourceAPI

/// A column or expression that one or more features of a view are made of.
struct FeatureInput: Hashable, Sendable {
    /// The first feature that has it.
    let name: String
    /// Nil if it cannot be known before the data is seen; it is then taken for a double.
    let type: ColumnType?
    /// Some feature counts it or takes its sum or mean. (A sum of no values is null, so that a sum
    /// needs the count as well.)
    let isCounted: Bool
    let isSummed: Bool
    /// SQL over the dataset's columns.
    let expression: String

    var column: String { SQLProgram.identifier("value:" + name) }
    var countColumn: String { SQLProgram.identifier("count:" + name) }
    var sumColumn: String { SQLProgram.identifier("sum:" + name) }

    /// Sums of it are exact, whatever their order, so that differences of running sums are.
    var isExact: Bool { type == .integer || type == .boolean }

    /// The distinct inputs of a view, in the order of its features. Features that count rows have
    /// none.
    static func all(of source: ViewSource) -> [FeatureInput] {
        var seen: Set<Feature.Value> = [.rows]
        return source.spec.features.compactMap { feature in
            guard seen.insert(feature.value).inserted else { return nil }
            return FeatureInput(first: feature, of: source)
        }
    }

    /// - Returns: nil if the feature counts rows.
    static func of(_ feature: Feature, in source: ViewSource) -> FeatureInput? {
        guard feature.value != .rows,
            let first = source.spec.features.first(where: { $0.value == feature.value })
        else { return nil }
        return FeatureInput(first: first, of: source)
    }

    private init(first feature: Feature, of source: ViewSource) {
        name = feature.name
        let value = feature.value
        type = FeatureInput.type(of: value, schema: source.schema)
        let uses = source.spec.features.filter { $0.value == value }.map(\.aggregate)
        isSummed = uses.contains(.sum) || uses.contains(.mean)
        isCounted = isSummed || uses.contains(.count)
        let sql = FeatureInput.sql(of: value)
        expression =
            if uses.allSatisfy({ $0 == .count }) {
                "CASE WHEN \(sql) IS NOT NULL THEN true END"
            } else if type == nil {
                "CAST(\(sql) AS DOUBLE)"
            } else {
                sql
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
