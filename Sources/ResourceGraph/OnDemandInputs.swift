import ResourceAPI

/// What the on-demand features of a training config read.
struct OnDemandInputs: Sendable {
    /// The on-demand features, in order.
    let features: [OnDemandFeature]
    /// Columns of the spine that an expression names, in the schema's order: values that a request
    /// brings along. The training set keeps them as they are.
    let request: [DatasetSpec.Column]

    init(of config: TrainingConfigSpec, spineSchema: [DatasetSpec.Column]) {
        features = config.features.compactMap { selection in
            if case .onDemand(let feature) = selection { feature } else { nil }
        }
        let words = features.flatMap { SQLExpression($0.expression).columns.map(\.folded) }
        let named = Set(words)
        request =
            named.isEmpty
            ? [] : spineSchema.filter { named.contains(SQLExpression.fold($0.name)) }
    }

    func reads(_ column: String) -> Bool { request.contains { $0.name == column } }

    /// `{"scheduled_departure": "timestamp"}`
    var requestRecipe: JSONValue {
        .object(
            Dictionary(
                request.map { ($0.name, .string($0.type.rawValue)) },
                uniquingKeysWith: { first, _ in first }))
    }

    var expressionsRecipe: JSONValue {
        .object(
            Dictionary(
                features.map { ($0.name, ["expression": .string($0.expression)]) },
                uniquingKeysWith: { first, _ in first }))
    }
}

extension OnDemandInputs {
    /// A column of the spine in the training set, with its own type: FLOAT would cut integers and
    /// times. Text as the model takes it, '' for null.
    static func finalColumn(_ column: DatasetSpec.Column) -> String {
        let name = SQLProgram.identifier(column.name)
        switch column.type {
        case .string: return "coalesce(r.\(name), '') AS \(name)"
        case .integer: return "CAST(r.\(name) AS BIGINT) AS \(name)"
        case .double: return "CAST(r.\(name) AS DOUBLE) AS \(name)"
        case .boolean: return "CAST(r.\(name) AS BOOLEAN) AS \(name)"
        case .timestamp, .date: return "CAST(r.\(name) AS TIMESTAMP) AS \(name)"
        }
    }
}
