package import ResourceAPI

/// A project as its people think of it, and the files in which it stands.
///
/// Noop datasets that depend on each other, a table with a view, a training config, a model and a
/// deployment on top.
package struct SimulatedProject: Hashable, Sendable {
    package struct Noop: Hashable, Sendable {
        package var content: String
        package var dependsOn: [String] = []
        package var label = 0
        package var fails = false
    }

    package enum Pin: Hashable, Sendable {
        case latest
        case version(Int)
    }

    package struct Chain: Hashable, Sendable {
        package var seed = 0
        package var gate = 0.5
        package var replicas = 1
        package var production = Pin.latest
        package var hasView = true
        package var hasDeployment = true
        package var description = 0
    }

    package var noops: [String: Noop] = [:]
    package var chains: [String: Chain] = [:]
    /// Text that stands in place of a file's.
    package var broken: [String: String] = [:]
    /// Extra references of noops, which may lead nowhere or in a circle.
    package var strayReferences: [String: String] = [:]
    /// A rewritten branch needs no approval.
    package var followsHistory = false

    package init() {}

    package var resourceCount: Int {
        noops.count
            + chains.values.reduce(0) { $0 + 4 + ($1.hasView ? 1 : 0) + ($1.hasDeployment ? 1 : 0) }
    }

    package var files: [RepositoryPath: [UInt8]] {
        var files: [RepositoryPath: [UInt8]] = [:]
        func add(_ path: String, _ text: String) {
            files[RepositoryPath(path)] = Array((broken[path] ?? text).utf8)
        }
        if followsHistory {
            add(
                "ingot.yaml",
                "apiVersion: ingot/v1\nkind: Project\nmetadata: {name: simulated}\nspec: {history: follow}\n"
            )
        }
        for (name, noop) in noops { add("datasets/\(name).yaml", yaml(name, noop)) }
        for (name, chain) in chains {
            files[RepositoryPath("data/\(name).csv")] = Array("key,at\n1,2020-01-01\n".utf8)
            add("models/\(name).yaml", yaml(name, chain))
        }
        return files
    }

    private func yaml(_ name: String, _ noop: Noop) -> String {
        let references = noop.dependsOn + (strayReferences[name].map { [$0] } ?? [])
        return """
            apiVersion: ingot/v1
            kind: Dataset
            metadata: {name: \(name), labels: {edit: "\(noop.label)"}}
            spec:
              source:
                noop:
                  dependsOn: [\(references.joined(separator: ", "))]
                  content: "\(noop.content)"
                  fails: \(noop.fails)

            """
    }

    private func yaml(_ name: String, _ chain: Chain) -> String {
        let production: String =
            switch chain.production {
            case .latest: "track: staging"
            case .version(let number): "version: \(number)"
            }
        var documents = [
            """
            apiVersion: ingot/v1
            kind: Dataset
            metadata: {name: \(name)-rows, description: "edit \(chain.description)"}
            spec:
              source: {file: {path: data/\(name).csv}}
              schema:
                - {name: key, type: string, nullable: false}
                - {name: at, type: timestamp, nullable: false}
                - {name: amount, type: double}
                - {name: good, type: boolean}
            """,
            """
            apiVersion: ingot/v1
            kind: TrainingConfig
            metadata: {name: \(name)}
            spec:
              spine: {dataset: \(name)-rows, timestamp: at, key: [key]}
              label: {name: label, expression: "good"}
              task: binary-classification
              features:
                - {columns: [amount]}
            \(chain.hasView ? "    - {view: \(name)-view}" : "")
              split: {time: {validation: 2013-10-01, test: 2013-11-01}}
              algorithm: {name: lightgbm}
              evaluation:
                metrics: [roc_auc]
                gates: [{metric: roc_auc, min: \(chain.gate)}]
              seed: \(chain.seed)
            """,
            """
            apiVersion: ingot/v1
            kind: Model
            metadata: {name: \(name)}
            spec:
              trainingConfig: \(name)
              stages:
                - {name: staging, track: latest}
                - {name: production, \(production)}
            """,
        ]
        if chain.hasView { documents.insert(view(name), at: 1) }
        if chain.hasDeployment {
            documents.append(
                """
                apiVersion: ingot/v1
                kind: Deployment
                metadata: {name: \(name)}
                spec: {model: {name: \(name), stage: production}, replicas: \(chain.replicas)}
                """)
        }
        return documents.joined(separator: "\n---\n") + "\n"
    }

    private func view(_ name: String) -> String {
        """
        apiVersion: ingot/v1
        kind: FeatureView
        metadata: {name: \(name)-view}
        spec:
          source: {dataset: \(name)-rows}
          entity: [key]
          timestamp: at
          features: [{name: amount_mean, column: amount, aggregate: mean, windows: [1h]}]
        """
    }
}
