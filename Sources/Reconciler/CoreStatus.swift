import ResourceGraph
import ResourceAPI

extension ReconcilerCore {
    /// Compares the statuses of what was touched with those that were reported last.
    mutating func reportStatuses() -> [CoreEffect] {
        guard let desired, !dirty.statuses.isEmpty else { return [] }
        let summarizer = Summarizer(core: self, desired: desired)
        var changed: [ResourceStatus] = []
        var removed: [ResourceID] = []
        for id in dirty.statuses.sorted() {
            if desired.graph.resources[id] == nil, desired.graph.blocked[id] == nil {
                if reported.removeValue(forKey: id) != nil || unremoved.contains(id) {
                    removed.append(id)
                }
                continue
            }
            let status = summarizer.status(of: id)
            guard reported[id] != status else { continue }
            reported[id] = status
            changed.append(status)
        }
        dirty.statuses = []
        unremoved = []
        guard !changed.isEmpty || !removed.isEmpty else { return [] }
        return [.report(changed, removed: removed, revision: desired.revision)]
    }
}
