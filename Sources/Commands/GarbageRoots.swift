import Planning
import Reconciler
import ResourceAPI
import ResourceGraph
import SourceControl
import StateStore

/// What the newest commit that was reconciled needs: found by planning it, as the controller would.
struct GarbageRoots: Sendable {
    let repository: RepositoryOptions
    let stateDirectory: String

    /// Nil if no commit was reconciled yet.
    func find() async throws -> ControlHandler.Roots? {
        let store = try await StateStore.openReader(directory: stateDirectory)
        guard let newest = try await store.revisions(limit: 1).first else { return nil }
        let planned = try await RecordedPlan.make(
            newest.revision, repository, stateDirectory: stateDirectory, store: store)
        return planned.roots
    }
}

extension RecordedPlan {
    /// Of a step that cannot be planned now, what it made last: a source file that cannot be read
    /// for a while must not make garbage of everything that was made from it.
    var roots: ControlHandler.Roots {
        let needed = plan.steps.compactMap { planned in
            if case .cached(let digest) = planned.action { return digest }
            return state.lastExecutions[planned.step.id]?.digest
        }
        return ControlHandler.Roots(
            artifacts: Set(needed),
            retentionMilliseconds: compiled.graph.project.artifactRetention.seconds * 1000)
    }
}
