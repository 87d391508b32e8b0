import Foundation
import ResourceAPI
import ResourceGraph
import Testing

@Suite("Compiled feature SQL against a row-by-row implementation")
struct FeatureSQLOracleTests {
    /// INGOT_TEST_SEED=n starts at another seed, INGOT_TEST_CASES=n runs more or fewer.
    @Test("random views and spines give what the point-in-time rules say, on 1 and 2 threads")
    func randomCases() throws {
        let environment = ProcessInfo.processInfo.environment
        let first = environment["INGOT_TEST_SEED"].flatMap(UInt64.init) ?? 20_130_101
        let count = environment["INGOT_TEST_CASES"].flatMap(UInt64.init) ?? 300
        let cases = try (first..<first + count).map { (seed: $0, made: try RandomCase(seed: $0)) }
        let results = try SQLBatch.run(cases.compactMap(\.made.sqlCase))
        try #require(results.count == cases.count)
        var met: Set<String> = []
        for (item, result) in zip(cases, results) {
            let sqlCase = try #require(item.made.sqlCase)
            let expected = ExpectedTrainingSet(sqlCase, inputs: item.made.inputs)
            let difference = expected.difference(from: result)
            #expect(difference == nil, "INGOT_TEST_SEED=\(item.seed) INGOT_TEST_CASES=1")
            met.formUnion(expected.met)
        }
        let all = Feature.Aggregate.allCases.map(\.rawValue) + ["latest", "lag"]
        let missing = all.flatMap { ["\($0) by delay", "\($0) by column"] }.filter {
            !met.contains($0)
        }
        #expect(count < 300 || missing.isEmpty, "never had a value: \(missing)")
    }

    @Test("a spine row without a time is an error that says how many there are")
    func nullSpineTime() throws {
        let columns = [
            DatasetSpec.Column(name: "at", type: .timestamp, nullable: true),
            DatasetSpec.Column(name: "x", type: .double, nullable: true),
        ]
        let config = TrainingConfigSpec(
            spine: Spine(
                dataset: try #require(ResourceName("spine")), timestamp: "at", key: ["x"],
                condition: "x > 1"),
            label: Label(name: "y", expression: "x"), task: .regression,
            features: [.columns(["x"])], split: .random(validation: 0.1, test: 0.1),
            preprocessing: .standard, algorithm: Algorithm(name: .ridge, parameters: [:]),
            evaluation: Evaluation(metrics: [], gates: []), seed: 1, resources: .standard)
        let table = SQLCase.Table(
            columns: columns,
            rows: [
                [.time(0), .double(2)], [.null, .double(1)], [.null, .double(3)],
                [.null, .double(4)],
            ])
        let results = try SQLBatch.run([
            SQLCase(tables: ["spine": table], views: [], config: config, spineSchema: columns)
        ])
        #expect(
            results.map(\.error) == ["Invalid Input Error: spine timestamp 'at' is null in 2 rows"])
    }
}

/// The training set of a case as the rules say.
private struct ExpectedTrainingSet {
    let sqlCase: SQLCase
    let inputs: [ResourceName: [Feature.Value: ReferenceInput]]

    private struct Column {
        let name: String
        let isCategorical: Bool
        /// A sum or mean of doubles: equal but for the order of additions.
        var isRounded = false
        /// Of a view's column: how it is computed.
        var method: String?
        let value: ([String: Cell]) -> Cell
    }

    init(_ sqlCase: SQLCase, inputs: [ResourceName: [Feature.Value: ReferenceInput]]) {
        self.sqlCase = sqlCase
        self.inputs = inputs
    }

    /// The first difference, in words; nil if there is none.
    func difference(from result: SQLResult) -> String? {
        if let error = result.error { return error }
        guard result.identical == true else { return "1 and 2 threads wrote other bytes" }
        let columns = self.columns
        let names = (result.columns ?? []).map { $0.first ?? "" }
        let leading = ["id", "code", "__timestamp", "__split", "label"]
        if names != leading + columns.map(\.name) { return "columns are \(names)" }
        let types = (result.columns ?? []).dropFirst(leading.count).map { $0.last ?? "" }
        let expectedTypes = columns.map { $0.isCategorical ? "VARCHAR" : "FLOAT" }
        if Array(types) != expectedTypes { return "types are \(types)" }
        let compiled = TrainingSetSQL.featureColumns(
            config: sqlCase.config, spineSchema: sqlCase.spineSchema, views: sqlCase.views)
        if compiled.map(\.name) != columns.map(\.name)
            || compiled.map(\.isCategorical) != columns.map(\.isCategorical)
        {
            return "featureColumns are \(compiled)"
        }

        let spine = rows(of: "spine").filter {
            sqlCase.config.spine.condition == nil || $0["x"] != .null
        }
        let found = result.rows ?? []
        if found.count != spine.count { return "\(found.count) rows instead of \(spine.count)" }
        for (index, (row, cells)) in zip(spine, found).enumerated() {
            let head = [
                row["id"] ?? .null, row["code"] ?? .null, row["at"] ?? .null, .string(split(row)),
                label(row),
            ]
            for (cell, expected) in zip(cells, head) where !matches(cell, expected) {
                return "row \(index): \(cell) instead of \(expected)"
            }
            for (cell, column) in zip(cells.dropFirst(head.count), columns) {
                let expected = column.value(row)
                if !matches(cell, column, expected) {
                    return "row \(index), \(column.name): \(cell) instead of \(expected)"
                }
            }
        }
        return nil
    }

    /// What gave a value, other than zero, to some row of the spine.
    var met: Set<String> {
        let spine = rows(of: "spine")
        return Set(
            columns.compactMap { column in
                guard let method = column.method else { return nil }
                let isMet = spine.contains { row in
                    let value = column.value(row)
                    return value != .null && value.number != 0
                }
                return isMet ? method : nil
            })
    }

    private func rows(of table: String) -> [[String: Cell]] {
        guard let table = sqlCase.tables[table] else { return [] }
        return table.rows.map { row in
            Dictionary(zip(table.columns.map(\.name), row), uniquingKeysWith: { $1 })
        }
    }

    private var columns: [Column] {
        var columns = [
            Column(name: "x", isCategorical: false) { $0["x"] ?? .null },
            Column(name: "t", isCategorical: true) { $0["t"] ?? .null },
            Column(name: "on", isCategorical: false) { $0["on"] ?? .null },
        ]
        for case .view(let name, let select) in sqlCase.config.features {
            guard let view = sqlCase.views.first(where: { $0.name == name }) else { continue }
            let base = sqlCase.views.first { $0.name == view.spec.base }
            let dataset = view.spec.dataset ?? base?.spec.dataset
            let reference = FeatureSQLReference(
                view: view, base: base, rows: rows(of: dataset?.text ?? ""),
                inputs: inputs[name] ?? [:])
            for feature in view.spec.features where select?.contains(feature.name) != false {
                columns += feature.columns.map { column(of: feature, $0, view, reference) }
            }
        }
        return columns
    }

    private func column(
        of feature: Feature, _ output: Feature.Column, _ view: ViewSource,
        _ reference: FeatureSQLReference
    ) -> Column {
        let isText =
            inputs[view.name]?[feature.value]?.isText == true && feature.aggregate?.isCount != true
        let isRounded =
            switch feature.aggregate {
            case .sum, .mean: inputs[view.name]?[feature.value]?.isRounded == true
            case .variance, .standardDeviation: true
            default: false
            }
        let latest = feature.lag == 0 ? "latest" : "lag"
        let clock = if case .delay = view.knownAt { "delay" } else { "column" }
        return Column(
            name: "\(view.name)__\(output.name)", isCategorical: isText, isRounded: isRounded,
            method: "\(feature.aggregate?.rawValue ?? latest) by \(clock)"
        ) { row in
            guard case .time(let time)? = row["at"] else { return .null }
            return reference.value(
                of: feature, output, entity: view.spec.entity.map { row[$0] ?? .null }, time: time)
        }
    }

    private func label(_ row: [String: Cell]) -> Cell {
        let x = row["x"]?.number
        return switch sqlCase.config.task {
        case .binary: x.map { .bool($0 > 0.5) } ?? .null
        case .multiclass: row["t"] ?? .null
        case .regression: x.map { .double($0 * 2) } ?? .null
        }
    }

    private func split(_ row: [String: Cell]) -> String {
        switch sqlCase.config.split {
        case .time:
            guard case .time(let time)? = row["at"] else { return "" }
            let day: Int64 = 86_400_000_000
            let start: Int64 = 1_356_998_400_000_000
            return time < start + day / 2 ? "train" : time < start + day ? "validation" : "test"
        case .random(let validation, let test):
            var text = "\(sqlCase.config.seed)"
            for name in sqlCase.config.spine.key {
                switch row[name] {
                case .int(let value): text += "|\("\(value)".utf8.count):\(value)"
                case .string(let value): text += "|\(value.utf8.count):\(value)"
                default: text += "|-"
                }
            }
            let bits = Int64(Digest(hashing: text.utf8).hex.prefix(13), radix: 16) ?? 0
            let share = Double(bits) / 0x1p52
            return share < test ? "test" : share < test + validation ? "validation" : "train"
        }
    }

    private func matches(_ found: JSONValue, _ expected: Cell) -> Bool {
        if let number = expected.number, found.bool == nil { return found.number == number }
        return found == expected.json
    }

    private func matches(_ found: JSONValue, _ column: Column, _ expected: Cell) -> Bool {
        if column.isCategorical {
            if case .string(let text) = expected { return found == .string(text) }
            return found == .string("")
        }
        guard let number = expected.number else { return found == .null }
        if !number.isFinite { return found == expected.json }
        guard let value = found.number else { return false }
        let single = if case .int(let whole) = expected { Float(whole) } else { Float(number) }
        if Float(value) == single { return true }
        return column.isRounded && abs(value - number) <= 1e-9 + 1.5e-7 * abs(number)
    }
}
