package import ResourceAPI

/// SQL that makes one table out of others, in DuckDB's dialect.
///
/// Every input is visible as a view of its own name (`"spine"`, `"view:weather"`; quote it) whose
/// columns are those of its Parquet file, plus `file_row_number` (BIGINT, from 0, the position of
/// the row in the snapshot).
package struct SQLProgram: Hashable, Sendable {
    /// What is run before the query.
    package enum Statement: Hashable, Sendable {
        /// CREATE TEMP TABLE or CREATE TEMP VIEW.
        case sql(String)
        case search(PositionSearch)

        fileprivate var json: JSONValue {
            switch self {
            case .sql(let text): .string(text)
            case .search(let search): ["search": search.json]
            }
        }
    }

    /// Run first, in order.
    package let statements: [Statement]
    /// The rows of the artifact, in their final and unique order.
    package let query: String

    package init(statements: [Statement] = [], query: String) {
        self.statements = statements
        self.query = query
    }

    /// The form in a step's program.
    package var json: JSONValue {
        ["statements": .array(statements.map(\.json)), "query": .string(query)]
    }

    /// A name as a quoted SQL identifier.
    package static func identifier(_ name: String) -> String {
        "\"" + String(name.flatMap { $0 == "\"" ? "\"\"" : String($0) }) + "\""
    }

    /// A text as a SQL literal.
    package static func literal(_ text: String) -> String {
        "'" + String(text.flatMap { $0 == "'" ? "''" : String($0) }) + "'"
    }
}
