import ArgumentParser
import Execution
import Foundation
import Planning
import Reconciler
import ResourceAPI
import ResourceGraph
import SourceControl
import StateStore

struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Say what a revision would run, what is cached, and why. Changes nothing.",
        discussion: """
            With --base, also which resources the revision adds, changes and removes. Exit code 0; \
            with --detailed-exitcode 2 if there is something to do.
            """)

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var state: StateOptions
    @OptionGroup var format: OutputOptions

    @Option(help: "The revision to plan. Default: the branch's newest commit.")
    var head: String?

    @Option(help: "A revision to compare with.")
    var base: String?

    @Flag(help: "Print the SQL that each step would run.")
    var showSql = false

    @Flag(help: "List every step, also where there are many and nothing is to be done for them.")
    var all = false

    @Flag(help: "Exit with 2 if there is something to do.")
    var detailedExitcode = false

    func run() async throws {
        let source = try ProjectSource.open(repository, stateDirectory: state.directory)
        if let text = try await nothingToDo(source) {
            Terminal.write(text)
            return
        }
        let store = try await openStore()
        let reader = try await source.reader(store)
        let commit = try await source.repository.resolve(revision: head ?? repository.branch)
        let compiled = try await reader.compile(commit)
        let observer = SourceObserver(
            repository: source.repository, projectPath: source.projectPath,
            dataDirectory: source.dataDirectory, lfs: source.lfs, store: store)
        let state = try await store?.recordedState() ?? RecordedState()
        let graph = compiled.graph(asIn: state)
        let plan = Planner.plan(
            graph, state: state,
            sources: try await observer.observe(compiled.graph, at: commit),
            runtime: compiled.runtime)
        let attribution = HistoryAttribution(
            repository: source.repository, projectPath: source.projectPath,
            graph: { _ in graph })
        let revision = Revision(pointer: head ?? repository.branch, commit: commit)
        var rows: [PlanView.Row] = []
        for planned in plan.steps {
            let reasons = await attribution.attribute(planned.reasons, at: revision)
            rows.append(
                PlanView.Row(
                    planned, reasons: reasons,
                    program: showSql ? graph.program(of: planned.step) : nil))
        }
        var changes: [ResourceChange] = []
        if let base {
            let other = try await source.repository.resolve(revision: base)
            changes = ResourceChange.between(
                try await reader.compile(other).graph, compiled.graph)
        }
        let view = PlanView(
            revision: revision.description, short: revision.short,
            plan: PlanID(of: plan.steps, at: commit).description, resources: changes, steps: rows,
            diagnostics: compiled.diagnostics.map(RecordedDiagnostic.init))
        try format.write(view, text: view.text(isComplete: all))
        if view.hasErrors { throw ExitStatus.failure }
        if detailedExitcode, view.hasWork { throw ExitStatus.changes }
    }

    /// The controller has noted that nothing was left to do for this very tree; nil if that has to
    /// be found out, or if more is asked for than that.
    private func nothingToDo(_ source: ProjectSource) async throws -> String? {
        guard base == nil, !showSql, !all, format.output == .table,
            let settled = SettledPlan.read(in: state.directory),
            settled.program == Executable.identity,
            settled.steps > PlanView.completeSteps,
            settled.projectPath == source.projectPath.display
        else { return nil }
        let commit = try await source.repository.resolve(revision: head ?? repository.branch)
        let tree = try await source.repository.projectTree(of: commit, at: source.projectPath)
        guard tree == settled.tree, let store = try await openStore(),
            try await store.lostArtifacts(among: settled.artifacts).isEmpty
        else { return nil }
        let observer = SourceObserver(
            repository: source.repository, projectPath: source.projectPath,
            dataDirectory: source.dataDirectory, lfs: source.lfs, store: store)
        let outside = Dictionary(
            settled.outside.map { (RepositoryPath($0.key), $0.value) },
            uniquingKeysWith: { first, _ in first })
        guard
            try await observer.isUnchanged(
                outside, roots: settled.dataRoots.map { RepositoryPath($0) })
        else { return nil }
        let revision = Revision(pointer: head ?? repository.branch, commit: commit)
        return PlanView.nothingToDo(short: revision.short, steps: settled.steps)
    }

    /// Nil if nothing was reconciled here yet: then everything would run.
    private func openStore() async throws -> StateStore? {
        do throws(StateStoreError) {
            return try await StateStore.openReader(directory: state.directory)
        } catch {
            guard case .stateMissing = error else { throw error }
            return nil
        }
    }
}

/// A resource that differs between two commits.
struct ResourceChange: Encodable {
    enum Kind: String, Encodable {
        case create
        case update
        case delete
    }

    let resource: ResourceID
    let action: Kind

    /// Sorted by resource. Where a resource stands in its file makes no difference.
    static func between(_ old: ResourceGraph, _ new: ResourceGraph) -> [ResourceChange] {
        Set(old.resources.keys).union(new.resources.keys).sorted().compactMap { id in
            switch (old.resources[id], new.resources[id]) {
            case (nil, .some): ResourceChange(resource: id, action: .create)
            case (.some, nil): ResourceChange(resource: id, action: .delete)
            case (let a?, let b?) where a.spec != b.spec || a.metadata != b.metadata:
                ResourceChange(resource: id, action: .update)
            default: nil
            }
        }
    }
}
