package import ResourceAPI

/// A feature view with what the compiler has to know about it.
package struct ViewSource: Hashable, Sendable {
    package let name: ResourceName
    package let spec: FeatureViewSpec
    /// The columns of the view's dataset; empty if its manifest does not list them.
    package let schema: [DatasetSpec.Column]

    package init(name: ResourceName, spec: FeatureViewSpec, schema: [DatasetSpec.Column]) {
        self.name = name
        self.spec = spec
        self.schema = schema
    }
}

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
/// - for views whose known time follows the event time by a constant: `__rows`, the number of rows
///   of the entity up to this one, and `count:<feature>` and `sum:<feature>`, the number and the
///   exact sum of the values up to this one. Sums are DECIMAL(38,0): the sums of 64-bit integers
///   need up to 128 bits, and Parquet would make a DOUBLE of a HUGEINT.
///
/// Names that begin with `__` are Ingot's.
package enum FeatureSQL {
    package static func features(_ source: ViewSource) -> SQLProgram {
        let spec = source.spec
        let inputs = FeatureInput.all(of: source)
        let entity = spec.entity.map(SQLProgram.identifier)
        let event = "CAST(\(SQLProgram.identifier(spec.timestamp)) AS TIMESTAMP)"
        let known: String
        var totals: [String] = []
        switch spec.knownAt {
        case .delay(let delay):
            known = delay.seconds == 0 ? event : "\(event) + \(interval(delay.seconds))"
            totals = runningTotals(inputs)
        case .column(let name):
            known = "CAST(\(SQLProgram.identifier(name)) AS TIMESTAMP)"
        }
        let rowColumns =
            entity + [
                "\(event) AS __event", "\(known) AS __known", "file_row_number AS __row",
            ] + inputs.map { "\($0.expression) AS \($0.column)" }
        let columns =
            entity + ["__event", "__known", "__row"] + inputs.map(\.column) + totals
        let usable = (entity + ["__event", "__known"]).map { "\($0) IS NOT NULL" }
        var query = """
            SELECT
                \(lines(columns, indent: 4))
            FROM (
                SELECT
                    \(lines(rowColumns, indent: 8))
                FROM "dataset"
            )
            WHERE \(usable.joined(separator: " AND "))

            """
        if !totals.isEmpty {
            query += """
                WINDOW up_to_here AS (
                    PARTITION BY \(entity.joined(separator: ", "))
                    ORDER BY __event, __known, __row ROWS UNBOUNDED PRECEDING
                )

                """
        }
        query += "ORDER BY \((entity + ["__event", "__known", "__row"]).joined(separator: ", "))"
        return SQLProgram(query: query)
    }

    private static func runningTotals(_ inputs: [FeatureInput]) -> [String] {
        var totals = ["count(*) OVER up_to_here AS __rows"]
        for input in inputs {
            if input.isCounted {
                totals.append("count(\(input.column)) OVER up_to_here AS \(input.countColumn)")
            }
            if input.isSummed, input.isExact {
                totals.append(
                    "CAST(sum(CAST(\(input.column) AS BIGINT)) OVER up_to_here AS DECIMAL(38, 0))"
                        + " AS \(input.sumColumn)")
            }
        }
        return totals
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
