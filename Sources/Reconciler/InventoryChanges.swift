import ResourceGraph
import ResourceAPI
import StateStore

/// In what the manifests of a commit differ from those that were applied last.
struct InventoryChanges {
    /// New, changed or moved to another file.
    private(set) var applied: [InventoryEntry] = []
    /// Applied before, and absent from this commit. Sorted.
    private(set) var pruned: [ResourceID] = []

    /// Looks only at the files that changed since `last`, if the commit was read as a difference
    /// from it.
    init(
        _ compiled: CompiledCommit, applied before: [ResourceID: InventoryEntry],
        last: CompiledCommit?
    ) {
        // Read whole, it tells of the files that are there, and not of those that are gone.
        let isDifference = compiled.base != nil && compiled.base == last?.commit
        let files = isDifference ? compiled.changedFiles : nil
        for entry in compiled.inventory(of: files) {
            let old = before[entry.resource]
            if old?.blob != entry.blob || old?.file != entry.file { applied.append(entry) }
        }
        applied.sort { $0.resource < $1.resource }
        pruned = before.values.filter { entry in
            if let files, !files.contains(entry.file) { return false }
            let id = entry.resource
            if compiled.held.contains(id) || compiled.invalid.contains(id) {
                return PlantedMistake.pruneOnError.isPlanted
            }
            return compiled.graph.resources[id] == nil
        }.map(\.resource).sorted()
    }
}
