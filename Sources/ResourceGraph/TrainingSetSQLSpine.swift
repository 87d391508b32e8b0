import ResourceAPI

extension TrainingSetSQL {
    /// The table `rows`: the spine rows that meet the condition, with every column that is needed
    /// later under its own name, and `__row`, `__timestamp`, `__label`. Then the check that each has
    /// a time.
    ///
    /// - Parameter further: columns that are needed beside keys, features and entities.
    static func spineStatements(
        _ config: TrainingConfigSpec, features: [SelectedFeature], joins: [ViewJoin],
        further: [String] = []
    ) -> [SQLProgram.Statement] {
        var names: [String] = []
        func add(_ name: String) {
            if !names.contains(name) { names.append(name) }
        }
        config.spine.key.forEach(add)
        for case .spine(let name, _) in features { add(name) }
        joins.flatMap(\.source.spec.entity).forEach(add)
        further.forEach(add)

        let timestamp = SQLProgram.identifier(config.spine.timestamp)
        var columns = [
            "file_row_number AS __row", "CAST(\(timestamp) AS TIMESTAMP) AS __timestamp",
            "\(labelExpression(config)) AS __label",
        ]
        columns += names.map(SQLProgram.identifier)
        var rows = """
            CREATE TEMP TABLE "rows" AS
            SELECT
                \(FeatureSQL.lines(columns, indent: 4))
            FROM "spine"
            """
        if let condition = config.spine.condition {
            rows += "\nWHERE \(FeatureSQL.operand(condition))"
        }
        let message = SQLProgram.literal("spine timestamp '\(config.spine.timestamp)' is null in ")
        let check = """
            CREATE TEMP TABLE "rows without time" AS
            SELECT CASE WHEN count(*) > 0 THEN error(\(message) || count(*) || ' rows') END AS "check"
            FROM "rows"
            WHERE __timestamp IS NULL
            """
        return [.sql(rows), .sql(check)]
    }

    private static func labelExpression(_ config: TrainingConfigSpec) -> String {
        let type =
            switch config.task {
            case .binary: "BOOLEAN"
            case .multiclass: "VARCHAR"
            case .regression: "DOUBLE"
            }
        return "CAST(\(FeatureSQL.operand(config.label.expression)) AS \(type))"
    }

    /// The key columns that the training set does not have as features or label anyway.
    static func keyColumns(
        _ config: TrainingConfigSpec, features: [SelectedFeature], _ onDemand: OnDemandInputs
    ) -> [String] {
        let taken = Set(features.map(\.name)).union([config.label.name])
            .union(onDemand.request.map(\.name))
        var seen: Set<String> = []
        return config.spine.key.filter { !taken.contains($0) && seen.insert($0).inserted }
            .map(SQLProgram.identifier)
    }

    static func splitExpression(_ config: TrainingConfigSpec) -> String {
        switch config.split {
        case .time(let validation, let test):
            return """
                CASE
                        WHEN r.__timestamp < TIMESTAMP \(SQLProgram.literal(validation)) THEN 'train'
                        WHEN r.__timestamp < TIMESTAMP \(SQLProgram.literal(test)) THEN 'validation'
                        ELSE 'test'
                    END
                """
        case .random(let validation, let test):
            let bits = hashBits(key: config.spine.key, seed: config.seed)
            return """
                CASE
                        WHEN \(bits) < \(threshold(test)) THEN 'test'
                        WHEN \(bits) < \(threshold(test + validation)) THEN 'validation'
                        ELSE 'train'
                    END
                """
        }
    }

    /// A share of 1 as a bound for 52 bits.
    private static func threshold(_ share: Double) -> Int64 {
        Int64((min(max(share, 0), 1) * 0x1p52).rounded())
    }

    private static func hashBits(key: [String], seed: Int64) -> String {
        let parts = key.map { name in
            let text = "CAST(r.\(SQLProgram.identifier(name)) AS VARCHAR)"
            return "coalesce('|' || strlen(\(text)) || ':' || \(text), '|-')"
        }
        let text = (["'\(seed)'"] + parts).joined(separator: " || ")
        return "CAST('0x' || substr(sha256(\(text)), 1, 13) AS BIGINT)"
    }
}
