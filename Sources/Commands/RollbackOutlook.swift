import Planning
import Reconciler
import ResourceAPI
import SourceControl
import StateStore

/// What the controller will make of a rollback.
struct RollbackOutlook {
    let cached: Int
    let toRun: Int
    let moves: [StageMove]
    let served: [ServingIntent]
    private let before: [ServedDeployment]

    init(
        _ rollback: Rollback, _ options: RepositoryOptions, stateDirectory: String,
        store: StateStore
    ) async throws {
        let source = rollback.source
        let compiled = try await source.reader(store).compile(rollback.commit.id)
        let sources = try await SourceObserver(
            repository: source.repository, projectPath: source.projectPath,
            dataDirectory: source.dataDirectory, lfs: source.lfs, store: store
        ).observe(compiled.graph, at: rollback.commit.id)
        let desired = DesiredState(
            revision: Revision(pointer: options.branch, commit: rollback.commit.id),
            graph: compiled.graph(asIn: try await store.recordedState()),
            diagnostics: compiled.diagnostics, sources: sources,
            runtime: compiled.runtime, pinned: [:], held: compiled.held)
        let dry = try await DryRun(desired, store: store, stateDirectory: stateDirectory)
        cached = dry.plan.steps.count { planned in
            if case .cached = planned.action { true } else { false }
        }
        toRun = dry.plan.steps.count - cached
        moves = dry.moves
        served = dry.served
        before = RunFile.plan(in: stateDirectory)?.deployments ?? []
    }

    /// Deployments that will answer with another version than now.
    var changed: [(intent: ServingIntent, from: Int?)] {
        served.compactMap { intent in
            let now = before.first { $0.name == intent.deployment.text }
            return now?.digest == intent.version.digest ? nil : (intent, now?.version)
        }
    }
}
