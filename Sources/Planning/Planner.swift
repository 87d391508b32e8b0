package import ResourceAPI
package import ResourceGraph

/// The one function behind `ingot plan` and the controller: the same inputs, the same plan.
package enum Planner {
    /// - Parameters:
    ///   - sources: every file that a snapshot reads.
    ///   - runtime: digest of the Python runtime's lock file.
    package static func plan(
        _ graph: ResourceGraph, state: RecordedState, sources: [RepositoryPath: SourceFile],
        runtime: Digest
    ) -> Plan {
        var live = LivePlan(state: state)
        _ = live.update(graph: graph, sources: sources, runtime: runtime)
        return live.plan
    }
}
