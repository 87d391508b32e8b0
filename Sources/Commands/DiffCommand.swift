import ArgumentParser
import Execution
import Foundation
import ResourceAPI
import StateStore

struct DiffCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract:
            "Say what changed in a dataset between two commits: rows, columns, distributions.",
        discussion: """
            Compares the snapshots that the manifests of the two commits made. Rows are told apart \
            by the dataset's primaryKey, or else as a whole. For instance: \
            ingot diff weather 1eabc9a main
            """)

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var state: StateOptions
    @OptionGroup var format: OutputOptions

    @Argument(help: "The dataset: dataset/NAME or NAME.")
    var dataset: String

    @Argument(help: "The commit before: an id, a branch or a tag.")
    var old: String

    @Argument(help: "The commit after.")
    var new: String

    func run() async throws {
        let store = try await StateStore.openReader(directory: state.directory)
        let before = try await snapshot(old, store)
        let after = try await snapshot(new, store)
        let sides = (
            old: DiffView.Side(commit: before.artifacts.commit.hex, snapshot: before.digest),
            new: DiffView.Side(commit: after.artifacts.commit.hex, snapshot: after.digest)
        )
        guard before.digest != after.digest else {
            let view = DiffView(
                dataset: after.resource.id, old: sides.old, new: sides.new, difference: nil)
            return try format.write(view, text: view.text)
        }
        let key = after.resource.dataset?.primaryKey ?? []
        let look = WorkerLook(
            kind: "diff", program: ["key": .array(key.map(JSONValue.string))],
            inputs: ["old": before.files, "new": after.files])
        let difference = try await after.artifacts.look(look) { output, _ in
            try JSONDecoder().decode(
                SnapshotDifference.self,
                from: Data(contentsOf: URL(fileURLWithPath: output + "/diff.json")))
        }
        let view = DiffView(
            dataset: after.resource.id, old: sides.old, new: sides.new, difference: difference)
        try format.write(view, text: view.text)
    }

    private struct Found {
        let artifacts: CommitArtifacts
        let resource: Resource
        let digest: Digest
        let files: [String: String]
    }

    private func snapshot(_ revision: String, _ store: StateStore) async throws -> Found {
        let artifacts = try await CommitArtifacts.find(
            revision, repository, stateDirectory: state.directory, store: store)
        let resource = try artifacts.resource(dataset, kind: .dataset)
        let (digest, files) = try await artifacts.files(of: StepID(resource.id, .snapshot))
        return Found(artifacts: artifacts, resource: resource, digest: digest, files: files)
    }
}
