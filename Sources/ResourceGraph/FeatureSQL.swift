import ResourceAPI

/// Compiles a feature view into the SQL of its `features` step.
///
/// The artifact has one row per usable row of the dataset: one whose entity, event time and known
/// time are not null. Its rows are sorted by entity, event time, known time and source row, so that
/// **a row's position in the artifact orders the rows of its entity**: the training set finds the
/// two positions that bound a window and takes everything else from them. Columns:
///
/// - the entity columns, `__event` and `__known` (TIMESTAMP), `__row` (position in the dataset);
/// - `value:<feature>` for each distinct input, named after the first feature that has it (TRUE
///   instead of the value if the input is only counted);
/// - for views whose known time follows the event time by a constant: `count:<feature>` and
///   `sum:<feature>`, the number and the exact sum of the values of all rows, whatever their entity, up
///   to this one, 0 of none. What they are at two rows of an entity differs by what lies between.
///   Sums are DECIMAL(38,0): the sums of 64-bit integers need up to 128 bits, and Parquet would make
///   a DOUBLE of a HUGEINT.
///
/// Names that begin with `__` are Ingot's. A view of a view reads that view's artifact, the input
/// `view`, in place of the dataset.
package enum FeatureSQL {
    package static func features(_ source: ViewSource) -> SQLProgram {
        let spec = source.spec
        let inputs = FeatureInput.all(of: source)
        let entity = spec.entity.map(SQLProgram.identifier)
        let rowColumns =
            entity + timeColumns(source) + inputs.map { "\($0.expression) AS \($0.column)" }
        let usable = (entity + ["__event", "__known"]).map { "\($0) IS NOT NULL" }
        let columns = entity + ["__event", "__known", "__row"] + inputs.map(\.column)
        let sorted = """
            SELECT
                \(lines(columns, indent: 4))
            FROM (
                SELECT
                    \(lines(rowColumns, indent: 8))
                FROM \(rows(of: source))
            )
            WHERE \(usable.joined(separator: " AND "))
            ORDER BY \((entity + order(source)).joined(separator: ", "))
            """
        let totals = inputs.flatMap(\.runningTotals)
        guard case .delay = source.knownAt, !totals.isEmpty else {
            return SQLProgram(query: sorted)
        }
        // Over all rows in the order in which they come: DuckDB computes that while they stream past.
        return SQLProgram(
            query: """
                SELECT
                    \(lines(["*"] + totals, indent: 4))
                FROM (
                \(sorted)
                )
                """)
    }

    /// Of the rows of an entity. Known times that follow events by a constant keep their order.
    private static func order(_ source: ViewSource) -> [String] {
        if case .delay = source.knownAt { return ["__event", "__row"] }
        return ["__event", "__known", "__row"]
    }

    /// The event time, the known time and the place in the dataset.
    private static func timeColumns(_ source: ViewSource) -> [String] {
        guard source.base == nil, let timestamp = source.spec.timestamp else {
            return ["__event", "__known", "__row"]
        }
        let event = "CAST(\(SQLProgram.identifier(timestamp)) AS TIMESTAMP)"
        let known =
            switch source.knownAt {
            case .delay(let delay):
                delay.seconds == 0 ? event : "\(event) + \(interval(delay.seconds))"
            case .column(let name): "CAST(\(SQLProgram.identifier(name)) AS TIMESTAMP)"
            }
        return ["\(event) AS __event", "\(known) AS __known", "file_row_number AS __row"]
    }

    /// What a user wrote in SQL, each as a query of its own that fails if and only if it cannot be
    /// understood: asked when the view's query fails, to say where.
    static func expressions(_ source: ViewSource) -> JSONValue {
        func check(_ feature: Feature, _ field: String, _ text: String) -> JSONValue {
            [
                "feature": .string(feature.name), "field": .string(field),
                "query": .string("SELECT \(operand(text)) FROM \(rows(of: source)) LIMIT 0"),
            ]
        }
        return .array(
            source.spec.features.flatMap { feature in
                var checks: [JSONValue] = []
                if case .expression(let text) = feature.value {
                    checks.append(check(feature, "expression", text))
                }
                if let text = feature.condition { checks.append(check(feature, "where", text)) }
                return checks
            })
    }

    private static func rows(of source: ViewSource) -> String {
        guard let base = source.base else { return "\"dataset\"" }
        let columns =
            base.entity.map(SQLProgram.identifier) + ["__event", "__known", "__row"]
            + base.columns.map { "\($0.column) AS \(SQLProgram.identifier($0.feature))" }
        return """
            (
                        SELECT
                            \(lines(columns, indent: 16))
                        FROM "view"
                    )
            """
    }
}

extension FeatureSQL {
    /// Items of a list, one a line.
    static func lines(_ items: [String], separator: String = ",", indent: Int) -> String {
        items.joined(separator: separator + "\n" + String(repeating: " ", count: indent))
    }

    static func interval(_ seconds: Int64) -> String { "INTERVAL \(seconds) SECOND" }

    /// The elements without repetitions, in order.
    static func distinct<Element: Hashable>(_ elements: [Element]) -> [Element] {
        var seen: Set<Element> = []
        return elements.filter { seen.insert($0).inserted }
    }

    /// A user's expression as one operand. It may end in a comment, so the parenthesis that closes
    /// it stands on a line of its own then.
    static func operand(_ expression: String) -> String {
        "(\(expression)\(expression.contains("--") ? "\n" : ""))"
    }
}
