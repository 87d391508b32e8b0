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
            "spec.schema.knownAt", .columnName, .optional,
            "The column with the time from which the value is known; left out, always."),
        .init(
            "spec.refresh", .mapping, .optional,
            "When the controller makes a new snapshot of a source outside the repository."),
        .init("spec.refresh.schedule", .duration, .oneOf, "So often."),
        .init(
            "spec.refresh.onChange", .duration, .oneOf,
            "When the source has changed, for which it is asked so often."),
        .init("spec.primaryKey", .list(.columnName), .optional, "The columns that name a row."),
        .init("spec.timestamp", .columnName, .optional, "The column of the event time."),
    ]

    static let featureView: [FieldDescription] = [
        .init("spec.source", .mapping, .required, "Where the rows come from."),
        .init("spec.source.dataset", .resourceName, .oneOf, "The name of a dataset."),
        .init(
            "spec.source.view", .resourceName, .oneOf,
            "The name of another view, whose features without aggregate are the columns."),
        .init(
            "spec.entity", .list(.columnName), .required,
            "The columns that name the entity; a spine has columns of the same names."),
        .init(
            "spec.timestamp", .columnName, .optional,
            "The column of the event time; of a view of a view, that view's."),
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
        .init(
            "spec.features.where", .text, .optional,
            "A SQL condition; values of rows that do not meet it are not aggregated."),
        .init(
            "spec.features.closed", .choice(of: Feature.Closed.self), .defaultsTo("left"),
            "Which ends of a window belong to it."),
        .init(
            "spec.features.offset", .duration, .defaultsTo("0s"),
            "The windows end this long before the time of the prediction."),
        .init(
            "spec.features.lag", .integer(1...1000), .optional,
            "Without an aggregate: take the row so many before the latest one."),
        .init(
            "spec.features.n", .integer(1...100), .optional,
            "Of last_n: how many values; one feature column for each, the latest first."),
        .init(
            "spec.features.percentile", .share, .optional,
            "Of approx_percentile: the share of the values that lie at or below the result."),
        .init(
            "spec.online", .boolean, .defaultsTo("false"),
            "Whether serving looks the features up by entity, for requests that give none."),
        .init(
            "spec.refresh", .duration, .optional,
            "How often an online view's windows move on, without new data and without training."),
    ]
}
