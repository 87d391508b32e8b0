import Manifests
import ResourceAPI
import ResourceGraph
import TestSupport
import Testing

/// Expectations that compare a dataset with another.
@Suite("References of expectations")
struct ExpectationReferenceTests {
    private func compile(_ yaml: String) -> ResourceGraph {
        let file = ManifestFile(path: RepositoryPath("a.yaml"), bytes: Array(yaml.utf8))
        let parsed = ManifestParser.parse([file])
        #expect(parsed.diagnostics.map(\.description) == [])
        return GraphCompiler.compile(resources: parsed.resources, invalid: parsed.invalid)
    }

    private func texts(_ yaml: String) -> [String] {
        compile(yaml).diagnostics.map {
            $0.quoting([RepositoryPath("a.yaml"): Array(yaml.utf8)]).description
        }
    }

    private func dataset(_ name: String, _ columns: String, expects: String) -> String {
        """
        apiVersion: ingot/v1
        kind: Dataset
        metadata: {name: \(name)}
        spec:
          source: {file: {path: data/\(name).csv}}
          schema: [\(columns)]
          expectations: [\(expects)]

        """
    }

    private let airports = """
        apiVersion: ingot/v1
        kind: Dataset
        metadata: {name: airports}
        spec:
          source: {file: {path: data/airports.csv}}
          schema: [{name: faa, type: string}, {name: seen, type: timestamp}]

        """

    private let flights = "{name: id, type: integer}, {name: origin, type: string}"

    @Test("the profile reads the other snapshot, and waits for the verdict on it")
    func inputs() throws {
        let graph = compile(
            dataset(
                "flights", flights,
                expects: "{foreignKey: {columns: [origin], dataset: airports, references: [faa]}},"
                    + " {foreignKey: {columns: [id], dataset: flights, references: [id]}},"
                    + " {schemaDrift: [types]}") + "---\n" + airports)
        #expect(graph.diagnostics.map(\.message) == [])
        let flights = try #require(ResourceID("dataset/flights"))
        let airports = try #require(ResourceID("dataset/airports"))
        let profile = try #require(graph.steps[StepID(flights, .profile)])
        #expect(
            profile.inputs == [
                StepInput(name: "dataset", origin: .step(StepID(flights, .snapshot))),
                StepInput(name: "reference:airports", origin: .step(StepID(airports, .snapshot))),
                StepInput(name: "source:source", origin: .file(RepositoryPath("data/flights.csv"))),
            ])
        #expect(profile.after == [StepID(airports, .profile)])
        #expect(graph.program(of: profile)["source"]?["format"] == "csv")
        #expect(graph.order.last == StepID(flights, .profile))
    }

    @Test("a dataset, a column and a type that do not fit are told at their place")
    func wrong() {
        let yaml =
            dataset(
                "flights", flights,
                expects:
                    "{foreignKey: {columns: [id, origin], dataset: airports, references: [faa, fa]}}"
            ) + "---\n" + airports + "---\n"
            + dataset(
                "late", flights,
                expects: "{foreignKey: {columns: [id], dataset: airprts, references: [id]}}")
            + "---\n"
            + dataset(
                "old", "{name: at, type: timestamp}",
                expects:
                    "{freshness: {column: at, maxAge: 1d, comparedTo: {dataset: airports, column: faa}}}"
            )
        let expected = [
            """
            a.yaml:7:87: error: 'id' is of type integer, but column 'faa' of dataset/airports is of type string
                  expectations: [{foreignKey: {columns: [id, origin], dataset: airports, references: [faa, fa]}}]
                                                                                                      ^
            hint: columns that refer to each other must have the same type
            """,
            """
            a.yaml:7:92: error: dataset/airports has no column 'fa'
                  expectations: [{foreignKey: {columns: [id, origin], dataset: airports, references: [faa, fa]}}]
                                                                                                           ^
            hint: did you mean 'faa'?
            """,
            """
            a.yaml:22:56: error: dataset/late refers to dataset/airprts, which does not exist
                  expectations: [{foreignKey: {columns: [id], dataset: airprts, references: [id]}}]
                                                                       ^
            hint: did you mean 'airports'?
            """,
            """
            a.yaml:30:95: error: column 'faa' of dataset/airports is a string, not a timestamp
                  expectations: [{freshness: {column: at, maxAge: 1d, comparedTo: {dataset: airports, column: faa}}}]
                                                                                                              ^
            hint: give a column of type timestamp or date
            """,
        ]
        #expect(texts(yaml) == expected)
    }

    @Test("an expectation changes the profile and no other step")
    func onlyTheProfile() {
        let view = """
            ---
            apiVersion: ingot/v1
            kind: FeatureView
            metadata: {name: late}
            spec: {source: {dataset: flights}, entity: [origin], timestamp: at, features: [{column: id}]}

            """
        let columns = flights + ", {name: at, type: timestamp}"
        let key = "{foreignKey: {columns: [origin], dataset: airports, references: [faa]}}"
        let before = compile(
            dataset("flights", columns, expects: "{notNull: id}") + "---\n" + airports + view)
        let after = compile(dataset("flights", columns, expects: key) + "---\n" + airports + view)
        let changed = before.steps.keys.filter { before.steps[$0] != after.steps[$0] }
        #expect(changed.map(\.description) == ["dataset/flights#profile"])
        #expect(before.steps.count == 5)
    }

    @Test("no step reads a profile, so that a new recipe version of profiles retrains nothing")
    func nothingReadsProfiles() {
        let graph = FlightsProject().graph()
        let read = graph.steps.values.flatMap(\.inputs).map(\.origin)
        for step in graph.steps.keys where step.kind == .profile {
            #expect(!read.contains(.step(step)))
        }
    }

    @Test("datasets that refer to each other are a cycle")
    func cycle() {
        let key = { (other: String) in
            "{foreignKey: {columns: [id], dataset: \(other), references: [id]}}"
        }
        let graph = compile(
            dataset("a", flights, expects: key("b")) + "---\n"
                + dataset("b", flights, expects: key("a")))
        #expect(
            graph.diagnostics.map(\.message) == [
                "resources depend on each other in a cycle: dataset/a → dataset/b → dataset/a"
            ])
    }

    @Test("freshness as of the observation moves with ingot.lock, and with nothing else")
    func observed() throws {
        let yaml = """
            apiVersion: ingot/v1
            kind: Dataset
            metadata: {name: trips}
            spec:
              source: {http: {url: "https://a.example/trips.csv"}}
              schema: [{name: at, type: timestamp}]
              expectations: [{freshness: {column: at, maxAge: 7d, asOf: observed}}]
            """
        let file = ManifestFile(path: RepositoryPath("a.yaml"), bytes: Array(yaml.utf8))
        let resources = ManifestParser.parse([file]).resources
        let trips = try #require(ResourceID("dataset/trips"))
        func asOf(
            _ observed: String, reusing before: ResourceGraph? = nil
        ) throws -> (JSONValue?, ResourceGraph) {
            let entry = SnapshotLock.Entry(digest: Digest(hashing: [1]), observed: observed)
            let graph = GraphCompiler.compile(
                resources: resources, lock: SnapshotLock(entries: [trips.name: entry]),
                reusing: before)
            let profile = try #require(graph.steps[StepID(trips, .profile)])
            let check = profile.recipe["expectations"]?.array?.first
            #expect(graph.program(of: profile)["expectations"] == profile.recipe["expectations"])
            return (check?["asOf"], graph)
        }
        let (first, graph) = try asOf("2026-11-28T15:00:00Z")
        #expect(first == "2026-11-28T15:00:00")
        #expect(try asOf("2026-11-29T15:00:00Z", reusing: graph).0 == "2026-11-29T15:00:00")
        #expect(try asOf("2026-11-28T15:00:00Z", reusing: graph).0 == first)
    }

    @Test("drift of a source outside is measured by the columns in ingot.lock, and nothing else")
    func driftOutside() throws {
        let yaml = """
            apiVersion: ingot/v1
            kind: Dataset
            metadata: {name: trips}
            spec:
              source: {http: {url: "https://a.example/trips.csv"}}
              schema: [{name: at, type: timestamp}]
              expectations: [{schemaDrift: [extraColumns]}, {rowCount: {min: 1}}]
            """
        let file = ManifestFile(path: RepositoryPath("a.yaml"), bytes: Array(yaml.utf8))
        let resources = ManifestParser.parse([file]).resources
        let trips = try #require(ResourceID("dataset/trips"))
        func source(_ columns: [SnapshotLock.Column]?) throws -> JSONValue? {
            let entry = SnapshotLock.Entry(
                digest: Digest(hashing: [1]), observed: "2026-11-28T15:00:00Z", columns: columns)
            let graph = GraphCompiler.compile(
                resources: resources, lock: SnapshotLock(entries: [trips.name: entry]))
            let profile = try #require(graph.steps[StepID(trips, .profile)])
            #expect(profile.inputs.map(\.name) == ["dataset"])
            let checks = try #require(profile.recipe["expectations"]?.array)
            #expect(checks.last?["source"] == nil)
            #expect(graph.program(of: profile)["expectations"] == profile.recipe["expectations"])
            #expect(graph.program(of: profile)["source"] == nil)
            #expect(graph.freeSnapshot(of: trips)?.program["tellsColumns"] == .bool(true))
            return checks.first?["source"]
        }
        #expect(try source(nil) == .null)
        #expect(
            try source([.init(name: "at", type: nil), .init(name: "x", type: "integer")]) == [
                ["name": "at", "type": .null], ["name": "x", "type": "integer"],
            ])
    }
}
