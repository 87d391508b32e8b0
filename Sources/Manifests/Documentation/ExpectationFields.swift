import ResourceAPI

extension FieldTable {
    /// Part of `dataset`.
    static let expectations: [FieldDescription] = [
        .init(
            "spec.expectations", .list(.mapping), .optional, "What must hold of every snapshot."),
        .init(
            "spec.expectations.unique", .list(.columnName), .oneOf,
            "No two rows have the same values in these columns."),
        .init("spec.expectations.notNull", .columnName, .oneOf, "The column holds no null."),
        .init("spec.expectations.between", .mapping, .oneOf, "The values lie in a range."),
        .init("spec.expectations.between.column", .columnName, .required, "The column."),
        .init(
            "spec.expectations.between.min", .number, .optional,
            "The smallest value; at least one of min and max is needed."),
        .init("spec.expectations.between.max", .number, .optional, "The largest value."),
        .init("spec.expectations.values", .mapping, .oneOf, "The values are among a few."),
        .init("spec.expectations.values.column", .columnName, .required, "The column."),
        .init("spec.expectations.values.in", .list(.text), .required, "The values, as text."),
        .init(
            "spec.expectations.rowCount", .mapping, .oneOf, "The number of rows lies in a range."),
        .init(
            "spec.expectations.rowCount.min", .integer(0...Int64.max), .optional,
            "The smallest number; at least one of min and max is needed."),
        .init(
            "spec.expectations.rowCount.max", .integer(0...Int64.max), .optional,
            "The largest number."),
        .init("spec.expectations.regex", .mapping, .oneOf, "Texts match a regular expression."),
        .init("spec.expectations.regex.column", .columnName, .required, "The column, of texts."),
        .init(
            "spec.expectations.regex.pattern", .text, .required,
            "In RE2's syntax; the whole text must match."),
        .init(
            "spec.expectations.freshness", .mapping, .oneOf,
            "The newest value of a column is not too old, as of an instant that is given."),
        .init(
            "spec.expectations.freshness.column", .columnName, .required,
            "The column, of timestamps or dates."),
        .init(
            "spec.expectations.freshness.maxAge", .duration, .required,
            "How much older than the instant the newest value may be."),
        .init(
            "spec.expectations.freshness.asOf", .timeOr("observed"), .oneOf,
            "The instant itself, in UTC; or `observed`: when the source was read, by ingot.lock."),
        .init(
            "spec.expectations.freshness.comparedTo", .mapping, .oneOf,
            "The instant is the newest value of a column of a dataset."),
        .init(
            "spec.expectations.freshness.comparedTo.dataset", .resourceName, .required,
            "The dataset; it may be this one."),
        .init(
            "spec.expectations.freshness.comparedTo.column", .columnName, .required,
            "Its column, of timestamps or dates."),
        .init(
            "spec.expectations.foreignKey", .mapping, .oneOf,
            "The values of some columns are found in another dataset."),
        .init(
            "spec.expectations.foreignKey.columns", .list(.columnName), .required,
            "The columns here; rows with a null in one of them pass."),
        .init(
            "spec.expectations.foreignKey.dataset", .resourceName, .required,
            "The other dataset; it may be this one."),
        .init(
            "spec.expectations.foreignKey.references", .list(.columnName), .required,
            "The columns there, in the same order."),
        .init(
            "spec.expectations.schemaDrift", .list(.choice(of: Expectation.Drift.self)), .oneOf,
            "The source has no other columns, or columns of no other types, than the schema."),
        .init("spec.expectations.sql", .mapping, .oneOf, "What only SQL can say."),
        .init(
            "spec.expectations.sql.condition", .text, .oneOf,
            "What must be true of every row; null counts as true."),
        .init(
            "spec.expectations.sql.query", .text, .oneOf,
            "A query that gives the rows that fail, from the table dataset."),
        .init(
            "spec.expectations.mostly", .share, .defaultsTo("1"),
            "The share of the rows that must pass."),
        .init(
            "spec.expectations.severity", .choice(of: Expectation.Severity.self),
            .defaultsTo("error"), "Whether a failure stops what depends on the dataset."),
    ]
}
