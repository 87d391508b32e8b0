package import ResourceAPI
package import ResourceGraph
import StateStore

/// A commit as a graph, before anybody looks at data.
package struct CompiledCommit: Sendable {
    package let commit: CommitID
    package let graph: ResourceGraph
    /// Of the manifests and of the graph, with quoted lines.
    package let diagnostics: [Diagnostic]
    /// What `ingot.lock` says.
    package var snapshots: SnapshotLock { graph.lock }
    /// The bytes of the runtime's lock file.
    package let lock: [UInt8]
    /// Digest of the lock file.
    package let runtime: Digest
    /// Resources that keep their last applied manifest.
    package let held: Set<ResourceID>
    /// Resources whose manifest can be read but has errors.
    package let invalid: Set<ResourceID>
    /// The commit from which this one was read as a difference; nil if it was read whole.
    let base: CommitID?
    /// Manifest files in which it differs from `base`.
    let changedFiles: Set<RepositoryPath>
    /// Which blob each manifest file is, as hex.
    let blobs: [RepositoryPath: String]

    /// The blob that each resource's manifest stands in; of those in `files` only, if they are
    /// named.
    func inventory(of files: Set<RepositoryPath>?) -> [InventoryEntry] {
        graph.resources.values.compactMap { resource in
            if let files, !files.contains(resource.file) { return nil }
            guard !held.contains(resource.id), let blob = blobs[resource.file] else { return nil }
            return InventoryEntry(
                resource: resource.id, file: resource.file, blob: blob, commit: commit)
        }
    }
}
