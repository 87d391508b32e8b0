import Planning
import Reconciler
import ResourceAPI
import SourceControl
import StateStore

/// The plan of a commit that the controller has seen, from its mirror and its records.
struct RecordedPlan {
    let compiled: CompiledCommit
    let plan: Plan
    let state: RecordedState
    let desired: DesiredState

    static func make(
        _ revision: Revision, _ options: RepositoryOptions, stateDirectory: String,
        store: StateStore
    ) async throws -> RecordedPlan {
        let source = try ProjectSource.mirror(options, stateDirectory: stateDirectory)
        let compiled = try await source.reader(store).compile(
            revision.commit, applied: try await applied(store))
        let sources = try await SourceObserver(
            repository: source.repository, projectPath: source.projectPath,
            dataDirectory: source.dataDirectory, lfs: source.lfs, store: store
        ).observe(compiled.graph, at: revision.commit)
        let state = try await store.recordedState()
        let graph = compiled.graph(asIn: state)
        return RecordedPlan(
            compiled: compiled,
            plan: Planner.plan(
                graph, state: state, sources: sources, runtime: compiled.runtime),
            state: state,
            desired: DesiredState(
                revision: revision, graph: graph, diagnostics: compiled.diagnostics,
                sources: sources, runtime: compiled.runtime, pinned: [:], held: compiled.held))
    }

    private static func applied(_ store: StateStore) async throws -> [ResourceID: InventoryEntry] {
        Dictionary(
            try await store.inventory().map { ($0.resource, $0) },
            uniquingKeysWith: { first, _ in first })
    }
}
