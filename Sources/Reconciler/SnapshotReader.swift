package import Execution
package import Planning
package import ResourceAPI
package import ResourceGraph

/// What a source holds now, in a folder that nothing refers to yet.
package struct SnapshotReading: Sendable {
    package let dataset: ResourceID
    /// The files of the artifact.
    package let folder: String
    package let metadata: JSONValue
    /// What told the source's version, if anything did.
    package let version: String?
    package let rows: Int64?

    /// All that the source has, if an expectation asks for it.
    package var columns: [SnapshotLock.Column]? {
        metadata["source"]?["columns"]?.array.map { columns in
            columns.compactMap { column in
                column["name"]?.string.map { .init(name: $0, type: column["type"]?.string) }
            }
        }
    }
}

/// Reads sources for `ingot snapshot`: runs the snapshot's program without a run of the controller.
package struct SnapshotReader: Sendable {
    private let graph: ResourceGraph
    private let revision: Revision
    private let runtime: Digest
    private let sources: any SourceFiles
    /// The local files that datasets read.
    private let files: [RepositoryPath: SourceFile]
    private let executors: any RuntimeExecutors
    private let credentials: any SourceCredentials

    package init(
        graph: ResourceGraph, revision: Revision, runtime: Digest, sources: any SourceFiles,
        files: [RepositoryPath: SourceFile], executors: any RuntimeExecutors,
        credentials: any SourceCredentials
    ) {
        self.graph = graph
        self.revision = revision
        self.runtime = runtime
        self.sources = sources
        self.files = files
        self.executors = executors
        self.credentials = credentials
    }

    /// - Parameter folder: absolute; exists and is empty.
    /// - Throws: `SnapshotProblem` if the source cannot be read.
    package func read(
        _ dataset: ResourceID, in folder: String,
        onEvent: @escaping @Sendable (WorkerEvent) -> Void = { _ in }
    ) async throws -> SnapshotReading {
        guard let (step, program) = graph.freeSnapshot(of: dataset) else {
            throw SnapshotProblem(
                dataset: dataset, message: "it cannot be read now",
                hint: "`ingot validate` shows what is wrong with its manifest")
        }
        let order = StepOrder(
            runID: "snapshot", step: step.id, program: program, seed: step.seed,
            resources: step.resources, inputs: try await inputs(of: step, folder),
            outputDirectory: folder + "/output", logPath: folder + "/log",
            secrets: try await secrets(program))
        let executor = try await executors.executor(for: runtime)
        switch await executor.run(order, onEvent: onEvent) {
        case .cancelled: throw CancellationError()
        case .failed(let failure):
            throw SnapshotProblem(
                dataset: dataset, message: failure.message, hint: failure.hint)
        case .succeeded(let metadata):
            return SnapshotReading(
                dataset: dataset, folder: order.outputDirectory, metadata: metadata,
                version: metadata["source"]?["version"]?.string, rows: metadata["rows"]?.int)
        }
    }

    /// What tells the source's version now, without reading it; nil if nothing does.
    ///
    /// - Throws: `SnapshotProblem` if the source cannot be asked.
    package func version(of dataset: ResourceID, in folder: String) async throws -> String? {
        guard let (step, program) = graph.freeSnapshot(of: dataset) else { return nil }
        let question = program.object.map { $0.merging(["asks": "version"]) { $1 } }
        let order = StepOrder(
            runID: "snapshot", step: step.id, program: .object(question ?? [:]), seed: 0,
            resources: step.resources, inputs: [:], outputDirectory: folder + "/asked",
            logPath: folder + "/log", secrets: try await secrets(program))
        let executor = try await executors.executor(for: runtime)
        switch await executor.run(order, onEvent: { _ in }) {
        case .cancelled: throw CancellationError()
        case .failed(let failure):
            throw SnapshotProblem(
                dataset: dataset, message: failure.message, hint: failure.hint)
        case .succeeded(let metadata):
            let version = metadata["source"]?["version"]?.string
            return version?.isEmpty == false ? version : nil
        }
    }

    private func secrets(_ program: JSONValue) async throws -> StepSecrets {
        guard let name = program["credentials"]?.string.flatMap({ ResourceName($0) }) else {
            return .none
        }
        return try await credentials.secrets(of: name)
    }

    private func inputs(
        of step: Step, _ folder: String
    ) async throws -> [String: [String: String]] {
        var inputs: [String: [String: String]] = [:]
        for input in step.inputs {
            guard case .file(let path) = input.origin else { continue }
            switch files[path] {
            case .present(let digest):
                inputs[input.name] = try await sources.files(
                    of: path, digest: digest, revision: revision, folder: folder)
            case .unreadable(let problem):
                throw SnapshotProblem(dataset: step.id.resource, message: problem, hint: nil)
            case nil:
                throw SnapshotProblem(
                    dataset: step.id.resource, message: "\(path.display) was not looked for",
                    hint: nil)
            }
        }
        return inputs
    }
}

/// Why there is no snapshot of a source.
package struct SnapshotProblem: Error, Hashable, Sendable, CustomStringConvertible {
    package let dataset: ResourceID
    package let message: String
    package let hint: String?

    package var description: String {
        "\(dataset): \(message)" + (hint.map { "\nhint: \($0)" } ?? "")
    }
}
