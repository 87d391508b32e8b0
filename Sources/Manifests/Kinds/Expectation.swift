import ResourceAPI

extension Expectation {
    private static let path = "spec.expectations"

    static func decode(_ value: FieldValue, columns: SchemaColumns) -> Expectation? {
        guard var fields = value.reader(at: path) else { return nil }
        let check = fields.exactlyOne(of: ["unique", "notNull", "between", "values", "rowCount"])
            .flatMap { decodeCheck($0, columns: columns) }
        let mostly = fields.optional("mostly")?.number(in: 0...1) ?? 1
        let severity = fields.optional("severity")?.choice(of: Severity.self) ?? .error
        fields.finish()
        return check.map { Expectation(check: $0, mostly: mostly, severity: severity) }
    }

    private static func decodeCheck(_ value: FieldValue, columns: SchemaColumns) -> Check? {
        switch value.key {
        case "unique": value.distinct { columns.name($0) }.map(Check.unique)
        case "notNull": columns.name(value).map(Check.notNull)
        case "between": decodeBetween(value, columns: columns)
        case "values": decodeValues(value, columns: columns)
        default: decodeRowCount(value)
        }
    }

    private static func decodeBetween(_ value: FieldValue, columns: SchemaColumns) -> Check? {
        guard var fields = value.reader(at: path + ".between") else { return nil }
        let column = fields.required("column").flatMap { columns.name($0) }
        let bounds = fields.bounds(of: value) { $0.number() }
        fields.finish()
        return column.map { .between(column: $0, min: bounds.min, max: bounds.max) }
    }

    private static func decodeValues(_ value: FieldValue, columns: SchemaColumns) -> Check? {
        guard var fields = value.reader(at: path + ".values") else { return nil }
        let column = fields.required("column").flatMap { columns.name($0) }
        let allowed = fields.required("in")?.distinct { $0.freeText(mayBeEmpty: true) }
        fields.finish()
        guard let column, let allowed else { return nil }
        return .values(column: column, allowed: allowed)
    }

    private static func decodeRowCount(_ value: FieldValue) -> Check? {
        guard var fields = value.reader(at: path + ".rowCount") else { return nil }
        let bounds = fields.bounds(of: value) { $0.int(in: 0...Int64.max) }
        fields.finish()
        return .rowCount(min: bounds.min, max: bounds.max)
    }
}

extension FieldReader {
    /// The fields `min` and `max`: at least one of them, and in order.
    mutating func bounds<Bound: Comparable>(
        of value: FieldValue, unless alternatives: [String] = [],
        _ read: (FieldValue) -> Bound?
    ) -> (min: Bound?, max: Bound?) {
        let lower = optional("min")
        let upper = optional("max")
        if !has(any: ["min", "max"] + alternatives) { value.report(.boundMissing(value.name)) }
        let min = lower.flatMap(read)
        let max = upper.flatMap(read)
        if let min, let max, min > max { lower?.report(.minAboveMax) }
        return (min, max)
    }
}
