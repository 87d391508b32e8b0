import Planning
import Reconciler
import ResourceGraph

extension CompiledCommit {
    /// Its graph, with online views as of the instants at which the controller made them last.
    func graph(asIn state: RecordedState) -> ResourceGraph {
        graph.refreshed(
            OnlineRefresh(graph).instants { state.lastExecutions[$0]?.recipe })
    }
}
