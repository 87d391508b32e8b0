import ResourceAPI

extension FieldTable {
    static let dataset: [FieldDescription] = [
        .init("spec.source", .mapping, .oneOf, "Where the rows come from."),
        .init("spec.source.file", .mapping, .required, "A local file."),
        .init(
            "spec.source.file.path", .path, .required,
            "The path in the repository, or else below one of the project's data roots."),
        .init(
            "spec.source.file.format", .choice(of: FileSource.Format.self), .optional,
            "The format; left out, it follows from the ending of the path."),
        .init(
            "spec.source.file.nullValues", .list(.text), .optional,
            "For csv: texts that mean null, beside the empty one."),
        .init(
            "spec.source.noop", .mapping, .optional,
            "Instead of file: nothing, for tests and for trying things out."),
        .init(
            "spec.source.noop.dependsOn", .list(.resourceName), .optional,
            "Datasets of the same sort that are made first."),
        .init(
            "spec.source.noop.content", .text, .optional,
            "A text; another text makes another artifact."),
        .init(
            "spec.source.noop.seconds", .number, .defaultsTo("0"),
            "How long the step takes, 0 to 3600."),
        .init("spec.source.noop.fails", .boolean, .defaultsTo("false"), "Whether the step fails."),
        .init("spec.source.http", .unknown, .planned, "A file behind a URL."),
        .init("spec.source.s3", .unknown, .planned, "Objects in S3."),
        .init("spec.source.postgres", .unknown, .planned, "A table of a PostgreSQL database."),
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
    ]
}
