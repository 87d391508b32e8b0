import ResourceAPI

extension Expectation {
    private static let path = "spec.expectations"
    private static let checks = [
        "unique", "notNull", "between", "values", "rowCount", "regex", "freshness", "foreignKey",
        "schemaDrift", "sql",
    ]
    /// They are about the dataset as a whole.
    private static let withoutRows = ["freshness", "schemaDrift"]

    static func decode(_ value: FieldValue, columns: SchemaColumns) -> Expectation? {
        guard var fields = value.reader(at: path) else { return nil }
        let field = fields.exactlyOne(of: checks)
        let check = field.flatMap { decodeCheck($0, columns: columns) }
        let mostly = fields.optional("mostly")?.number(in: 0...1) ?? 1
        let severity = fields.optional("severity")?.choice(of: Severity.self) ?? .error
        fields.finish()
        if let key = field?.key, withoutRows.contains(key) {
            fields.report(any: ["mostly"]) { _ in .mostlyWithoutRows(key) }
        }
        return check.map { Expectation(check: $0, mostly: mostly, severity: severity) }
    }

    private static func decodeCheck(_ value: FieldValue, columns: SchemaColumns) -> Check? {
        switch value.key {
        case "unique": value.distinct { columns.name($0) }.map(Check.unique)
        case "notNull": columns.name(value).map(Check.notNull)
        case "between": decodeBetween(value, columns: columns)
        case "values": decodeValues(value, columns: columns)
        case "rowCount": decodeRowCount(value)
        case "regex": decodeRegex(value, columns: columns)
        case "freshness": decodeFreshness(value, columns: columns)
        case "foreignKey": decodeForeignKey(value, columns: columns)
        case "schemaDrift": decodeDrift(value, columns: columns)
        default: decodeSQL(value)
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

    private static func decodeRegex(_ value: FieldValue, columns: SchemaColumns) -> Check? {
        guard var fields = value.reader(at: path + ".regex") else { return nil }
        let column = fields.required("column")
            .flatMap { columns.name($0, for: "regex", types: [.string]) }
        let field = fields.required("pattern")
        let pattern = field?.freeText()
        fields.finish()
        if let pattern, let problem = RegexSyntax.problem(of: pattern) {
            field?.report(.badPattern(problem))
        }
        guard let column, let pattern else { return nil }
        return .regex(column: column, pattern: pattern)
    }

    private static func decodeForeignKey(_ value: FieldValue, columns: SchemaColumns) -> Check? {
        guard var fields = value.reader(at: path + ".foreignKey") else { return nil }
        let own = fields.required("columns")?.distinct { columns.name($0) }
        let dataset = fields.required("dataset")?.resourceName()
        let field = fields.required("references")
        let references = field?.distinct { $0.fieldName() }
        fields.finish()
        guard let own, let dataset, let references else { return nil }
        if own.count != references.count {
            field?.report(.foreignKeyLengths(columns: own.count, references: references.count))
        }
        return .foreignKey(columns: own, dataset: dataset, references: references)
    }

    private static func decodeDrift(_ value: FieldValue, columns: SchemaColumns) -> Check? {
        let drifts = value.distinct { $0.choice(of: Drift.self) }
        if columns.isEmpty { value.report(.driftWithoutSchema) }
        return drifts.map(Check.schemaDrift)
    }

    private static func decodeSQL(_ value: FieldValue) -> Check? {
        guard var fields = value.reader(at: path + ".sql") else { return nil }
        let field = fields.exactlyOne(of: ["condition", "query"])
        fields.finish()
        guard let field, let text = field.freeText() else { return nil }
        return field.key == "query" ? .query(text) : .condition(text)
    }
}

extension Expectation {
    private static func decodeFreshness(_ value: FieldValue, columns: SchemaColumns) -> Check? {
        guard var fields = value.reader(at: path + ".freshness") else { return nil }
        let column = fields.required("column")
            .flatMap { columns.name($0, for: "freshness", types: [.timestamp, .date]) }
        let maxAge = fields.required("maxAge")?.duration()
        let instant = fields.exactlyOne(of: ["asOf", "comparedTo"]).flatMap(decodeInstant)
        fields.finish()
        guard let column, let maxAge, let instant else { return nil }
        return .freshness(column: column, maxAge: maxAge, instant: instant)
    }

    private static func decodeInstant(_ value: FieldValue) -> Instant? {
        if value.key == "asOf" {
            if case .scalar("observed", _) = value.node.content { return .observed }
            return value.time().map { .time($0.normalized) }
        }
        guard var fields = value.reader(at: path + ".freshness.comparedTo") else { return nil }
        let dataset = fields.required("dataset")?.resourceName()
        let column = fields.required("column")?.fieldName()
        fields.finish()
        guard let dataset, let column else { return nil }
        return .newest(dataset: dataset, column: column)
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
