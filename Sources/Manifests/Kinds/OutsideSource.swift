import ResourceAPI

extension HTTPSource {
    static func decode(_ value: FieldValue) -> HTTPSource? {
        guard var fields = value.reader(at: "spec.source.http") else { return nil }
        let urlField = fields.required("url")
        let url = urlField?.webURL()
        let format = ContentFormat.decode(
            &fields, name: url.map(WebURL.path), named: url == nil ? nil : urlField)
        let credentials = fields.optional("credentials")?.resourceName()
        fields.finish()
        guard let url, let format else { return nil }
        return HTTPSource(
            url: url, format: format.format, nullValues: format.nullValues,
            credentials: credentials)
    }
}

extension S3Source {
    static func decode(_ value: FieldValue) -> S3Source? {
        guard var fields = value.reader(at: "spec.source.s3") else { return nil }
        let bucket = fields.required("bucket")?.bucketName()
        let field = fields.exactlyOne(of: ["key", "prefix", "glob"])
        let text = field?.freeText()
        let region = fields.optional("region")?.freeText()
        let endpoint = fields.optional("endpoint")?.webURL()
        let format = ContentFormat.decode(
            &fields, name: field?.key == "prefix" ? nil : text, named: field)
        let credentials = fields.optional("credentials")?.resourceName()
        fields.finish()
        guard let bucket, let field, let text, let format else { return nil }
        let objects: Objects =
            switch field.key {
            case "key": .key(text)
            case "prefix": .prefix(text)
            default: .glob(text)
            }
        return S3Source(
            bucket: bucket, objects: objects, region: region, endpoint: endpoint,
            format: format.format, nullValues: format.nullValues, credentials: credentials)
    }
}

extension PostgresSource {
    static func decode(_ value: FieldValue) -> PostgresSource? {
        guard var fields = value.reader(at: "spec.source.postgres") else { return nil }
        let query = fields.required("query")?.freeText()
        let credentials = fields.required("credentials")?.resourceName()
        fields.finish()
        guard let query, let credentials else { return nil }
        return PostgresSource(query: query, credentials: credentials)
    }
}

extension RefreshPolicy {
    static func decode(_ value: FieldValue) -> RefreshPolicy? {
        guard var fields = value.reader(at: "spec.refresh") else { return nil }
        let field = fields.exactlyOne(of: ["schedule", "onChange"])
        fields.finish()
        guard let field, let interval = field.duration() else { return nil }
        return field.key == "schedule" ? .schedule(interval) : .onChange(interval)
    }
}

/// How the bytes of a source are to be read, which all sources of files say in the same way.
struct ContentFormat {
    let format: FileSource.Format
    let nullValues: [String]

    /// - Parameters:
    ///   - name: whose ending says the format if no field does.
    ///   - field: where the name stands.
    static func decode(
        _ fields: inout FieldReader, name: String?, named field: FieldValue?
    ) -> ContentFormat? {
        let formatField = fields.optional("format")
        let nullField = fields.optional("nullValues")
        let nullValues = nullField?.distinct { $0.freeText(mayBeEmpty: true) } ?? []
        let format: FileSource.Format?
        if let formatField {
            format = formatField.choice(of: FileSource.Format.self)
        } else {
            format = name.flatMap { FileSource.Format(ending: RepositoryPath($0)) }
            if format == nil, let field, let text = name ?? field.plainText {
                field.report(.formatUnknown(path: text))
            }
        }
        guard let format else { return nil }
        if format != .csv { nullField?.report(.nullValuesWithoutCSV) }
        return ContentFormat(format: format, nullValues: nullValues)
    }
}

enum WebURL {
    /// Without what follows a question mark or a hash.
    static func path(_ url: String) -> String {
        String(url.prefix { $0 != "?" && $0 != "#" })
    }
}

extension FieldValue {
    fileprivate var plainText: String? {
        if case .scalar(let text, _) = node.content { text } else { nil }
    }

    /// An http or https URL without a user and a password.
    fileprivate func webURL() -> String? {
        guard let text = freeText() else { return nil }
        let rest = ["https://", "http://"].lazy.filter(text.hasPrefix)
            .map { text.dropFirst($0.count) }.first
        let isClean = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        guard let host = rest?.prefix(while: { !"/?#".contains($0) }), !host.isEmpty, isClean else {
            report(.badURL(text))
            return nil
        }
        guard !host.contains("@") else {
            report(.credentialsInURL)
            return nil
        }
        return text
    }

    /// 3 to 63 lower-case letters, digits, dots and hyphens.
    fileprivate func bucketName() -> String? {
        guard let text = freeText() else { return nil }
        let isGood = text.utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
                || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
        }
        guard isGood, (3...63).contains(text.utf8.count) else {
            report(.badBucket(text))
            return nil
        }
        return text
    }
}
