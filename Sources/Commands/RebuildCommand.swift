import ArgumentParser
import Foundation
import ResourceAPI
import StateStore

struct RebuildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rebuild",
        abstract: "Make the state's database anew, from the store or from git alone.",
        discussion: """
            Without --from-git the records in the store are read: results and versions come back \
            without running anything; what `ingot status`, `history` and `events` told of the past \
            does not. With --from-git the whole state is moved aside, once the branch has been \
            fetched, and commits of the branch (first parents only) are reconciled again, oldest \
            first, so that versions get the same numbers: those that were reconciled before or, \
            where the old state cannot tell, those that changed the project's folder; and the \
            newest one. Nothing is deleted. Stop the controller first. Exit code 1 if it cannot \
            be done.
            """)

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var state: StateOptions
    @OptionGroup var format: OutputOptions

    @Flag(help: "Run everything again, commit by commit, from git alone.")
    var fromGit = false

    private struct ReplayView: Encodable {
        let movedTo: String?
        let commits: Int
        let lastCommit: String?
    }

    private struct View: Encodable {
        let results: Int
        /// Of them, those whose files are not whole.
        let incomplete: Int
        let versions: Int
        let unusable: [String]
        let movedTo: String?
    }

    func run() async throws {
        guard fromGit else { return try await fromStore() }
        let replay = try await Replay.prepare(repository, stateDirectory: state.directory)
        try await replay.run()
        try format.write(
            ReplayView(
                movedTo: replay.movedTo, commits: replay.commits.count,
                lastCommit: replay.commits.last?.hex),
            text: "reconciled \(Plural.count(replay.commits.count, "commit")) again\n"
                + (replay.movedTo.map { "the old state is in \($0)\n" } ?? ""))
    }

    private func fromStore() async throws {
        let report = try await StateStore.rebuild(
            directory: state.directory, clock: { TimeText.now })
        let view = View(
            results: report.results, incomplete: report.incomplete, versions: report.versions,
            unusable: report.unusable, movedTo: report.movedTo)
        try format.write(view, text: text(view))
    }

    private func text(_ view: View) -> String {
        var text = "found \(Plural.count(view.results, "result"))"
        if view.incomplete > 0 {
            text += ", \(view.incomplete) of them without all files: their steps run again"
        }
        text += ", \(Plural.count(view.versions, "version"))\n"
        for path in view.unusable { text += "warning: \(path) cannot be used\n" }
        if let movedTo = view.movedTo { text += "the old database is \(movedTo)\n" }
        return text + "stages and what is served come back with `ingot apply` or `ingot run`\n"
    }
}
