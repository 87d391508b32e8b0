import ResourceAPI

extension ReferenceChecks {
    /// The columns of other datasets that expectations name.
    mutating func check(_ spec: DatasetSpec, among resources: [ResourceID: Resource]) {
        for (index, expectation) in spec.expectations.enumerated() {
            guard let dataset = expectation.reference?.dataset else { continue }
            let schema = resources[ResourceID(.dataset, dataset)]?.dataset?.schema ?? []
            let path = FieldPath("spec.expectations").index(index)
            switch expectation.check {
            case .foreignKey(let columns, _, let references):
                let path = path.key("foreignKey").key("references")
                for (index, pair) in zip(columns, references).enumerated() {
                    check(
                        pair.0, of: spec.schema, refersTo: pair.1, of: dataset, schema,
                        at: path.index(index))
                }
            case .freshness(_, _, .newest(_, let column)):
                requireTimestamp(
                    column, of: dataset, in: schema,
                    at: path.key("freshness").key("comparedTo").key("column"))
            default: continue
            }
        }
    }

    private mutating func check(
        _ own: String, of ownSchema: [DatasetSpec.Column], refersTo other: String,
        of dataset: ResourceName, _ schema: [DatasetSpec.Column], at path: FieldPath
    ) {
        guard let type = column(other, of: dataset, in: schema, at: path),
            let ownType = ownSchema.first(where: { $0.name == own })?.type,
            type != ownType, !(type.isNumeric && ownType.isNumeric)
        else { return }
        fail(
            "'\(own)' is of type \(ownType.rawValue), but column '\(other)' of dataset/\(dataset) is of type \(type.rawValue)",
            at: path, hint: "columns that refer to each other must have the same type")
    }
}
