import ResourceAPI

/// The columns that a dataset promises; none: whatever its source has.
struct SchemaColumns {
    private let names: [String]
    private let types: [String: ColumnType]

    init(_ schema: [DatasetSpec.Column]) {
        names = schema.map(\.name)
        types = Dictionary(
            schema.map { ($0.name, $0.type) }, uniquingKeysWith: { first, _ in first })
    }

    var isEmpty: Bool { names.isEmpty }

    /// Nil if the schema does not say.
    func type(of column: String) -> ColumnType? { types[column] }

    /// The name of a column, which must be in the schema if there is one.
    func name(_ value: FieldValue) -> String? {
        guard let name = value.fieldName() else { return nil }
        if !names.isEmpty, types[name] == nil {
            value.report(
                .columnNotInSchema(
                    name, near: NearName.of(name, among: names.prefix(1000)), columns: names))
        }
        return name
    }

    /// The name of a column of one of these types.
    func name(_ value: FieldValue, for check: String, types wanted: [ColumnType]) -> String? {
        guard let name = name(value) else { return nil }
        if let type = type(of: name), !wanted.contains(type) {
            value.report(
                .columnTypeOfCheck(
                    check, column: name, type: type.rawValue, wanted: wanted.map(\.rawValue)))
        }
        return name
    }
}
