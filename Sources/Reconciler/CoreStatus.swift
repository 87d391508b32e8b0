import ResourceGraph
import ResourceAPI

extension ReconcilerCore {
    /// Compares the statuses of what was touched with those that were reported last.
    mutating func reportStatuses() -> [CoreEffect] {
        guard let desired, !dirty.statuses.isEmpty, !obstacles.hinder(.statuses) else { return [] }
        let summarizer = Summarizer(core: self, desired: desired)
        var changed: [ResourceStatus] = []
        var removed: [ResourceID] = []
        let postponed = dirty.statuses.filter { isPostponed($0, desired) }
        for id in dirty.statuses.sorted() where !postponed.contains(id) {
            if desired.graph.resources[id] == nil, desired.graph.blocked[id] == nil {
                if reported.removeValue(forKey: id) != nil || unrecorded.contains(id) {
                    removed.append(id)
                }
                continue
            }
            let status = summarizer.status(of: id)
            guard reported[id] != status else { continue }
            reported[id] = status
            changed.append(status)
        }
        dirty.statuses = postponed
        unrecorded = []
        guard !changed.isEmpty || !removed.isEmpty else { return [] }
        return [.report(changed, removed: removed, revision: desired.revision)]
    }

    /// What a model has come to is not known for a moment after a start; what was said of it before
    /// is better than to say that it is being trained.
    private func isPostponed(_ id: ResourceID, _ desired: DesiredState) -> Bool {
        let resource = desired.graph.resources[id]
        if let model = resource?.model { return registry.isLoading(model.trainingConfig) }
        guard let deployment = resource?.deployment else { return false }
        return isPostponed(ResourceID(.model, deployment.model), desired)
    }
}
