package import ResourceAPI

/// A column of a training set that the model reads.
package struct FeatureColumn: Hashable, Sendable {
    package let name: String
    /// VARCHAR, '' for null; else FLOAT, null allowed.
    package let isCategorical: Bool
    /// Computed by a view; otherwise a column of the spine, which the caller of the model knows.
    package let isFromView: Bool
    /// Computed by the model itself; no column of the training set.
    package let isOnDemand: Bool

    package init(
        name: String, isCategorical: Bool, isFromView: Bool = false, isOnDemand: Bool = false
    ) {
        self.name = name
        self.isCategorical = isCategorical
        self.isFromView = isFromView
        self.isOnDemand = isOnDemand
    }
}

/// Compiles a training config into the SQL of its `training-set` step.
///
/// The inputs are `spine` (the snapshot) and `view:<name>` (the `features` artifact of each view).
/// The result has one row per spine row that meets the config's condition, in the spine's order:
/// the key columns, `__timestamp`, `__split` (`train`, `validation`, `test`), the label (BOOLEAN,
/// VARCHAR or DOUBLE by task), the features, the spine's columns that on-demand features read. A key
/// column that is also a feature or has the label's name appears once, as that. A null spine timestamp is an error, raised by the SQL.
///
/// The random split is a function of the seed and the key's values only: with `text` = the seed,
/// then for each key column `|` and `<UTF-8 bytes>:<value as text>` (`-` for null), the first 52
/// bits of SHA-256(text) as a fraction of 1 are below `test` for the test rows, below `test` +
/// `validation` for the validation rows.
package enum TrainingSetSQL {
    package static func trainingSet(
        config: TrainingConfigSpec, spineSchema: [DatasetSpec.Column], views: [ViewSource]
    ) -> SQLProgram {
        let features = selectedFeatures(config: config, spineSchema: spineSchema, views: views)
        let joins = viewJoins(of: features)
        let onDemand = OnDemandInputs(of: config, spineSchema: spineSchema)
        let late = LateColumn.all(of: config, spineSchema: spineSchema, views: views)
        var columns = keyColumns(config, features: features, onDemand).map { "r.\($0)" }
        columns += [
            "r.__timestamp", "\(splitExpression(config)) AS __split",
            "r.__label AS \(SQLProgram.identifier(config.label.name))",
        ]
        columns += features.compactMap { onDemand.reads($0.name) ? nil : finalColumn($0) }
        columns += onDemand.request.map(OnDemandInputs.finalColumn)
        var query = """
            SELECT
                \(FeatureSQL.lines(columns, indent: 4))
            FROM "rows" AS r

            """
        for join in joins { query += join.join + "\n" }
        query += "ORDER BY r.__row"
        return SQLProgram(
            statements: spineStatements(
                config, features: features, joins: joins,
                further: onDemand.request.map(\.name) + late.map(\.knownAt))
                + joins.flatMap(\.statements),
            query: query)
    }

    /// The model's inputs, in the order of the manifest; the same names as the training set's
    /// columns.
    package static func featureColumns(
        config: TrainingConfigSpec, spineSchema: [DatasetSpec.Column], views: [ViewSource]
    ) -> [FeatureColumn] {
        selectedFeatures(config: config, spineSchema: spineSchema, views: views).map {
            switch $0 {
            case .spine(let name, let isCategorical):
                FeatureColumn(name: name, isCategorical: isCategorical)
            case .view(_, let output):
                FeatureColumn(
                    name: output.name, isCategorical: output.isCategorical, isFromView: true)
            case .onDemand(let name):
                FeatureColumn(name: name, isCategorical: false, isOnDemand: true)
            }
        }
    }
}

extension TrainingSetSQL {
    /// Where a column of the training set comes from.
    enum SelectedFeature {
        case spine(String, isCategorical: Bool)
        case view(ViewSource, FeatureOutput)
        case onDemand(String)

        var name: String {
            switch self {
            case .spine(let name, _): name
            case .view(_, let output): output.name
            case .onDemand(let name): name
            }
        }
    }

    /// Each feature once, where it is first asked for.
    private static func selectedFeatures(
        config: TrainingConfigSpec, spineSchema: [DatasetSpec.Column], views: [ViewSource]
    ) -> [SelectedFeature] {
        let all: [SelectedFeature] = config.features.flatMap { selection -> [SelectedFeature] in
            switch selection {
            case .columns(let names):
                return names.map { name in
                    let type = spineSchema.first { $0.name == name }?.type
                    return .spine(name, isCategorical: type == .string)
                }
            case .view(let name, let select):
                guard let source = views.first(where: { $0.name == name }) else { return [] }
                return FeatureOutput.selected(select, of: source).map { .view(source, $0) }
            case .onDemand(let feature): return [.onDemand(feature.name)]
            }
        }
        var seen: Set<String> = []
        return all.filter { seen.insert($0.name).inserted }
    }

    /// One join per view that has a feature which is not always empty.
    static func viewJoins(of features: [SelectedFeature]) -> [ViewJoin] {
        var order: [ResourceName] = []
        var found: [ResourceName: (source: ViewSource, outputs: [FeatureOutput])] = [:]
        for case .view(let source, let output) in features where !output.isAlwaysEmpty {
            if found[source.name] == nil { order.append(source.name) }
            found[source.name, default: (source, [])].outputs.append(output)
        }
        return order.compactMap { name in
            found[name].map { ViewJoin(source: $0.source, outputs: $0.outputs) }
        }
    }

    /// Nil for what is no column.
    static func finalColumn(_ feature: SelectedFeature) -> String? {
        let name = SQLProgram.identifier(feature.name)
        switch feature {
        case .onDemand: return nil
        case .spine(_, let isCategorical):
            return isCategorical
                ? "coalesce(r.\(name), '') AS \(name)" : "CAST(r.\(name) AS FLOAT) AS \(name)"
        case .view(let source, let output):
            let value =
                output.isAlwaysEmpty
                ? "NULL" : "\(ViewJoin.table("values", source.name)).\(name)"
            if output.isCategorical { return "coalesce(\(value), '') AS \(name)" }
            if output.feature.aggregate?.isCount == true {
                return "coalesce(\(value), 0::FLOAT) AS \(name)"
            }
            return output.isAlwaysEmpty ? "NULL::FLOAT AS \(name)" : "\(value) AS \(name)"
        }
    }
}
