import ResourceAPI
import ResourceGraph
import Testing

@Suite("Online features of random views")
struct OnlineRandomTests {
    private struct Item {
        let seed: UInt64
        let view: ViewSource
        let programs: [JSONValue]
    }

    /// What the server would answer from the file must be what the sample says, wherever the server
    /// takes its answer for exact: else no deployment of such a view would ever be ready.
    @Test("the file answers as the sample says, for all aggregates and both clocks")
    func sample() throws {
        var items: [Item] = []
        for seed in UInt64(4_000)..<4_030 {
            let sqlCase = try #require(try RandomCase(seed: seed).sqlCase)
            for view in sqlCase.views where view.spec.base == nil {
                items.append(try item(seed, view, sqlCase))
            }
        }
        let results = try SQLBatch.run(json: items.flatMap(\.programs))
        try #require(results.count == items.count * 2)
        var compared = 0
        for (index, item) in items.enumerated() {
            let (values, sample) = (results[index * 2], results[index * 2 + 1])
            try #require(
                values.error == nil && sample.error == nil, "\(item.seed): \(values) \(sample)")
            let found = try differences(item.view, values, sample, &compared)
            #expect(found.isEmpty, "seed \(item.seed), \(item.view.name): \(found.prefix(3))")
        }
        #expect(compared > 1000)
        #expect(items.contains { !OnlineSQL.lags($0.view).isEmpty })
    }

    private func item(_ seed: UInt64, _ view: ViewSource, _ sqlCase: SQLCase) throws -> Item {
        let dataset = try #require(view.spec.dataset?.text)
        let table = try #require(sqlCase.tables[dataset])
        // Half of them as a view is that was refreshed a day after the last of its rows.
        let instant = seed % 2 == 0 ? nil : "2013-01-03T00:00:00Z"
        let programs = [
            OnlineSQL.values(view, instant: instant), OnlineSQL.sample(view, instant: instant),
        ].map {
            program -> JSONValue in
            [
                "datasets": [
                    dataset: [
                        "columns": .array(
                            table.columns.map { [.string($0.name), .string($0.type.rawValue)] }),
                        "rows": .array(table.rows.map { .array($0.map(\.json)) }),
                    ]
                ],
                "views": [
                    [
                        "name": .string(view.name.text), "dataset": .string(dataset),
                        "program": FeatureSQL.features(view).json,
                    ]
                ],
                "spine": .null, "program": program.json,
            ]
        }
        return Item(seed: seed, view: view, programs: programs)
    }

    private func differences(
        _ view: ViewSource, _ values: SQLResult, _ sample: SQLResult, _ compared: inout Int
    ) throws -> [String] {
        let width = view.spec.entity.count
        let lags = OnlineSQL.lags(view)
        let outputs = try #require(OnlineSQL.outputs(view).array)
        let rows = try #require(values.rows)
        let unknown = try #require(rows.first)
        var file: [[JSONValue]: [JSONValue]] = [:]
        for row in rows.dropFirst() { file[Array(row.prefix(width))] = row }
        let instant = try #require(unknown[width + 1].number)
        var found: [String] = []
        for row in try #require(sample.rows) {
            let time = try #require(row[width].number)
            let answer = file[Array(row.prefix(width))] ?? unknown
            for (index, output) in outputs.enumerated() {
                let lag = (output.object?["lag"]?.number).map { Int($0) } ?? 0
                let event = answer[lags.firstIndex(of: lag).map { width + 2 + $0 } ?? width].number
                let age = output.object?["maxAgeSeconds"]?.number.map { $0 * 1_000_000 }
                let isTooOld =
                    event.map { event in age.map { event < time - $0 } ?? false } ?? false
                let isExact =
                    output.object?["isWindow"]?.bool != true || time == instant || isTooOld
                guard isExact else { continue }
                let expected = (isTooOld ? unknown : answer)[width + 2 + lags.count + index]
                compared += 1
                if expected != row[width + 1 + index] {
                    found.append(
                        "\(output.object?["name"] ?? .null) at \(time) of \(row.prefix(width)): "
                            + "\(expected) in the file, \(row[width + 1 + index]) in the sample")
                }
            }
        }
        return found
    }
}
