import Manifests
package import ResourceAPI
package import ResourceGraph

/// A small project with one of each kind, written as its users would.
package struct FlightsProject: Sendable {
    package var weatherView = true
    package var leaves = 31
    package var gate = 0.7
    package var replicas = 2
    package var ttl = "3h"

    package init(
        weatherView: Bool = true, leaves: Int = 31, gate: Double = 0.7, replicas: Int = 2,
        ttl: String = "3h"
    ) {
        self.weatherView = weatherView
        self.leaves = leaves
        self.gate = gate
        self.replicas = replicas
        self.ttl = ttl
    }

    package var yaml: String {
        """
        apiVersion: ingot/v1
        kind: Dataset
        metadata: {name: flights}
        spec:
          source: {file: {path: data/flights.csv}}
          schema:
            - {name: flight_id, type: string, nullable: false}
            - {name: origin, type: string}
            - {name: departure, type: timestamp}
            - {name: distance, type: double}
            - {name: late, type: boolean}
        ---
        apiVersion: ingot/v1
        kind: Dataset
        metadata: {name: weather}
        spec:
          source: {file: {path: data/weather.csv}}
          schema:
            - {name: origin, type: string}
            - {name: time_hour, type: timestamp}
            - {name: temp, type: double}
        ---
        apiVersion: ingot/v1
        kind: FeatureView
        metadata: {name: weather}
        spec:
          source: {dataset: weather}
          entity: [origin]
          timestamp: time_hour
          ttl: \(ttl)
          features: [{column: temp}]
        ---
        apiVersion: ingot/v1
        kind: TrainingConfig
        metadata: {name: delay}
        spec:
          spine: {dataset: flights, timestamp: departure, key: [flight_id]}
          label: {name: is_late, expression: "late"}
          task: binary-classification
          features:
            - {columns: [origin, distance]}
        \(weatherView ? "    - {view: weather}" : "")
          split: {time: {validation: 2013-10-01, test: 2013-11-01}}
          algorithm: {name: lightgbm, parameters: {num_leaves: \(leaves)}}
          evaluation:
            metrics: [roc_auc]
            gates: [{metric: roc_auc, min: \(gate)}]
          seed: 17
        ---
        apiVersion: ingot/v1
        kind: Model
        metadata: {name: delay}
        spec:
          trainingConfig: delay
          stages:
            - {name: staging, track: latest}
            - {name: production, track: staging}
        ---
        apiVersion: ingot/v1
        kind: Deployment
        metadata: {name: delay}
        spec: {model: {name: delay, stage: production}, replicas: \(replicas)}
        """
    }

    /// - Parameter replacing: text of the manifests and what stands there instead.
    package func graph(replacing: [String: String] = [:]) -> ResourceGraph {
        GraphCompiler.compile(resources: resources(replacing), invalid: [])
    }

    package func graph(without id: String) -> ResourceGraph {
        GraphCompiler.compile(
            resources: resources([:]).filter { $0.id.description != id }, invalid: [])
    }

    private func resources(_ replacing: [String: String]) -> [Resource] {
        let text = replacing.reduce(yaml) { text, change in
            precondition(text.contains(change.key), "no such text: \(change.key)")
            return text.replacing(change.key, with: change.value)
        }
        let file = ManifestFile(path: RepositoryPath("flights.yaml"), bytes: Array(text.utf8))
        let parsed = ManifestParser.parse([file])
        precondition(parsed.diagnostics.isEmpty, "\(parsed.diagnostics)")
        return parsed.resources
    }

    package static let runtime = Digest(hashing: "runtime".utf8)

    /// The digests that the data files have.
    package static let sources = [
        RepositoryPath("data/flights.csv"): Digest(hashing: "flights 1".utf8),
        RepositoryPath("data/weather.csv"): Digest(hashing: "weather 1".utf8),
    ]
}
