import ResourceAPI

extension DatasetSpec {
    /// A source outside the repository, in the shape of the manifest; empty of any other. Without
    /// credentials, which do not change what there is to read; only where they alone say which
    /// database it is, their name does.
    var outsideRecipe: JSONValue {
        switch source {
        case .http(let http):
            [
                "http": .object(
                    Self.fields(of: http.format, http.nullValues, ["url": .string(http.url)]))
            ]
        case .s3(let s3):
            ["s3": .object(Self.fields(of: s3.format, s3.nullValues, s3.place))]
        case .postgres(let postgres):
            [
                "postgres": [
                    "query": .string(postgres.query),
                    "credentials": .string(postgres.credentials.text),
                ]
            ]
        case .file, .sql, .noop: [:]
        }
    }

    private static func fields(
        of format: FileSource.Format, _ nullValues: [String], _ place: [String: JSONValue]
    ) -> [String: JSONValue] {
        place.merging([
            "format": .string(format.rawValue),
            "nullValues": .array(nullValues.map(JSONValue.string)),
        ]) { own, _ in own }
    }

    /// The recipe of a snapshot that must have exactly these rows.
    func pinnedRecipe(_ entry: SnapshotLock.Entry) -> JSONValue {
        var fields = snapshotRecipe.object ?? [:]
        fields["pinned"] = .string(entry.digest.description)
        return .object(fields)
    }

    /// How a source outside the repository is read.
    var outsideProgram: JSONValue {
        let (name, format, nullValues): (String, FileSource.Format, [String]) =
            switch source {
            case .http(let http): (http.url, http.format, http.nullValues)
            case .s3(let s3):
                ("s3://\(s3.bucket)/\(s3.objects.field.value)", s3.format, s3.nullValues)
            case .postgres, .file, .sql, .noop: ("the query", .csv, [])
            }
        var program: [String: JSONValue] = [
            "source": outsideRecipe, "path": .string(name), "format": .string(format.rawValue),
            "nullValues": .array(nullValues.map(JSONValue.string)), "schema": schemaRecipe,
        ]
        if watchesDrift { program["tellsColumns"] = .bool(true) }
        if let name = source.credentials { program["credentials"] = .string(name.text) }
        return .object(program)
    }
}

extension S3Source {
    fileprivate var place: [String: JSONValue] {
        var fields: [String: JSONValue] = [
            "bucket": .string(bucket), objects.field.name: .string(objects.field.value),
        ]
        if let region { fields["region"] = .string(region) }
        if let endpoint { fields["endpoint"] = .string(endpoint) }
        return fields
    }
}
