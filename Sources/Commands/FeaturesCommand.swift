import ArgumentParser
import Execution
import Foundation
import ResourceAPI
import ResourceGraph
import StateStore

struct FeaturesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "features", abstract: "Use feature views outside of training configs.",
        subcommands: [FeaturesGetCommand.self])
}

struct FeaturesGetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "Join the features of views to the rows of a file, as of the time of each row.",
        discussion: """
            The file (CSV or Parquet) has the views' entity columns and a column of times. What is \
            written has its rows, all of them and in their order, with its columns and the \
            features as a training set would have them. For instance: \
            ingot features get --spine trips.csv --views weather,origin-delays -o features.parquet
            """)

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var state: StateOptions

    @Option(help: "The rows that features are wanted for: a CSV or Parquet file.")
    var spine: String

    @Option(help: "The feature views, with commas between them.")
    var views: String

    @Option(help: "The commit whose features are meant. Default: the newest that was reconciled.")
    var revision: String?

    @Option(help: "The spine's column of times, in UTC if they have no offset.")
    var timestamp = "timestamp"

    @Option(name: [.customShort("o"), .customLong("output")], help: "The Parquet file to write.")
    var output: String

    func run() async throws {
        let format = try spineFormat()
        try checkOutput()
        let store = try await StateStore.openReader(directory: state.directory)
        let artifacts = try await CommitArtifacts.find(
            revision, repository, stateDirectory: state.directory, store: store)
        var sources: [ViewSource] = []
        var inputs = ["spine": ["file": AbsolutePath.of(spine)]]
        for text in views.split(separator: ",") {
            let name = text.trimmingCharacters(in: .whitespaces)
            let view = try artifacts.resource(name, kind: .featureView)
            guard let source = artifacts.graph.viewSource(view.id.name), !sources.contains(source)
            else { continue }
            sources.append(source)
            inputs["view:\(view.id.name)"] =
                try await artifacts.files(of: StepID(view.id, .features)).files
        }
        let features = SpineFeatures(views: sources, timestamp: timestamp)
        let path = AbsolutePath.of(output)
        let rows = try await artifacts.look(look(features, format, inputs)) { folder, metadata in
            try OutputFile.take(folder + "/data.parquet", to: path)
            return metadata["rows"]?.int ?? 0
        }
        let added = Plural.count(features.featureNames.count, "feature")
        Terminal.write(
            "wrote \(output): \(ValueText.grouped(rows)) rows with \(added) at \(artifacts.commit.short)\n"
        )
    }

    private func look(
        _ features: SpineFeatures, _ format: String, _ inputs: [String: [String: String]]
    ) -> WorkerLook {
        WorkerLook(
            kind: "spine-features",
            program: [
                "sql": features.program.json, "format": .string(format), "path": .string(spine),
                "timestamp": .string(timestamp),
                "entity": .array(features.entity.map { ["name": .string($0)] }),
                "features": .array(features.featureNames.map(JSONValue.string)),
            ], inputs: inputs)
    }

    /// A name that promises another format would be a surprise later.
    private func checkOutput() throws(CommandError) {
        let ending = (output as NSString).pathExtension.lowercased()
        guard ["csv", "tsv", "json", "jsonl"].contains(ending) else { return }
        throw .notWritten(
            path: output, reason: "what is written is Parquet; give it a name that ends in .parquet"
        )
    }

    private func spineFormat() throws(CommandError) -> String {
        guard FileManager.default.fileExists(atPath: AbsolutePath.of(spine)) else {
            throw .badSpine(path: spine, reason: "there is no such file")
        }
        switch (spine as NSString).pathExtension.lowercased() {
        case "csv": return "csv"
        case "parquet", "pq": return "parquet"
        default:
            throw .badSpine(path: spine, reason: "its name ends neither in .csv nor in .parquet")
        }
    }
}
