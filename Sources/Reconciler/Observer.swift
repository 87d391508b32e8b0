import Foundation
import Logging
import Planning
package import ResourceAPI
package import ResourceGraph
package import SourceControl
package import StateStore

/// Looks at the repository and at the data, and says what is wanted now.
package actor Observer {
    private let repository: any Repository
    private let branch: String
    private let reader: DesiredStateReader
    private let sources: SourceObserver
    private let store: StateStore
    private let actor: String
    private let allowsPrune: Bool
    private var last: (commit: CommitID, compiled: CompiledCommit)?
    private var lastSources: [RepositoryPath: SourceFile] = [:]
    private var graphs: [CommitID: ResourceGraph] = [:]

    /// - Parameter allowsPrune: a commit may remove more than the prune budget.
    package init(
        repository: any Repository, branch: String, reader: DesiredStateReader,
        sources: SourceObserver, store: StateStore, actor: String, allowsPrune: Bool
    ) {
        self.repository = repository
        self.branch = branch
        self.reader = reader
        self.sources = sources
        self.store = store
        self.actor = actor
        self.allowsPrune = allowsPrune
    }

    package func graph(of commit: CommitID) -> ResourceGraph? { graphs[commit] }

    /// The lock file of the newest commit that was looked at.
    package var lock: [UInt8]? { last?.compiled.lock }

    /// What the branch asks for now; nil if that is what was said last.
    ///
    /// - Throws: `SourceControlError` if the branch is missing or unborn; `ReconcilerError`.
    package func look() async throws -> DesiredState? {
        let commit = try await repository.tip(ofBranch: branch)
        let compiled: CompiledCommit
        if let last, last.commit == commit {
            compiled = last.compiled
        } else {
            compiled = try await reader.compile(commit, applied: try await store.inventory())
        }
        let found = try await sources.observe(compiled.graph, at: commit)
        if last?.commit == commit, found == lastSources { return nil }
        let revision = Revision(pointer: branch, commit: commit)
        if last?.commit != commit {
            try await refusePruning(compiled)
            try await record(revision, compiled)
        }
        last = (commit, compiled)
        lastSources = found
        graphs[commit] = compiled.graph
        return DesiredState(
            revision: revision, graph: compiled.graph, diagnostics: compiled.diagnostics,
            sources: found, runtime: compiled.runtime,
            pinned: try await pinnedDigests(compiled.graph), held: compiled.held)
    }

    private func record(_ revision: Revision, _ compiled: CompiledCommit) async throws {
        let info = try await repository.commit(revision.commit)
        try await store.observe(
            NewRevision(
                revision: revision, author: info.author.name, summary: info.summary,
                committedAt: info.time * 1000), actor: actor)
        let applied = Dictionary(
            try await store.inventory().map { ($0.resource, $0) }, uniquingKeysWith: { a, _ in a })
        let kept = Set(compiled.inventory.map(\.resource)).union(compiled.held)
            .union(compiled.invalid)
        // The commit is that of the blob's first application: only a changed blob is written.
        try await store.replaceInventory(
            applied: compiled.inventory.filter { entry in
                applied[entry.resource].map { $0.blob != entry.blob || $0.file != entry.file }
                    ?? true
            },
            pruned: applied.keys.filter { !kept.contains($0) }.sorted(),
            origin: ChangeOrigin(
                actor: actor, commit: revision.commit, cause: "\(revision.short) was applied"))
    }

    /// A resource whose manifest says so is not removed by deleting the manifest, and one commit
    /// does not remove most of a factory unasked.
    private func refusePruning(_ compiled: CompiledCommit) async throws {
        guard !allowsPrune else { return }
        let applied = try await store.inventory()
        let kept = Set(compiled.inventory.map(\.resource)).union(compiled.held)
            .union(compiled.invalid)
        let removed = applied.filter { !kept.contains($0.resource) && $0.resource.kind != .project }
        let policy = compiled.graph.project.prune
        // A handful is never "most of it": the fraction counts from the fourth resource on.
        let tooMany = removed.count > policy.maxResources
        let tooLarge =
            removed.count > 3
            && Double(removed.count) > policy.maxFraction * Double(applied.count)
        guard tooMany || tooLarge else { return }
        let limit =
            tooMany
            ? "spec.prune.maxResources \(policy.maxResources)"
            : "spec.prune.maxFraction \(policy.maxFraction)"
        throw ReconcilerError.pruneRefused(
            count: removed.count, of: applied.count, limit: limit)
    }

    /// What a stage's `commit:` means: the model that the training config has at that commit.
    private func pinnedDigests(
        _ graph: ResourceGraph
    ) async throws -> [ResourceName: [String: Digest]] {
        var result: [ResourceName: [String: Digest]] = [:]
        for (id, resource) in graph.resources {
            guard let model = resource.model else { continue }
            for stage in model.stages {
                guard case .commit(let text) = stage.target else { continue }
                let digest = try? await modelDigest(of: model.trainingConfig, at: text)
                result[id.name, default: [:]][text] = digest
            }
        }
        return result
    }

    private func modelDigest(of config: ResourceName, at text: String) async throws -> Digest? {
        let commit = try await repository.resolve(revision: text)
        let compiled = try await reader.compile(commit)
        let plan = Planner.plan(
            compiled.graph, state: try await store.recordedState(),
            sources: try await sources.observe(compiled.graph, at: commit),
            runtime: compiled.runtime)
        let train = plan.step(StepID(ResourceID(.trainingConfig, config), .train))
        guard case .cached(let digest)? = train?.action else { return nil }
        return digest
    }
}
