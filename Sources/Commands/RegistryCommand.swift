import ArgumentParser
import Planning
import ResourceAPI
import StateStore

struct RegistryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "registry",
        abstract: "List the registered model versions and the stages that show them.")

    @OptionGroup var state: StateOptions
    @OptionGroup var format: OutputOptions

    private struct Row: Encodable {
        let model: String
        let version: Int
        let stages: [String]
        let commit: String
        let digest: Digest
        let created: String
    }

    func run() async throws {
        let store = try await StateStore.openReader(directory: state.directory)
        let stages = try await store.currentStages()
        let rows = try await store.versions().map { record in
            Row(
                model: record.version.model.text, version: record.version.number,
                stages: stages.filter {
                    $0.model == record.version.model && $0.version == record.version.number
                }.map(\.stage.text), commit: record.version.commit.hex,
                digest: record.version.digest,
                created: TimeText.date(milliseconds: record.createdAt))
        }
        var table = Table("MODEL", "VERSION", "STAGES", "COMMIT", "CREATED", "DIGEST")
        for row in rows {
            table.add(
                row.model, "\(row.version)",
                row.stages.isEmpty ? "-" : row.stages.joined(separator: ","),
                String(row.commit.prefix(7)), row.created, row.digest.description)
        }
        try format.write(["versions": rows], text: table.text(ifEmpty: "no versions yet"))
    }
}
