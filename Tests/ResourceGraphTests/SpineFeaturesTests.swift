import ResourceAPI
import ResourceGraph
import Testing

@Suite("Features for a spine of one's own")
struct SpineFeaturesTests {
    @Test("are those of a training set over the same rows, which stay as they are")
    func sameAsTrainingSets() throws {
        let cases = try (UInt64(500)..<520).map { try withAllViews(RandomCase(seed: $0)) }
        let spines = cases.map { made in
            var other = made
            other.otherProgram = SpineFeatures(views: made.views, timestamp: "at").program
            return other
        }
        let results = try SQLBatch.run(cases + spines)
        try #require(results.count == 2 * cases.count)
        for (index, made) in cases.enumerated() {
            let (training, spine) = (results[index], results[cases.count + index])
            #expect(training.error == nil && spine.error == nil, "\(training) \(spine)")
            #expect(spine.identical == true)
            let features = SpineFeatures(views: made.views, timestamp: "at").featureNames
            #expect(!features.isEmpty)
            #expect(columns(features, of: spine) == columns(features, of: training))
            let own = made.spineSchema.map(\.name)
            #expect(names(of: spine) == own + features)
            let rows = made.tables["spine"]?.rows.map { $0.map { text($0.json) } }
            #expect(columns(own, of: spine).map { $0.map(text) } == rows)
        }
    }

    @Test("two views with one entity column ask for it once, with the type of the schema")
    func program() throws {
        let features = SpineFeatures(
            views: [try FlightViews.weather(), try FlightViews.delays(entity: "origin")],
            timestamp: "when \"it\" was")
        #expect(features.entity == ["origin"])
        #expect(
            features.featureNames.prefix(4) == [
                "weather__temp", "weather__wind_speed", "weather__foggy",
                "origin-delays__landed_1h",
            ])
        #expect(
            features.program.statements.first
                == .sql(
                    """
                    CREATE TEMP TABLE "rows" AS
                    SELECT
                        file_row_number AS __row,
                        CAST("when ""it"" was" AS TIMESTAMP) AS __timestamp,
                        CAST("origin" AS VARCHAR) AS "origin"
                    FROM "spine"
                    """))
    }

    /// The same tables, with every feature of every view, and all rows of the spine.
    private func withAllViews(_ random: RandomCase) throws -> SQLCase {
        let made = try #require(random.sqlCase)
        let spine = made.config.spine
        let config = TrainingConfigSpec(
            spine: Spine(
                dataset: spine.dataset, timestamp: spine.timestamp, key: spine.key,
                condition: nil),
            label: made.config.label, task: made.config.task,
            features: made.views.map { .view($0.name, select: nil) }, split: made.config.split,
            preprocessing: made.config.preprocessing, algorithm: made.config.algorithm,
            evaluation: made.config.evaluation, seed: made.config.seed,
            resources: made.config.resources)
        return SQLCase(
            tables: made.tables, views: made.views, config: config, spineSchema: made.spineSchema)
    }

    /// 1 and 1.0 are one number.
    private func text(_ value: JSONValue) -> String { value.number.map { "\($0)" } ?? "\(value)" }

    private func names(of result: SQLResult) -> [String] {
        (result.columns ?? []).map { $0.first ?? "" }
    }

    private func columns(_ wanted: [String], of result: SQLResult) -> [[JSONValue]] {
        let names = names(of: result)
        let places = wanted.compactMap { names.firstIndex(of: $0) }
        return (result.rows ?? []).map { row in places.map { row[$0] } }
    }
}
