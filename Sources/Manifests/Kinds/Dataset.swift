import ResourceAPI

extension DatasetSpec {
    static func decode(_ reader: inout FieldReader) -> DatasetSpec? {
        let source = decodeSource(&reader)
        let columnFields = reader.optional("schema")?.items() ?? []
        let schema = columnFields.compactMap(Column.decode)
        checkNames(of: schema, reader)
        checkKnownTimes(of: schema, reader)
        // A column that is wrong itself is not missing too.
        let columns = SchemaColumns(schema.count == columnFields.count ? schema : [])
        let primaryKey = reader.optional("primaryKey")?.distinct { columns.name($0) } ?? []
        let timestamp = reader.optional("timestamp").flatMap { columns.name($0) }
        let expectationFields =
            reader.optional("expectations")?.items(mayBeEmpty: true) ?? []
        let expectations = expectationFields.compactMap { field -> Expectation? in
            let expectation = Expectation.decode(field, columns: columns)
            if source?.isOutside == false, expectation?.isComparedToObservation == true {
                field.report(.observedInside)
            }
            return expectation
        }
        let refreshField = reader.optional("refresh")
        let refresh = refreshField.flatMap(RefreshPolicy.decode)
        guard let source else { return nil }
        if !source.isOutside { refreshField?.report(.refreshOfInside) }
        if case .noop = source {
            reader.report(any: ["schema", "primaryKey", "timestamp", "expectations"]) {
                .fieldOfNoop($0)
            }
        }
        return DatasetSpec(
            source: source, schema: schema, primaryKey: primaryKey, timestamp: timestamp,
            expectations: expectations, refresh: refresh)
    }

    private static func decodeSource(_ reader: inout FieldReader) -> Source? {
        guard let value = reader.exactlyOne(of: ["source", "sql"]) else { return nil }
        if value.key == "sql" { return SQLSource.decode(value).map(Source.sql) }
        guard var fields = value.reader(at: "spec.source") else { return nil }
        let source = fields.exactlyOne(of: ["file", "http", "s3", "postgres", "noop"])
        fields.finish()
        guard let source else { return nil }
        return switch source.key {
        case "file": FileSource.decode(source).map(Source.file)
        case "http": HTTPSource.decode(source).map(Source.http)
        case "s3": S3Source.decode(source).map(Source.s3)
        case "postgres": PostgresSource.decode(source).map(Source.postgres)
        default: NoopSource.decode(source).map(Source.noop)
        }
    }

    private static func checkNames(of schema: [Column], _ reader: FieldReader) {
        var seen: Set<String> = []
        for (index, column) in schema.enumerated() where !seen.insert(column.name).inserted {
            let path = FieldPath([.key("schema"), .index(index), .key("name")])
            reader.context.report(
                .repeated("'schema'", text: column.name), at: reader.node.nearest(to: path))
        }
    }
}

extension DatasetSpec.Column {
    static func decode(_ value: FieldValue) -> DatasetSpec.Column? {
        guard var fields = value.reader(at: "spec.schema") else { return nil }
        let name = fields.required("name")?.fieldName()
        let type = fields.required("type")?.choice(of: ColumnType.self)
        let nullable = fields.optional("nullable")?.bool() ?? true
        let knownAt = fields.optional("knownAt")?.fieldName()
        fields.finish()
        guard let name, let type else { return nil }
        return DatasetSpec.Column(name: name, type: type, nullable: nullable, knownAt: knownAt)
    }
}

extension FileSource {
    static func decode(_ value: FieldValue) -> FileSource? {
        guard var fields = value.reader(at: "spec.source.file") else { return nil }
        let pathField = fields.required("path")
        let path = pathField?.repositoryPath()
        let content = ContentFormat.decode(
            &fields, name: path?.display, named: path == nil ? nil : pathField)
        fields.finish()
        guard let path, let content else { return nil }
        return FileSource(path: path, format: content.format, nullValues: content.nullValues)
    }
}

extension FileSource.Format {
    /// By the ending of a file name; nil if it says nothing.
    init?(ending path: RepositoryPath) {
        // Parquet packs its own content.
        let text = [".gz", ".zst"].first(where: path.hasSuffix).map {
            RepositoryPath(bytes: Array(path.bytes.dropLast($0.utf8.count)))
        }
        if (text ?? path).hasSuffix(".csv") {
            self = .csv
        } else if path.hasSuffix(".parquet") {
            self = .parquet
        } else if [".json", ".jsonl", ".ndjson"].contains(where: (text ?? path).hasSuffix) {
            self = .json
        } else {
            return nil
        }
    }
}

extension NoopSource {
    private static let longest = 3600.0

    static func decode(_ value: FieldValue) -> NoopSource? {
        guard var fields = value.reader(at: "spec.source.noop") else { return nil }
        let dependsOn =
            fields.optional("dependsOn")?.items(mayBeEmpty: true)?.compactMap { $0.resourceName() }
        let content = fields.optional("content")?.freeText(mayBeEmpty: true)
        let seconds = fields.optional("seconds")?.number(in: 0...longest)
        let fails = fields.optional("fails")?.bool()
        fields.finish()
        return NoopSource(
            dependsOn: dependsOn ?? [], content: content ?? "", seconds: seconds ?? 0,
            fails: fails ?? false)
    }
}

extension SQLSource {
    static func decode(_ value: FieldValue) -> SQLSource? {
        guard var fields = value.reader(at: "spec.sql") else { return nil }
        let inputs = fields.required("inputs")?.distinct { $0.resourceName() }
        let query = fields.required("query")?.freeText()
        fields.finish()
        guard let inputs, let query else { return nil }
        return SQLSource(inputs: inputs, query: query)
    }
}
