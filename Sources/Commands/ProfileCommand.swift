import ArgumentParser
import Foundation
import Reconciler
import ResourceAPI
import StateStore

struct ProfileCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "profile",
        abstract:
            "Show the statistics of a dataset's snapshot: a table, JSON, or a page with charts.",
        discussion: """
            They are those that the profile step computed, nothing is read again. If expectations \
            failed, they are there all the same. For instance: \
            ingot profile flights --html flights.html
            """)

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var state: StateOptions
    @OptionGroup var format: OutputOptions

    @Argument(help: "The dataset: dataset/NAME or NAME.")
    var dataset: String

    @Option(help: "The commit whose snapshot is meant. Default: the newest that was reconciled.")
    var revision: String?

    @Option(help: "Write a page with charts to this file.")
    var html: String?

    func run() async throws {
        let store = try await StateStore.openReader(directory: state.directory)
        let artifacts = try await CommitArtifacts.find(
            revision, repository, stateDirectory: state.directory, store: store)
        let resource = try artifacts.resource(dataset, kind: .dataset)
        let (digest, path) = try await profile(of: resource.id, artifacts)
        let view = ProfileView(
            dataset: resource.id, commit: artifacts.commit.hex, artifact: digest,
            profile: try DatasetProfile.read(path: path, of: resource.id))
        if let html {
            try OutputFile.write(ProfilePage(view).text, to: AbsolutePath.of(html))
        }
        try format.write(
            view, text: html.map { "wrote \($0)\n" } ?? view.text)
    }

    /// Where the profile is; without an artifact if its expectations failed.
    private func profile(
        of dataset: ResourceID, _ artifacts: CommitArtifacts
    ) async throws -> (artifact: Digest?, path: String) {
        let step = StepID(dataset, .profile)
        if let run = try await artifacts.failedRun(of: step) {
            let kept = RunLogs(stateDirectory: state.directory)
                .failedProfile(of: run.id)
            if FileManager.default.fileExists(atPath: kept) { return (nil, kept) }
        }
        let (digest, files) = try await artifacts.files(of: step)
        guard let path = files["profile.json"] else {
            throw CommandError.unreadableProfile(dataset)
        }
        return (digest, path)
    }
}

/// Files that commands write for people.
enum OutputFile {
    /// Whole or not at all.
    static func write(_ text: String, to path: String) throws(CommandError) {
        do {
            try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw .notWritten(path: path, reason: error.localizedDescription)
        }
    }

    /// Takes a file from a folder that will be removed; whole or not at all.
    static func take(_ source: String, to path: String) throws(CommandError) {
        let part = path + ".\(UUID().uuidString).part"
        do {
            try FileManager.default.copyItem(atPath: source, toPath: part)
            guard rename(part, path) == 0 else {
                throw CommandError.notWritten(
                    path: path, reason: String(cString: strerror(errno)))
            }
        } catch {
            try? FileManager.default.removeItem(atPath: part)
            throw error as? CommandError
                ?? .notWritten(path: path, reason: error.localizedDescription)
        }
    }
}

/// What `ingot profile` shows.
struct ProfileView: Encodable {
    let dataset: ResourceID
    let commit: String
    /// Of the profile; nil if the dataset's expectations failed.
    let artifact: Digest?
    /// As the worker wrote it, and as far as tables and pages show it.
    let whole: JSONValue
    let profile: DatasetProfile

    private enum CodingKeys: String, CodingKey {
        case dataset
        case commit
        case artifact
        case whole = "profile"
    }

    init(
        dataset: ResourceID, commit: String, artifact: Digest?,
        profile: (whole: JSONValue, typed: DatasetProfile)
    ) {
        self.dataset = dataset
        self.commit = commit
        self.artifact = artifact
        whole = profile.whole
        self.profile = profile.typed
    }

    var text: String {
        let rows = ValueText.grouped(profile.rows) + (profile.rows == 1 ? " row" : " rows")
        var text = "\(dataset) at \(commit.prefix(7)): \(rows), "
        text += "\(Plural.count(profile.columns.count, "column"))\n\n"
        var table = Table(
            "COLUMN", "TYPE", "NULLS", "DISTINCT", "MIN", "MEAN", "MAX", "DISTRIBUTION")
        for column in profile.columns {
            table.add(
                ValueText.line(column.name), column.type,
                column.nulls == 0 ? "-" : ValueText.share(column.nulls, of: profile.rows),
                (column.exact ? "" : "~") + ValueText.grouped(column.distinct),
                ValueText.of(column.min), column.mean.map(ValueText.of) ?? "-",
                ValueText.of(column.max), distribution(of: column))
        }
        text += table.text(ifEmpty: "no columns")
        for expectation in profile.expectations where !expectation.passed {
            text += "\n\(expectation.severity ?? "error"): "
            text += LogText.harmless(expectation.message ?? expectation.check) + "\n"
        }
        return text
    }

    private func distribution(of column: DatasetProfile.Column) -> String {
        if let histogram = column.histogram { return ValueText.blocks(histogram.counts) }
        let shown = (column.values ?? []).prefix(3).map {
            "\(ValueText.of($0.value)) \(ValueText.share($0.count, of: column.count))"
        }
        return shown.joined(separator: ", ")
    }
}
