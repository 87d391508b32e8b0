import ResourceGraph
import ArgumentParser
import Reconciler
import ResourceAPI
import StateStore

struct DriftCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drift",
        abstract: "Report what is not as the newest commit's reconciliation left it.",
        discussion: """
            Looks at artifacts, stages, the gateway's orders and its instances. Changes nothing: a \
            running controller heals what metadata.driftPolicy allows, and so does `ingot apply`. \
            Contents of artifacts are not read: that is `ingot verify`.

            Without a local work tree, --path and --data are those of `ingot run`. Exit codes: 0 \
            nothing has drifted, 1 error, 2 something has.
            """)

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var state: StateOptions
    @OptionGroup var format: OutputOptions

    private struct View: Encodable {
        let revision: String
        let drift: [DriftRow]
        let notes: [String]
    }

    func run() async throws {
        let store = try await StateStore.openReader(directory: state.directory)
        guard let newest = try await store.revisions(limit: 1).first else {
            throw CommandError.noRevision
        }
        let recorded = try await RecordedPlan.make(
            newest.revision, repository, stateDirectory: state.directory, store: store)
        let lost = Set(try await store.lostArtifacts())
        let dry = try await DryRun(
            recorded.desired, store: store, stateDirectory: state.directory)
        let finder = DriftFinder(
            recorded: recorded, dry: dry, lost: lost, stages: try await store.currentStages(),
            told: RunFile.plan(in: state.directory), report: RunFile.report(in: state.directory),
            isSettled: newest.state != .reconciling)
        let view = View(
            revision: newest.revision.description, drift: finder.rows, notes: finder.notes)
        try format.write(view, text: text(view))
        if !view.drift.isEmpty { throw ExitStatus.changes }
    }

    private func text(_ view: View) -> String {
        var table = Table("RESOURCE", "IS", "SHOULD BE", "DRIFT POLICY")
        for row in view.drift {
            table.add(row.resource.description, row.actual, row.expected, row.driftPolicy)
        }
        return table.text(ifEmpty: "no drift") + view.notes.map { "note: \($0)\n" }.joined()
    }
}
