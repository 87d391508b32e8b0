import ResourceAPI

extension ReferenceChecks {
    /// That every column of an on-demand expression is there, and its name is its own.
    mutating func check(
        _ feature: OnDemandFeature, of config: TrainingConfigSpec, views: [ViewSource],
        schema: [DatasetSpec.Column], at path: FieldPath
    ) {
        let dataset = "dataset/\(config.spine.dataset)"
        guard !schema.isEmpty else {
            fail(
                "an on-demand feature needs the types of its columns, but \(dataset) has no schema",
                at: path, hint: "write the schema of \(dataset)")
            return
        }
        let given = TrainingSetSQL.featureColumns(
            config: config, spineSchema: schema, views: views
        ).filter(\.isFromView).map(\.name)
        checkName(of: feature, config, taken: schema.map(\.name) + given, dataset, at: path)
        let known = Set((schema.map(\.name) + given).map(SQLExpression.fold))
        let unknown = SQLExpression(feature.expression).columns.first {
            !known.contains($0.folded)
        }
        if let word = unknown {
            let names = schema.map(\.name) + given
            fail(
                "the expression uses '\(word.text)' (at \(word.place)), which is neither a column of "
                    + "\(dataset) nor a selected feature of a view",
                at: path.key("expression"),
                hint: NearName.hint(for: word.text, among: names)
                    ?? "there are: \(names.joined(separator: ", "))")
        }
    }

    private mutating func checkName(
        of feature: OnDemandFeature, _ config: TrainingConfigSpec, taken: [String],
        _ dataset: String, at path: FieldPath
    ) {
        let folded = SQLExpression.fold(feature.name)
        let others = config.features.filter {
            if case .onDemand(let other) = $0 {
                SQLExpression.fold(other.name) == folded
            } else {
                false
            }
        }
        if folded == SQLExpression.fold(config.label.name) {
            fail(
                "'\(feature.name)' is the label and cannot be a feature too",
                at: path.key("name"), hint: "rename the label or the feature")
        } else if taken.contains(where: { SQLExpression.fold($0) == folded }) {
            fail(
                "'\(feature.name)' is already a column of \(dataset) or a feature of a view",
                at: path.key("name"), hint: "give the on-demand feature another name")
        } else if others.count > 1 {
            fail(
                "two on-demand features have the name '\(feature.name)'", at: path.key("name"),
                hint: "give one of them another name")
        }
    }
}
