import ResourceAPI

extension FieldTable {
    static let dataset: [FieldDescription] = source + table

    private static let table: [FieldDescription] = [
        .init("spec.sql", .mapping, .oneOf, "A query over other datasets."),
        .init(
            "spec.sql.inputs", .list(.resourceName), .required,
            "The datasets that the query reads, each a table of its own name."),
        .init("spec.sql.query", .text, .required, "The query, in DuckDB's SQL."),
        .init(
            "spec.schema", .list(.mapping), .optional,
            "The columns, in order; left out, whatever the source has."),
        .init("spec.schema.name", .columnName, .required, "The name of the column."),
        .init("spec.schema.type", .choice(of: ColumnType.self), .required, "Its type."),
        .init(
            "spec.schema.nullable", .boolean, .defaultsTo("true"), "Whether it may hold nulls."),
        .init(
            "spec.refresh", .mapping, .optional,
            "When the controller makes a new snapshot of a source outside the repository."),
        .init("spec.refresh.schedule", .duration, .oneOf, "So often."),
        .init(
            "spec.refresh.onChange", .duration, .oneOf,
            "When the source has changed, for which it is asked so often."),
        .init("spec.primaryKey", .list(.columnName), .optional, "The columns that name a row."),
        .init("spec.timestamp", .columnName, .optional, "The column of the event time."),
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
        .init(
            "spec.expectations.mostly", .share, .defaultsTo("1"),
            "The share of the rows that must pass."),
        .init(
            "spec.expectations.severity", .choice(of: Expectation.Severity.self),
            .defaultsTo("error"), "Whether a failure stops what depends on the dataset."),
    ]

    static let featureView: [FieldDescription] = [
        .init("spec.source", .mapping, .required, "Where the rows come from."),
        .init("spec.source.dataset", .resourceName, .required, "The name of a dataset."),
        .init(
            "spec.entity", .list(.columnName), .required,
            "The columns that name the entity; a spine has columns of the same names."),
        .init("spec.timestamp", .columnName, .required, "The column of the event time."),
        .init(
            "spec.knownAt", .mapping, .optional,
            "When a row was known; left out, at its event time."),
        .init("spec.knownAt.delay", .duration, .oneOf, "This long after the event time."),
        .init("spec.knownAt.column", .columnName, .oneOf, "At the time in this column."),
        .init(
            "spec.ttl", .duration, .optional,
            "A row older than this is not used; left out, rows never become too old."),
        .init("spec.features", .list(.mapping), .required, "The features, in order."),
        .init(
            "spec.features.name", .columnName, .optional,
            "The name of the feature; left out, that of the column."),
        .init("spec.features.column", .columnName, .optional, "The column to take."),
        .init(
            "spec.features.expression", .text, .optional,
            "A SQL expression over the columns of one row, instead of a column."),
        .init(
            "spec.features.aggregate", .choice(of: Feature.Aggregate.self), .optional,
            "How the values in a window become one; left out, the latest value is taken."),
        .init(
            "spec.features.windows", .list(.duration), .optional,
            "The lengths of the windows; one feature column for each."),
        .init("spec.features.closed", .unknown, .planned, "Which ends of a window belong to it."),
        .init("spec.online", .unknown, .planned, "Whether the features are served online."),
    ]
}
