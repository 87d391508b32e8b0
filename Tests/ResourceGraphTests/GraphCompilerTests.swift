import Manifests
import ResourceAPI
import ResourceGraph
import TestSupport
import Testing

@Suite("Graph")
struct GraphCompilerTests {
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

    private func dataset(_ name: String, from inputs: String) -> String {
        """
        apiVersion: ingot/v1
        kind: Dataset
        metadata: {name: \(name)}
        spec:
          sql: {inputs: [\(inputs)], query: "SELECT 1"}

        """
    }

    @Test("a dangling reference is an error at its place, with the name that was meant")
    func dangling() {
        let yaml = """
            apiVersion: ingot/v1
            kind: Deployment
            metadata: {name: delay}
            spec:
              model: {name: dela, stage: production}
            ---
            apiVersion: ingot/v1
            kind: Model
            metadata: {name: delay}
            spec:
              trainingConfig: nothing
            """
        #expect(
            texts(yaml) == [
                """
                a.yaml:11:19: error: model/delay refers to trainingconfig/nothing, which does not exist
                      trainingConfig: nothing
                                      ^
                hint: there is no TrainingConfig in this commit
                """,
                """
                a.yaml:5:17: error: deployment/delay refers to model/dela, which does not exist
                      model: {name: dela, stage: production}
                                    ^
                hint: did you mean 'delay'?
                """,
            ])
    }

    @Test("a cycle is named, and only its members and what depends on them are blocked")
    func cycle() throws {
        let yaml = [
            dataset("a", from: "b"), dataset("b", from: "c"), dataset("c", from: "a"),
            dataset("d", from: "a"), dataset("e", from: "f"), dataset("f", from: ""),
        ].joined(separator: "---\n").replacing(
            "sql: {inputs: [], query: \"SELECT 1\"}", with: "source: {file: {path: data/f.csv}}")
        let graph = compile(yaml)
        #expect(
            graph.diagnostics.map(\.message) == [
                "resources depend on each other in a cycle: "
                    + "dataset/a → dataset/b → dataset/c → dataset/a"
            ])
        func reason(_ name: String) throws -> BlockedReason? {
            graph.blocked[try #require(ResourceID("dataset/" + name))]
        }
        #expect(try ["a", "b", "c"].map(reason) == [.invalid, .invalid, .invalid])
        #expect(try reason("d") == .waitsFor(try #require(ResourceID("dataset/a"))))
        #expect(try reason("e") == nil)
        #expect(graph.order.map(\.description).contains("dataset/e#snapshot"))
    }

    @Test("a dataset that reads itself is a cycle of one")
    func selfReference() {
        #expect(
            compile(dataset("a", from: "a")).diagnostics.map(\.message) == [
                "resources depend on each other in a cycle: dataset/a → dataset/a"
            ])
    }

    @Test("what waits for an invalid manifest is blocked, and says by what")
    func waiting() throws {
        let graph = GraphCompiler.compile(
            resources: FlightsProject().graph().resources.values.filter {
                $0.id.description != "dataset/weather"
            }, invalid: [try #require(ResourceID("dataset/weather"))])
        #expect(graph.diagnostics.isEmpty)
        let config = try #require(ResourceID("trainingconfig/delay"))
        #expect(
            graph.blocked[config]
                == .waitsFor(try #require(ResourceID("featureview/weather"))))
        #expect(
            graph.order.map(\.description) == [
                "dataset/flights#snapshot", "dataset/flights#profile",
            ])
    }

    @Test("columns, types and stages are checked against what is referred to")
    func referenceChecks() {
        let yaml = FlightsProject().yaml
        func messages(_ old: String, _ new: String) -> [String] {
            compile(yaml.replacing(old, with: new)).diagnostics.map(\.message)
        }
        #expect(
            messages("features: [{column: temp}]", "features: [{column: tmp}]")
                == ["dataset/weather has no column 'tmp'"])
        #expect(
            messages("{columns: [origin, distance]}", "{columns: [origin, departure]}")
                == ["a timestamp cannot be a feature"])
        #expect(
            messages("stage: production}, replicas", "stage: prod}, replicas")
                == ["model/delay has no stage 'prod'"])
    }

    @Test("a window that is asked for in other words is told by its name")
    func windowInOtherWords() {
        let yaml = FlightsProject().yaml
            .replacing(
                "features: [{column: temp}]",
                with: "features: [{column: temp}, {name: n, aggregate: count, windows: [1d, 7d]}]"
            )
            .replacing("{view: weather}", with: "{view: weather, select: [n_1d]}")
        #expect(
            compile(yaml).diagnostics.map(\.description).first?
                .replacing(/a\.yaml:\d+:\d+/, with: "a.yaml") == """
                    a.yaml: error: featureview/weather has no feature 'n_1d'
                    hint: windows of that length are written '24h': 'n_24h'
                    """)
    }

    @Test("the sum of a string column is refused with its place")
    func stringAggregate() {
        let yaml = FlightsProject().yaml.replacing(
            "features: [{column: temp}]",
            with: "features: [{name: x, column: origin, aggregate: sum, windows: [1h]}]")
        #expect(
            compile(yaml).diagnostics.map(\.description).first == """
                a.yaml:31:51: error: cannot take the sum of column 'origin', which is a string
                hint: it takes numbers and booleans; count, count_distinct, approx_count_distinct, first, last, last_n, mode take all types
                """)
    }

    private func viewOfView(entity: String = "origin", column: String = "temp") -> String {
        FlightsProject().yaml + """

            ---
            apiVersion: ingot/v1
            kind: FeatureView
            metadata: {name: weather-days}
            spec:
              source: {view: weather}
              entity: [\(entity)]
              features: [{name: m, column: \(column), aggregate: mean, windows: [3d]}]
            """
    }

    @Test("a view of a view reads the other one's features and has its times")
    func viewsOfViews() throws {
        let compiled = compile(viewOfView())
        #expect(compiled.diagnostics.map(\.description) == [])
        let step = try #require(
            compiled.steps.values.first {
                $0.id.description == "featureview/weather-days#features"
            })
        let weather = try #require(StepID("featureview/weather#features"))
        #expect(step.inputs == [StepInput(name: "view", origin: .step(weather))])
        #expect(step.recipe.object?["knownAt"] == ["delay": "0s"])
    }

    @Test("a view of a view has single rows and the entity of the other one to choose from")
    func columnsOfViewsOfViews() {
        #expect(
            compile(viewOfView(column: "tmp")).diagnostics.map(\.description).first?
                .replacing(/a\.yaml:\d+:\d+/, with: "a.yaml") == """
                    a.yaml: error: featureview/weather has no feature 'tmp' of single rows
                    hint: did you mean 'temp'?
                    """)
        #expect(
            compile(viewOfView(entity: "carrier")).diagnostics.map(\.description).first?
                .replacing(/a\.yaml:\d+:\d+/, with: "a.yaml") == """
                    a.yaml: error: 'carrier' is no entity column of featureview/weather
                    hint: its entity: origin
                    """)
    }

    @Test(
        "the fingerprint depends on recipe, inputs, runtime, seed and threads, and on nothing else")
    func fingerprint() throws {
        let graph = FlightsProject().graph()
        let step = try #require(graph.steps.values.first { $0.id.kind == .train })
        let inputs = ["training-set": Digest(hashing: [1])]
        let runtime = Digest(hashing: [2])
        func changed(
            seed: Int64? = nil, cpus: Int? = nil, memory: Int64? = nil
        ) -> Step {
            Step(
                id: step.id, recipeVersion: step.recipeVersion, recipe: step.recipe,
                inputs: step.inputs, after: step.after, seed: seed ?? step.seed,
                resources: StepResources(
                    cpus: cpus ?? step.resources.cpus,
                    memoryBytes: memory ?? step.resources.memoryBytes, timeoutSeconds: 1))
        }
        let original = step.fingerprint(inputs: inputs, runtime: runtime)
        #expect(original != nil)
        #expect(changed(memory: 1).fingerprint(inputs: inputs, runtime: runtime) == original)
        #expect(changed(seed: 99).fingerprint(inputs: inputs, runtime: runtime) != original)
        #expect(changed(cpus: 7).fingerprint(inputs: inputs, runtime: runtime) != original)
        #expect(step.fingerprint(inputs: inputs, runtime: Digest(hashing: [3])) != original)
        #expect(step.fingerprint(inputs: [:], runtime: runtime) == nil)
    }
}
