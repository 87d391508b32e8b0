import ResourceAPI

extension DatasetSpec {
    /// `knownAt` of a column names a column with times.
    static func checkKnownTimes(of schema: [Column], _ reader: FieldReader) {
        let names = schema.map(\.name)
        for (index, column) in schema.enumerated() {
            guard let knownAt = column.knownAt else { continue }
            let path = FieldPath([.key("schema"), .index(index), .key("knownAt")])
            let node = reader.node.nearest(to: path)
            guard let type = schema.first(where: { $0.name == knownAt })?.type else {
                reader.context.report(
                    .columnNotInSchema(
                        knownAt, near: NearName.of(knownAt, among: names.prefix(1000)),
                        columns: names), at: node)
                continue
            }
            if type != .timestamp, type != .date {
                reader.context.report(.knownAtNotATime(knownAt, type: type.rawValue), at: node)
            }
        }
    }
}
