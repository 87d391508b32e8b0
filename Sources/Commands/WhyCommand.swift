import ArgumentParser
import Planning
import ResourceAPI
import SourceControl
import StateStore

struct WhyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why",
        abstract: "Name the change that caused a resource's last run: field, commit and author.",
        discussion: """
            For a resource that is not ready, also what it waits for, link by link, with the \
            state of each. For instance: ingot why trainingconfig/arrival-delay
            """)

    @OptionGroup var state: StateOptions
    @OptionGroup var format: OutputOptions

    @Argument(help: "The resource, as kind/name.")
    var resource: String

    private struct View: Encodable {
        let resource: ResourceID
        let status: String?
        let waitsFor: [BlockingChain.Link]
        let runs: [RunsView.Row]
    }

    func run() async throws {
        let store = try await StateStore.openReader(directory: state.directory)
        let statuses = try await store.statuses()
        guard let id = ResourceID(resource),
            let status = statuses.first(where: { $0.resource == id })
        else {
            throw CommandError.unknownResource(
                resource,
                hint: NearName.hint(
                    for: resource, among: statuses.map(\.resource.description)))
        }
        // The newest run of each step, in the order of the steps.
        let runs = try await store.runs(of: id)
        let newest = StepKind.allCases.compactMap { kind in
            runs.first { $0.step.kind == kind }
        }
        let latest = newest.max { $0.startedAt < $1.startedAt }?.commit
        let shown = newest.filter { $0.commit == latest }
        let chain = await BlockingChain(
            from: id, statuses: statuses, inventory: try await store.inventory(),
            mirror: try? GitRepository(opening: state.directory + "/repo.git"))
        let view = View(
            resource: id, status: status.status.message, waitsFor: chain.links,
            runs: RunsView(shown).runs)
        try format.write(view, text: text(view, chain))
    }

    private func text(_ view: View, _ chain: BlockingChain) -> String {
        var text = "\(view.resource): \(view.status ?? "unknown")\n"
        text += chain.text.isEmpty ? "" : chain.text + "\n"
        guard let first = view.runs.first else {
            return text + "it has no steps of its own, or none has run\n"
        }
        text += "last rebuilt for commit \(first.commit.prefix(7)) at \(first.started)\n"
        for run in view.runs {
            text += "\n  \(run.step.kind.rawValue) (\(run.state)) ran because\n"
            for reason in run.reasons { text += "    \(ReasonText.long(reason))\n" }
        }
        return text
    }
}
