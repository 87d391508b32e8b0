import ResourceAPI

extension Feature {
    private static let mostValues: Int64 = 100
    private static let longestLag: Int64 = 1000

    static func decode(_ item: FieldValue) -> Feature? {
        guard var fields = item.reader(at: "spec.features") else { return nil }
        let nameField = fields.optional("name")
        let name = nameField?.fieldName(mayBeReserved: false)
        let columnField = fields.optional("column")
        let column = columnField?.fieldName()
        let expressionField = fields.optional("expression")
        let expression = expressionField?.freeText()
        let aggregation = Aggregation(&fields)
        let lagField = fields.optional("lag")
        fields.finish()

        if columnField != nil, let expressionField {
            expressionField.report(.excludeEachOther(["column", "expression"]))
            return nil
        }
        aggregation.check(of: item)
        if let lagField, aggregation.isGiven { lagField.report(.lagOfAggregate) }
        if columnField == nil, expressionField == nil, !aggregation.mayCountRows {
            item.report(.featureWithoutValue(aggregate: aggregation.aggregate?.rawValue))
            return nil
        }
        if nameField == nil, columnField == nil {
            item.report(.featureNameMissing)
            return nil
        }
        guard let outputName = name ?? (nameField == nil ? column : nil) else { return nil }
        return Feature(
            name: outputName,
            value: column.map(Value.column) ?? expression.map(Value.expression) ?? .rows,
            condition: aggregation.condition?.freeText(), aggregate: aggregation.aggregate,
            windows: aggregation.windows?.distinct { $0.duration() } ?? [],
            closed: aggregation.closed?.choice(of: Closed.self) ?? .left,
            offset: aggregation.offset?.duration() ?? ManifestDuration(seconds: 0),
            lag: lagField?.int(in: 1...longestLag).map { Int($0) } ?? 0,
            count: aggregation.number?.int(in: 1...mostValues).map { Int($0) } ?? 1,
            percentile: aggregation.percentile?.number(in: 0...1))
    }

    /// The fields that say how values become one.
    private struct Aggregation {
        let field: FieldValue?
        let aggregate: Aggregate?
        let condition: FieldValue?
        let windows: FieldValue?
        let closed: FieldValue?
        let offset: FieldValue?
        let number: FieldValue?
        let percentile: FieldValue?

        init(_ fields: inout FieldReader) {
            field = fields.optional("aggregate")
            aggregate = field?.choice(of: Aggregate.self)
            condition = fields.optional("where")
            windows = fields.optional("windows")
            closed = fields.optional("closed")
            offset = fields.optional("offset")
            number = fields.optional("n")
            percentile = fields.optional("percentile")
        }

        var isGiven: Bool { field != nil }

        /// Also of an aggregate that was not understood: one error is enough.
        var mayCountRows: Bool { aggregate == .count || isGiven && aggregate == nil }

        func check(of item: FieldValue) {
            guard let aggregate else {
                if isGiven { return }
                for field in [condition, windows, closed, offset, number, percentile] {
                    guard let field else { continue }
                    field.report(.aggregateMissing(field.key))
                }
                return
            }
            if windows == nil {
                item.report(.aggregateWithout("windows", aggregate: aggregate.rawValue))
            }
            check(number, "n", belongsTo: .lastN, item)
            check(percentile, "percentile", belongsTo: .approxPercentile, item)
        }

        private func check(
            _ field: FieldValue?, _ key: String, belongsTo owner: Aggregate, _ item: FieldValue
        ) {
            if aggregate == owner, field == nil {
                item.report(.aggregateWithout(key, aggregate: owner.rawValue))
            }
            if aggregate != owner {
                field?.report(.fieldOfOtherAggregate(key, aggregate: owner.rawValue))
            }
        }
    }
}
