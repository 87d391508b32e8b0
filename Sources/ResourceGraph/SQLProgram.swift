package import ResourceAPI

/// SQL that makes one table out of others, in DuckDB's dialect.
///
/// Every input is visible as a view of its own name (`"spine"`, `"view:weather"`; quote it) whose
/// columns are those of its Parquet file, plus `file_row_number` (BIGINT, from 0, the position of
/// the row in the snapshot).
package struct SQLProgram: Hashable, Sendable {
    /// Run first, in order: CREATE TEMP TABLE or CREATE TEMP VIEW.
    package let statements: [String]
    /// The rows of the artifact, in their final and unique order.
    package let query: String

    package init(statements: [String] = [], query: String) {
        self.statements = statements
        self.query = query
    }

    /// The form in a step's program.
    package var json: JSONValue {
        ["statements": .array(statements.map(JSONValue.string)), "query": .string(query)]
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
