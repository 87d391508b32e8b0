package import Planning
package import ResourceAPI
package import ResourceGraph

/// What a commit asks for, together with everything outside the commit on which that depends.
package struct DesiredState: Sendable {
    package let revision: Revision
    package let graph: ResourceGraph
    /// Of the manifests and of the graph, with quoted lines.
    package let diagnostics: [Diagnostic]
    package let sources: [RepositoryPath: SourceFile]
    /// Digest of the runtime's lock file.
    package let runtime: Digest
    /// Model digests that stages pin by commit: model → commit as written → digest.
    package let pinned: [ResourceName: [String: Digest]]
    /// Resources that keep their last applied manifest because their file cannot be read now.
    package let held: Set<ResourceID>
    package init(
        revision: Revision,
        graph: ResourceGraph,
        diagnostics: [Diagnostic],
        sources: [RepositoryPath: SourceFile],
        runtime: Digest,
        pinned: [ResourceName: [String: Digest]],
        held: Set<ResourceID>
    ) {
        self.revision = revision
        self.graph = graph
        self.diagnostics = diagnostics
        self.sources = sources
        self.runtime = runtime
        self.pinned = pinned
        self.held = held
    }
}
