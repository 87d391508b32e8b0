import ResourceAPI
import ResourceGraph
import Testing

@Suite("SQL of online features")
struct OnlineSQLTests {
    private static let hour: Int64 = 3_600_000_000

    /// Reports of three stations: EWR's newest an hour before the last, JFK's without a temperature,
    /// LGA's too old. The last becomes known at 12:00.
    private static let reports: [[Cell]] = [
        [.string("EWR"), .time(8 * hour), .double(1)],
        [.string("EWR"), .time(10 * hour), .double(2.5)],
        [.string("JFK"), .time(11 * hour), .null],
        [.string("JFK"), .time(9 * hour), .double(4)],
        [.string("LGA"), .time(7 * hour), .double(7)],
    ]

    private func view(knownAt: FeatureViewSpec.KnownAt, ttl: Int64? = 10_800) throws -> ViewSource {
        ViewSource(
            name: try #require(ResourceName("reports")),
            spec: FeatureViewSpec(
                dataset: try #require(ResourceName("raw")), entity: ["origin"], timestamp: "at",
                knownAt: knownAt, ttl: ttl.map { ManifestDuration(seconds: $0) },
                features: [
                    Feature(name: "temp", value: .column("temp"), windows: []),
                    Feature(
                        name: "n", value: .rows, aggregate: .count,
                        windows: [ManifestDuration(seconds: 7200)]),
                    Feature(
                        name: "warmest", value: .column("temp"), aggregate: .max,
                        windows: [ManifestDuration(seconds: 14_400)]),
                ], online: true),
            schema: [
                DatasetSpec.Column(name: "origin", type: .string, nullable: true),
                DatasetSpec.Column(name: "at", type: .timestamp, nullable: true),
                DatasetSpec.Column(name: "temp", type: .double, nullable: true),
            ])
    }

    private func run(_ view: ViewSource, rows: [[Cell]], instant: String? = nil) throws -> (
        values: SQLResult, sample: SQLResult
    ) {
        let programs = [
            OnlineSQL.values(view, instant: instant), OnlineSQL.sample(view, instant: instant),
        ]
        let cases = programs.map { program -> JSONValue in
            [
                "datasets": [
                    "raw": [
                        "columns": .array(
                            view.schema.map { [.string($0.name), .string($0.type.rawValue)] }),
                        "rows": .array(rows.map { .array($0.map(\.json)) }),
                    ]
                ],
                "views": [
                    [
                        "name": "reports", "dataset": "raw",
                        "program": FeatureSQL.features(view).json,
                    ]
                ],
                "spine": .null, "program": program.json,
            ]
        }
        let results = try SQLBatch.run(json: cases)
        try #require(results.count == 2 && results.allSatisfy { $0.error == nil }, "\(results)")
        #expect(results.allSatisfy { $0.identical == true })
        return (results[0], results[1])
    }

    private func lines(_ result: SQLResult) throws -> [String] {
        try #require(result.rows).map { row in
            row.map { value in
                switch value {
                case .null: "-"
                case .string(let text): text
                default: value.number.map { "\($0)" } ?? "?"
                }
            }.joined(separator: " ")
        }
    }

    @Test("a later instant moves the windows on, an earlier one changes nothing")
    func later() throws {
        let hour = OnlineSQLTests.hour
        let view = try view(knownAt: .delay(ManifestDuration(seconds: 3600)))
        let late = try run(view, rows: OnlineSQLTests.reports, instant: "1970-01-01T13:30:00Z")
        let at = Double(48_600_000_000)
        #expect(
            try lines(late.values) == [
                "- - \(at) - 0.0 -", "EWR \(Double(10 * hour)) \(at) - 0.0 -",
                "JFK \(Double(11 * hour)) \(at) - 0.0 -", "LGA \(Double(7 * hour)) \(at) - 0.0 -",
            ])
        let early = try run(view, rows: OnlineSQLTests.reports, instant: "1970-01-01T01:00:00Z")
        let without = try run(view, rows: OnlineSQLTests.reports)
        #expect(early.values.rows == without.values.rows)
        #expect(early.sample.rows == without.sample.rows)
    }

    @Test(
        "the values of all entities as soon as everything is known, after those of an unknown one")
    func values() throws {
        let hour = OnlineSQLTests.hour
        let at = Double(12 * hour + 1)
        let result = try run(
            view(knownAt: .delay(ManifestDuration(seconds: 3600))), rows: OnlineSQLTests.reports)
        #expect(
            try lines(result.values) == [
                "- - \(at) - 0.0 -", "EWR \(Double(10 * hour)) \(at) 2.5 0.0 2.5",
                "JFK \(Double(11 * hour)) \(at) - 1.0 -", "LGA \(Double(7 * hour)) \(at) - 0.0 -",
            ])
    }

    @Test("the sample crosses the time to live at its microsecond")
    func sample() throws {
        let hour = OnlineSQLTests.hour
        let result = try run(
            view(knownAt: .delay(ManifestDuration(seconds: 3600))), rows: OnlineSQLTests.reports)
        let lines = try lines(result.sample)
        let at = Double(12 * hour + 1)
        for line in [
            "EWR \(at) 2.5 0.0 2.5", "JFK \(at) - 1.0 -", "LGA \(at) - 0.0 -", "- \(at) - 0.0 -",
            "LGA? \(at) - 0.0 -", "EWR \(Double(13 * hour)) 2.5 0.0 2.5",
            "EWR \(Double(13 * hour + 1)) - 0.0 -",
        ] { #expect(lines.contains(line), "\(line) is not in \(lines)") }
        #expect(lines.count <= 100)
    }

    @Test("rows that become known in any order, without a time to live, and no rows at all")
    func others() throws {
        let hour = OnlineSQLTests.hour
        let rows = OnlineSQLTests.reports
        let late = try run(view(knownAt: .column("at"), ttl: nil), rows: rows)
        #expect(
            try lines(late.values).contains {
                $0.hasPrefix("LGA \(Double(7 * hour)) \(Double(11 * hour + 1)) 7.0")
            })
        for known in [FeatureViewSpec.KnownAt.column("at"), .delay(ManifestDuration(seconds: 0))] {
            let empty = try run(view(knownAt: known), rows: [])
            #expect(try lines(empty.values) == ["- - 0.0 - 0.0 -"])
            #expect(try lines(empty.sample).allSatisfy { $0 == "- 0.0 - 0.0 -" })
        }
    }

    @Test("the rows that lag behind have ages of their own, which the sample crosses too")
    func lags() throws {
        let hour = OnlineSQLTests.hour
        let made = try view(knownAt: .delay(ManifestDuration(seconds: 3600)))
        let lagging = ViewSource(
            name: made.name,
            spec: FeatureViewSpec(
                dataset: try #require(ResourceName("raw")), entity: ["origin"], timestamp: "at",
                knownAt: made.knownAt, ttl: ManifestDuration(seconds: 5 * 3600),
                features: [
                    Feature(name: "temp", value: .column("temp"), windows: []),
                    Feature(name: "before", value: .column("temp"), windows: [], lag: 1),
                ], online: true),
            schema: made.schema)
        #expect(OnlineSQL.lags(lagging) == [1])
        #expect(OnlineSQL.outputs(lagging).array?.map { $0["lag"] } == [nil, 1])
        let result = try run(lagging, rows: OnlineSQLTests.reports)
        let at = Double(12 * hour + 1)
        #expect(
            try lines(result.values) == [
                "- - \(at) - - -",
                "EWR \(Double(10 * hour)) \(at) \(Double(8 * hour)) 2.5 1.0",
                "JFK \(Double(11 * hour)) \(at) \(Double(9 * hour)) - 4.0",
                "LGA \(Double(7 * hour)) \(at) - - -",
            ])
        let sample = try lines(result.sample)
        for line in [
            "EWR \(Double(13 * hour)) 2.5 1.0", "EWR \(Double(13 * hour + 1)) 2.5 -",
            "EWR \(Double(15 * hour)) 2.5 -", "EWR \(Double(15 * hour + 1)) - -",
        ] { #expect(sample.contains(line), "\(line) is not in \(sample)") }
    }

    @Test("what a file has to say of its columns")
    func outputs() throws {
        let view = try view(knownAt: .delay(ManifestDuration(seconds: 0)))
        #expect(
            OnlineSQL.outputs(view) == [
                [
                    "name": "reports__temp", "type": "float", "maxAgeSeconds": 10_800,
                    "isWindow": false,
                ],
                [
                    "name": "reports__n_2h", "type": "float", "maxAgeSeconds": 7200,
                    "isWindow": true,
                ],
                [
                    "name": "reports__warmest_4h", "type": "float", "maxAgeSeconds": 10_800,
                    "isWindow": true,
                ],
            ])
    }
}
