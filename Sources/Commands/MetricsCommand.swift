import ArgumentParser
import Foundation
import Planning
import ResourceAPI
import StateStore

struct MetricsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics",
        abstract: "Show a model's versions side by side, with their metrics.",
        discussion: "For instance: ingot metrics model/arrival-delay")

    @OptionGroup var state: StateOptions
    @OptionGroup var format: OutputOptions

    @Argument(help: "The model: model/NAME or NAME.")
    var model: String

    private struct VersionRow: Encodable {
        let version: Int
        let commit: String
        let digest: Digest
        let metrics: JSONValue
        let stages: [String]
    }

    func run() async throws {
        let store = try await StateStore.openReader(directory: state.directory)
        let name = try await ModelName.find(model, in: store)
        let stages = try await store.currentStages(of: name)
        let rows = try await store.versions(of: name).map { record in
            VersionRow(
                version: record.version.number, commit: record.version.commit.hex,
                digest: record.version.digest, metrics: record.version.metrics,
                stages: stages.filter { $0.version == record.version.number }.map(\.stage.text))
        }
        try format.write(["versions": rows], text: table(rows))
    }

    /// One row for each metric of each split, one column for each version, as people compare.
    private func table(_ rows: [VersionRow]) -> String {
        var table = Table(
            header: ["SPLIT", "METRIC"] + rows.map { "V\($0.version) (\($0.commit.prefix(7)))" })
        for split in ["validation", "test"] {
            let names = Set(rows.flatMap { ($0.metrics[split]?.object ?? [:]).keys }).sorted()
            for name in names {
                table.add(
                    [split, name]
                        + rows.map { row in
                            row.metrics[split]?[name]?.number
                                .map { String(format: "%.4f", $0) } ?? "-"
                        })
            }
        }
        let shown = rows.filter { !$0.stages.isEmpty }
            .map { "version \($0.version): \($0.stages.joined(separator: ", "))\n" }.joined()
        return table.text(ifEmpty: "no versions yet") + (shown.isEmpty ? "" : "\n" + shown)
    }
}

/// A model's name from the command line.
enum ModelName {
    /// Reads `model/NAME` or `NAME`; the model must have a version or a stage.
    static func find(_ text: String, in store: StateStore) async throws -> ResourceName {
        let plain = text.hasPrefix("model/") ? String(text.dropFirst("model/".count)) : text
        let names = Set(try await store.versions().map(\.version.model.text)).sorted()
        guard let name = ResourceName(plain), names.contains(plain) else {
            throw CommandError.unknownResource(
                "model/\(plain)",
                hint: NearName.hint(for: plain, among: names)
                    ?? (names.isEmpty
                        ? "no model has a version yet"
                        : "models with versions: \(names.joined(separator: ", "))"))
        }
        return name
    }
}
