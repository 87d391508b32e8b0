import Manifests
import ResourceAPI
import Testing

@Suite("What manifests say")
struct KindsTests {
    private let parsed = ManifestParser.parse([
        ManifestFile(
            path: RepositoryPath("ingot.yaml"), bytes: Array(DesignManifests.supported.utf8)),
        ManifestFile(path: RepositoryPath("b.yaml"), bytes: Array(DesignManifests.others.utf8)),
    ])

    private func resource(_ id: String) throws -> Resource {
        try #require(parsed.resources.first { $0.id.description == id })
    }

    @Test("Nothing is wrong with them")
    func noDiagnostics() {
        #expect(parsed.diagnostics.map(\.description) == [])
    }

    @Test("A project")
    func project() throws {
        let spec = try resource("project/flights").project
        #expect(
            spec
                == ProjectSpec(
                    runtimeRequirements: RepositoryPath("requirements.lock"),
                    dataRoots: [RepositoryPath("data")],
                    prune: PrunePolicy(maxResources: 10, maxFraction: 0.25)))
    }

    @Test("A dataset of a file, with expectations")
    func fileDataset() throws {
        let spec = try #require(try resource("dataset/weather").dataset)
        #expect(
            spec.source
                == .file(
                    FileSource(
                        path: RepositoryPath("data/weather.csv"), format: .csv, nullValues: [])))
        #expect(spec.schema.map(\.name) == ["origin", "time_hour", "temp"])
        #expect(spec.schema.map(\.type) == [.string, .timestamp, .double])
        #expect(spec.schema.map(\.nullable) == [false, false, true])
        #expect(spec.primaryKey == ["origin", "time_hour"])
        #expect(spec.timestamp == "time_hour")
        #expect(
            spec.expectations == [
                Expectation(check: .unique(["origin", "time_hour"]), mostly: 1, severity: .error),
                Expectation(
                    check: .between(column: "temp", min: -40, max: 130), mostly: 0.999,
                    severity: .error),
                Expectation(
                    check: .values(column: "origin", allowed: ["EWR", "JFK", "LGA"]), mostly: 1,
                    severity: .error),
                Expectation(
                    check: .rowCount(min: 20000, max: nil), mostly: 1, severity: .warning),
            ])
    }

    @Test("A dataset of a query, with all its metadata")
    func sqlDataset() throws {
        let resource = try resource("dataset/derived")
        let names = try ["raw-flights", "airports"].map { try #require(ResourceName($0)) }
        let spec = try #require(resource.dataset)
        #expect(
            spec.source
                == .sql(SQLSource(inputs: names, query: "SELECT *\nFROM \"raw-flights\"\n")))
        #expect(spec.schema.isEmpty)
        #expect(
            resource.metadata
                == Resource.Metadata(
                    labels: ["team": "flights", "tier": "1"],
                    annotations: ["example.org/ticket": "17"],
                    description: "One row per flight.", owners: ["ann", "ben"]))
        let planes = try #require(try self.resource("dataset/planes").dataset)
        #expect(
            planes.source
                == .file(
                    FileSource(
                        path: RepositoryPath("data/planes.csv"), format: .csv,
                        nullValues: ["NA", "null", ""])))
    }

    @Test("A feature view with windows, and one with a delay")
    func featureViews() throws {
        let delays = try #require(try resource("featureview/origin-delays").featureView)
        #expect(delays.dataset?.text == "landed-flights")
        #expect(delays.knownAt == .delay(ManifestDuration(seconds: 0)))
        #expect(delays.ttl == nil)
        #expect(
            delays.features.flatMap(\.outputs) == [
                "arr_delay_mean_1h", "arr_delay_mean_6h", "arr_delay_mean_24h",
                "arr_delay_mean_7d", "late_rate_6h", "late_rate_24h", "landed_1h", "landed_24h",
            ])
        #expect(delays.features.last?.value == .rows)
        let weather = try #require(try resource("featureview/weather").featureView)
        #expect(weather.knownAt == .delay(ManifestDuration(seconds: 3600)))
        #expect(weather.ttl == ManifestDuration(seconds: 10_800))
        #expect(weather.features.map(\.name) == ["temp", "wind_speed", "foggy"])
        #expect(weather.features.last?.value == .expression("visib < 1"))
        let planes = try #require(try resource("featureview/planes").featureView)
        #expect(delays.online && weather.online && !planes.online)
        #expect(planes.knownAt == .column("known"))
        #expect(planes.features.map(\.name) == ["on"])
    }

    @Test("Features with everything that an aggregate can have")
    func features() throws {
        let resource = try #require(
            parse(
                """
                apiVersion: ingot/v1
                kind: FeatureView
                metadata: {name: orders}
                spec:
                  source: {dataset: orders}
                  entity: [customer]
                  timestamp: at
                  features:
                    - {name: paid, aggregate: count, where: "state = 'paid'", windows: [7d], closed: both, offset: 1d}
                    - {column: amount, aggregate: last_n, n: 2, windows: [30d]}
                    - {name: p95, column: amount, aggregate: approx_percentile, percentile: 0.95, windows: [1h]}
                    - {name: before, column: amount, lag: 1}
                """
            ).resources.first)
        let day = ManifestDuration(seconds: 86_400)
        #expect(
            resource.featureView?.features == [
                Feature(
                    name: "paid", value: .rows, condition: "state = 'paid'", aggregate: .count,
                    windows: [ManifestDuration(seconds: 7 * day.seconds)], closed: .both,
                    offset: day),
                Feature(
                    name: "amount", value: .column("amount"), aggregate: .lastN,
                    windows: [ManifestDuration(seconds: 30 * day.seconds)], count: 2),
                Feature(
                    name: "p95", value: .column("amount"), aggregate: .approxPercentile,
                    windows: [ManifestDuration(seconds: 3600)], percentile: 0.95),
                Feature(name: "before", value: .column("amount"), windows: [], lag: 1),
            ])
        #expect(
            resource.featureView?.features.flatMap(\.outputs)
                == ["paid_7d", "amount_30d_1", "amount_30d_2", "p95_1h", "before"])
    }

    @Test("A training config with everything")
    func trainingConfig() throws {
        let spec = try #require(try resource("trainingconfig/arrival-delay").trainingConfig)
        #expect(spec.spine.condition == "arr_delay IS NOT NULL")
        #expect(spec.label == Label(name: "late", expression: "arr_delay > 15"))
        #expect(spec.task == .binary)
        #expect(spec.features.count == 4)
        #expect(spec.features.first == .columns(["carrier", "distance", "hour"]))
        #expect(
            spec.features.last
                == .onDemand(
                    OnDemandFeature(
                        name: "is_weekend", expression: "isodow(scheduled_departure) >= 6")))
        #expect(spec.split == .time(validation: "2013-10-01", test: "2013-11-01"))
        #expect(
            spec.preprocessing
                == Preprocessing(
                    numericImpute: .median, numericScale: .standard, categoricalEncode: .oneHot,
                    minFrequency: 20))
        #expect(
            spec.algorithm
                == Algorithm(
                    name: .lightgbm, parameters: ["num_leaves": 31, "n_estimators": 200]))
        #expect(spec.evaluation.gates == [Gate(metric: .rocAUC, min: 0.7)])
        #expect(spec.seed == 17)
        #expect(spec.resources == .standard)
    }

    @Test("A training config with what is left out")
    func trainingConfigDefaults() throws {
        let spec = try #require(try resource("trainingconfig/minutes").trainingConfig)
        #expect(spec.label == Label(name: "arr \"delay\"", expression: "\"arr \"\"delay\"\"\""))
        #expect(spec.split == .random(validation: 0.1, test: 0.2))
        #expect(spec.preprocessing == .standard)
        #expect(
            spec.algorithm.parameters == [
                "alpha": 0.5, "solver": "auto", "fit_intercept": true, "tol": .null, "max": "1",
            ])
        #expect(spec.seed == 0)
        #expect(spec.resources == .standard)
    }

    @Test("Models with every kind of stage, and a deployment")
    func modelsAndDeployment() throws {
        let delay = try #require(try resource("model/arrival-delay").model)
        #expect(delay.stages.map(\.target) == [.latest, .version(1)])
        let minutes = try #require(try resource("model/minutes").model)
        let zero = try #require(Digest(bytes: Array(repeating: 0, count: 32)))
        let old = try #require(ResourceName("old"))
        #expect(
            minutes.stages.map(\.target) == [.commit("1234567"), .digest(zero), .stage(old)])
        let deployment = try #require(try resource("deployment/arrival-delay").deployment)
        #expect(deployment.stage.text == "production" && deployment.replicas == 2)
    }

    @Test(
        "Times are written in one form",
        arguments: [
            ("2013-10-01", "2013-10-01"), ("2013-10-01T06:00", "2013-10-01T06:00:00"),
            ("2013-10-01 06:05:07.25Z", "2013-10-01T06:05:07.25"),
            ("\"2012-02-29\"", "2012-02-29"),
        ])
    func times(written: String, read: String) throws {
        let text = DesignManifests.supported.split(separator: "2013-10-01")
            .joined(separator: written)
        let parsed = ManifestParser.parse([
            ManifestFile(path: RepositoryPath("ingot.yaml"), bytes: Array(text.utf8))
        ])
        #expect(parsed.diagnostics.map(\.description) == [])
        let config = parsed.resources.compactMap(\.trainingConfig).first
        #expect(config?.split == .time(validation: read, test: "2013-11-01"))
    }

    @Test("Fields keep their places")
    func places() throws {
        let resource = try resource("deployment/arrival-delay")
        #expect("\(resource.location(of: FieldPath("spec.replicas")))" == "ingot.yaml:92:13")
    }
}
