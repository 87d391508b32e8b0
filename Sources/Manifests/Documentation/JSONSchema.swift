package import ResourceAPI

extension FieldDocumentation {
    /// A JSON Schema (draft 2020-12) of one kind. It knows types, names, choices and ranges; rules
    /// between fields beyond "exactly one of" are left to `ingot validate`. Planned fields are not
    /// in it, so that an editor marks them.
    package static func jsonSchema(for kind: ResourceKind) -> JSONValue {
        let fields = FieldTable.fields(of: kind).map { field in
            field.path == "kind"
                ? FieldDescription("kind", .choice([kind.rawValue]), .required, field.summary)
                : field
        }
        guard case .object(var schema) = object(at: "", in: fields) else { return .null }
        schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
        schema["title"] = .string(kind.rawValue)
        return .object(schema)
    }

    private static func object(at path: String, in fields: [FieldDescription]) -> JSONValue {
        let inner = children(of: path, in: fields).filter { $0.presence != .planned }
        var properties: [String: JSONValue] = [:]
        for field in inner { properties[field.name] = property(field, in: fields) }
        var schema: [String: JSONValue] = [
            "type": "object", "additionalProperties": false, "properties": .object(properties),
        ]
        let required = inner.filter { $0.presence == .required }.map { JSONValue.string($0.name) }
        if !required.isEmpty { schema["required"] = .array(required) }
        let group = inner.filter { $0.presence == .oneOf }
        if !group.isEmpty {
            schema["oneOf"] = .array(group.map { ["required": [.string($0.name)]] })
        }
        return .object(schema)
    }

    private static func property(
        _ field: FieldDescription, in fields: [FieldDescription]
    ) -> JSONValue {
        var schema = value(of: field.type, at: field.path, in: fields).object ?? [:]
        schema["description"] = .string(field.summary)
        if case .defaultsTo(let text) = field.presence {
            schema["default"] = defaultValue(text, of: field.type)
        }
        return .object(schema)
    }

    private static func value(
        of type: FieldType, at path: String, in fields: [FieldDescription]
    ) -> JSONValue {
        switch type {
        case .mapping: object(at: path, in: fields)
        case .list(let item):
            ["type": "array", "items": value(of: item, at: path, in: fields)]
        case .text: ["type": "string"]
        case .columnName: ["type": "string", "minLength": 1, "maxLength": 128]
        case .resourceName:
            ["type": "string", "pattern": "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"]
        case .path: ["type": "string", "minLength": 1, "maxLength": 1024]
        case .duration: ["type": "string", "pattern": "^[0-9]+[smhdw]$"]
        case .memory: ["type": "string", "pattern": "^[0-9]+[KMGT]i$"]
        case .time: ["type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}"]
        case .timeOr(let word):
            ["type": "string", "pattern": .string("^(\(word)$|[0-9]{4}-[0-9]{2}-[0-9]{2})")]
        case .integer(let range):
            range.upperBound == .max
                ? ["type": "integer", "minimum": .int(range.lowerBound)]
                : [
                    "type": "integer", "minimum": .int(range.lowerBound),
                    "maximum": .int(range.upperBound),
                ]
        case .number: ["type": "number"]
        case .share: ["type": "number", "minimum": 0, "maximum": 1]
        case .boolean: ["type": "boolean"]
        case .choice(let words): ["enum": .array(words.map(JSONValue.string))]
        case .textMap: ["type": "object", "additionalProperties": ["type": "string"]]
        case .scalarMap:
            [
                "type": "object",
                "additionalProperties": ["type": ["string", "number", "boolean", "null"]],
            ]
        // A commit of digits alone is a number to an editor.
        case .commit: ["type": ["string", "integer"]]
        case .digest: ["type": "string", "pattern": "^sha256:[0-9a-fA-F]{64}$"]
        case .unknown: [:]
        }
    }

    private static func defaultValue(_ text: String, of type: FieldType) -> JSONValue {
        switch type {
        case .integer: Int64(text).map(JSONValue.int) ?? .string(text)
        case .number, .share: Double(text).map(JSONValue.double) ?? .string(text)
        case .boolean: .bool(text == "true")
        // The one list with a default is `[data]`.
        case .list:
            .array(
                text.dropFirst().dropLast().split(separator: ",").map { .string(String($0)) })
        default: .string(text)
        }
    }
}
