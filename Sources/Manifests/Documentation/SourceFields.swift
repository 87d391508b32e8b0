import ResourceAPI

extension FieldTable {
    static let source: [FieldDescription] = [
        .init("spec.source", .mapping, .oneOf, "Where the rows come from."),
        .init("spec.source.file", .mapping, .oneOf, "A local file, or several."),
        .init(
            "spec.source.file.path", .path, .required,
            "In the repository, or else below one of the data roots; * and ? name several files."),
        .init(
            "spec.source.file.format", .choice(of: FileSource.Format.self), .optional,
            "The format; left out, it follows from the ending of the path."),
        .init(
            "spec.source.file.nullValues", .list(.text), .optional,
            "For csv: texts that mean null, beside the empty one."),
        .init("spec.source.http", .mapping, .oneOf, "A file behind a URL."),
        .init("spec.source.http.url", .text, .required, "An http or https URL."),
        .init(
            "spec.source.http.format", .choice(of: FileSource.Format.self), .optional,
            "The format; left out, it follows from the ending of the name."),
        .init(
            "spec.source.http.nullValues", .list(.text), .optional,
            "For csv: texts that mean null, beside the empty one."),
        .init(
            "spec.source.http.credentials", .resourceName, .optional,
            "The name of an entry in the controller's configuration."),
        .init("spec.source.s3", .mapping, .oneOf, "Objects in S3, or in what speaks like it."),
        .init("spec.source.s3.bucket", .text, .required, "The name of the bucket."),
        .init("spec.source.s3.key", .text, .oneOf, "The key of one object."),
        .init("spec.source.s3.prefix", .text, .oneOf, "All objects whose keys start so."),
        .init(
            "spec.source.s3.glob", .text, .oneOf,
            "All objects whose keys match, with * and ?, neither of which stands for a slash."),
        .init("spec.source.s3.region", .text, .optional, "The region of the bucket."),
        .init(
            "spec.source.s3.endpoint", .text, .optional,
            "The URL of a server that is not Amazon's."),
        .init(
            "spec.source.s3.format", .choice(of: FileSource.Format.self), .optional,
            "The format; left out, it follows from the ending of the name."),
        .init(
            "spec.source.s3.nullValues", .list(.text), .optional,
            "For csv: texts that mean null, beside the empty one."),
        .init(
            "spec.source.s3.credentials", .resourceName, .optional,
            "The name of an entry in the controller's configuration."),
        .init("spec.source.postgres", .mapping, .oneOf, "A query in a PostgreSQL database."),
        .init(
            "spec.source.postgres.query", .text, .required,
            "The query, best with ORDER BY; it runs in a read-only transaction."),
        .init(
            "spec.source.postgres.credentials", .resourceName, .required,
            "The entry of the controller's configuration that says where the database is."),
        .init(
            "spec.source.noop", .mapping, .oneOf,
            "Nothing, for tests and for trying things out."),
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
    ]
}
