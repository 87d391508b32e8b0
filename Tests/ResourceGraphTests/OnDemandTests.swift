import Manifests
import ResourceAPI
import ResourceGraph
import Testing

@Suite("On-demand features and the leak guard in the graph")
struct OnDemandTests {
    private func manifests(features: String, more: String = "") -> String {
        """
        apiVersion: ingot/v1
        kind: Dataset
        metadata: {name: flights}
        spec:
          source: {file: {path: data/flights.csv}}
          schema:
            - {name: flight_id, type: integer}
            - {name: departure, type: timestamp}
            - {name: left_at, type: timestamp}
            - {name: distance, type: double}
            - {name: tailnum, type: string, knownAt: left_at}
            - {name: late, type: boolean}
        ---
        apiVersion: ingot/v1
        kind: TrainingConfig
        metadata: {name: delay}
        spec:
          spine: {dataset: flights, timestamp: departure, key: [flight_id]}
          label: {column: late}
          task: binary-classification
          features: \(features)
          split: {random: {validation: 0.1, test: 0.2}}
          algorithm: {name: lightgbm}
          evaluation: {metrics: [roc_auc]}\(more)
        """
    }

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

    private func step(_ kind: StepKind, _ graph: ResourceGraph) throws -> Step {
        let id = try #require(ResourceID("trainingconfig/delay"))
        return try #require(graph.steps(of: id).first { $0.id.kind == kind })
    }

    @Test("The training set keeps what an expression reads, in its own type")
    func rawColumns() throws {
        let graph = compile(
            manifests(
                features:
                    #"[{columns: [distance]}, {onDemand: {name: far, expression: "distance > 500 AND hour(Departure) < 6"}}]"#
            ))
        let program = graph.program(of: try step(.trainingSet, graph))
        let query = try #require(program["sql"]?["query"]?.string)
        #expect(
            query.contains(
                """
                    r.__label AS "late",
                    CAST(r."departure" AS TIMESTAMP) AS "departure",
                    CAST(r."distance" AS DOUBLE) AS "distance"
                FROM "rows" AS r
                """), "\(query)")
        let train = try step(.train, graph)
        #expect(train.recipe["request"] == ["departure": "timestamp", "distance": "double"])
        #expect(
            train.recipe["onDemand"] == [
                "far": ["expression": "distance > 500 AND hour(Departure) < 6"]
            ])
        #expect(
            train.recipe["columns"] == [
                ["name": "distance", "type": "numeric", "required": true],
                ["name": "far", "type": "on-demand", "required": false],
            ])
    }

    @Test("Without on-demand features and knownAt no recipe has anything new")
    func oldRecipes() throws {
        let graph = compile(manifests(features: "[{columns: [distance]}]"))
        let set = try step(.trainingSet, graph)
        #expect(
            try #require(set.recipe.object).keys.sorted() == [
                "features", "label", "spine", "split", "task", "views",
            ])
        #expect(
            try #require(step(.train, graph).recipe.object).keys.sorted() == [
                "algorithm", "columns", "label", "preprocessing", "task",
            ])
    }

    @Test("A column with knownAt is told to the step, and is part of the recipe when it is used")
    func lateColumns() throws {
        let graph = compile(
            manifests(
                features: "[{columns: [tailnum]}]", more: "\n  leakGuard: {maxAUC: 0.9}"))
        let set = try step(.trainingSet, graph)
        #expect(set.recipe["knownAt"] == ["tailnum": "left_at"])
        #expect(set.recipe["leakGuard"] == ["maxAUC": 0.9])
        let program = graph.program(of: set)
        #expect(
            program["leakGuard"]?["late"] == [
                ["column": "tailnum", "knownAt": "left_at", "use": "feature 'tailnum'"]
            ])
        let rows = try #require(program["sql"]?["statements"]?.array?.first?.string)
        #expect(rows.contains("\"left_at\""), "\(rows)")
        let query = try #require(program["sql"]?["query"]?.string)
        #expect(!query.contains("left_at"), "\(query)")
    }

    @Test("A column that an expression names must be there")
    func unknownColumn() {
        let yaml = manifests(
            features: #"[{onDemand: {name: far, expression: "distanc > 500"}}]"#)
        #expect(
            texts(yaml) == [
                """
                a.yaml:21:49: error: the expression uses 'distanc' (at 1:1), which is neither a column of dataset/flights nor a selected feature of a view
                      features: [{onDemand: {name: far, expression: "distanc > 500"}}]
                                                                    ^
                hint: did you mean 'distance'?
                """
            ])
    }

    @Test("An on-demand feature has a name of its own")
    func takenName() {
        let yaml = manifests(
            features: #"[{onDemand: {name: Distance, expression: "distance / 2"}}]"#)
        #expect(
            texts(yaml) == [
                """
                a.yaml:21:32: error: 'Distance' is already a column of dataset/flights or a feature of a view
                      features: [{onDemand: {name: Distance, expression: "distance / 2"}}]
                                                   ^
                hint: give the on-demand feature another name
                """
            ])
    }
}
