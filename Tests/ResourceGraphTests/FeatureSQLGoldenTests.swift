import Foundation
import ResourceAPI
import ResourceGraph
import Testing

@Suite("Text of the compiled feature SQL")
struct FeatureSQLGoldenTests {
    @Test("running totals of landed flights by origin")
    func windowedFeatures() throws {
        let view = try FlightViews.delays(entity: "origin")
        try expect(FeatureSQL.features(view), equals: "features.origin-delays")
    }

    @Test("latest values of the weather, known an hour later")
    func latestFeatures() throws {
        try expect(FeatureSQL.features(FlightViews.weather()), equals: "features.weather")
    }

    @Test("a training set with weather and the delays by origin and by carrier")
    func trainingSet() throws {
        try expect(
            TrainingSetSQL.trainingSet(
                config: FlightViews.config(
                    views: ["origin-delays", "carrier-delays", "weather"],
                    split: .time(validation: "2013-10-01", test: "2013-11-01")),
                spineSchema: FlightViews.spineSchema,
                views: [
                    FlightViews.delays(entity: "origin"), FlightViews.delays(entity: "carrier"),
                    FlightViews.weather(),
                ]),
            equals: "training-set.flights")
    }

    @Test("a training set with extremes, over rows that become known in any order")
    func knownColumn() throws {
        let view = try FlightViews.extremes(knownAt: .column("landed_at"))
        try expect(
            TrainingSetSQL.trainingSet(
                config: FlightViews.config(
                    views: ["extremes"], split: .random(validation: 0.1, test: 0.2)),
                spineSchema: FlightViews.spineSchema, views: [view]),
            equals: "training-set.known-column")
    }

    @Test("a training set with extremes, over rows that become known in order")
    func extremes() throws {
        let view = try FlightViews.extremes(knownAt: .delay(ManifestDuration(seconds: 60)))
        try expect(
            TrainingSetSQL.trainingSet(
                config: FlightViews.config(
                    views: ["extremes"], split: .random(validation: 0.1, test: 0.2)),
                spineSchema: FlightViews.spineSchema, views: [view]),
            equals: "training-set.extremes")
    }

    /// INGOT_TEST_RECORD=1 writes the files anew: read the difference before you commit it.
    private func expect(_ program: SQLProgram, equals name: String) throws {
        let text = try #require(SQLProgram.text(of: program.json)) + "\n"
        let file = SQLBatch.fixtures.appending(path: "\(name).sql")
        if ProcessInfo.processInfo.environment["INGOT_TEST_RECORD"] == "1" {
            try Data(text.utf8).write(to: file)
        }
        let recorded = try String(contentsOf: file, encoding: .utf8)
        #expect(text == recorded, "differs from Fixtures/\(name).sql")
    }
}

/// The views of the flights project.
enum FlightViews {
    private static func columns(_ list: [(String, ColumnType)]) -> [DatasetSpec.Column] {
        list.map { DatasetSpec.Column(name: $0.0, type: $0.1, nullable: true) }
    }

    static let spineSchema = columns([
        ("flight_id", .integer), ("carrier", .string), ("origin", .string), ("dest", .string),
        ("distance", .integer), ("hour", .integer), ("arr_delay", .integer),
        ("scheduled_departure", .timestamp),
    ])
    private static let landedSchema = columns([
        ("flight_id", .integer), ("carrier", .string), ("origin", .string),
        ("landed_at", .timestamp), ("arr_delay", .integer), ("late", .boolean),
        ("delay_d", .double),
    ])
    private static let weatherSchema = columns([
        ("origin", .string), ("time_hour", .timestamp), ("temp", .double), ("wind_speed", .double),
        ("visib", .double),
    ])

    private static func windows(_ texts: String...) -> [ManifestDuration] {
        texts.compactMap { ManifestDuration($0) }
    }

    static func delays(entity: String) throws -> ViewSource {
        let four = windows("1h", "6h", "24h", "7d")
        return ViewSource(
            name: try #require(ResourceName("\(entity)-delays")),
            spec: FeatureViewSpec(
                dataset: try #require(ResourceName("landed-flights")), entity: [entity],
                timestamp: "landed_at", knownAt: .delay(ManifestDuration(seconds: 0)),
                features: [
                    Feature(name: "landed", value: .rows, aggregate: .count, windows: four),
                    Feature(
                        name: "arr_delay_mean", value: .column("arr_delay"), aggregate: .mean,
                        windows: four),
                    Feature(
                        name: "late_rate", value: .column("late"), aggregate: .mean, windows: four),
                ]),
            schema: landedSchema)
    }

    static func weather() throws -> ViewSource {
        ViewSource(
            name: try #require(ResourceName("weather")),
            spec: FeatureViewSpec(
                dataset: try #require(ResourceName("weather")), entity: ["origin"],
                timestamp: "time_hour", knownAt: .delay(ManifestDuration(seconds: 3600)),
                ttl: ManifestDuration(seconds: 10_800),
                features: [
                    Feature(name: "temp", value: .column("temp"), windows: []),
                    Feature(name: "wind_speed", value: .column("wind_speed"), windows: []),
                    Feature(name: "foggy", value: .expression("visib < 1"), windows: []),
                ]),
            schema: weatherSchema)
    }

    static func extremes(knownAt: FeatureViewSpec.KnownAt) throws -> ViewSource {
        ViewSource(
            name: try #require(ResourceName("extremes")),
            spec: FeatureViewSpec(
                dataset: try #require(ResourceName("landed-flights")),
                entity: ["origin", "carrier"], timestamp: "landed_at", knownAt: knownAt,
                features: [
                    Feature(name: "latest", value: .column("arr_delay"), windows: []),
                    Feature(
                        name: "worst", value: .column("arr_delay"), aggregate: .max,
                        windows: windows("1h", "24h")),
                    Feature(
                        name: "mean", value: .column("delay_d"), aggregate: .mean,
                        windows: windows("24h")),
                ]),
            schema: landedSchema)
    }

    static func config(views: [String], split: Split) throws -> TrainingConfigSpec {
        TrainingConfigSpec(
            spine: Spine(
                dataset: try #require(ResourceName("flights")), timestamp: "scheduled_departure",
                key: ["flight_id"], condition: "arr_delay IS NOT NULL"),
            label: Label(name: "late", expression: "arr_delay > 15"), task: .binary,
            features: [.columns(["carrier", "distance", "hour"])]
                + (try views.map { .view(try #require(ResourceName($0)), select: nil) }),
            split: split, preprocessing: .standard,
            algorithm: Algorithm(name: .lightgbm, parameters: [:]),
            evaluation: Evaluation(metrics: [.rocAUC], gates: []), seed: 17, resources: .standard)
    }
}
