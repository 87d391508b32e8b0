import Planning
package import ResourceAPI
package import ResourceGraph
package import SourceControl
package import StateStore

/// Looks at the repository and at the data, and says what is wanted now.
package actor Observer {
    let repository: any Repository
    let projectPath: RepositoryPath
    private let branch: String
    private let reader: DesiredStateReader
    let sources: SourceObserver
    private let store: StateStore
    private let actor: String
    private let allowsPrune: Bool
    private let clock: any LoopClock

    private(set) var last: (commit: CommitID, compiled: CompiledCommit)?
    private(set) var lastSources: [RepositoryPath: SourceFile] = [:]
    private var refresh: OnlineRefresh?
    private var lastInstants: [StepID: String] = [:]
    private var inventory: [ResourceID: InventoryEntry]?
    private var graphs: [CommitID: ResourceGraph] = [:]
    private var pins: [Pin: Digest] = [:]
    /// The commit whose being held was told, and what for.
    private var toldHold: (commit: CommitID, what: String)?

    private struct Pin: Hashable {
        let config: ResourceName
        let text: String
    }

    /// - Parameter allowsPrune: a commit may remove more than the prune budget.
    package init(
        repository: any Repository, branch: String, reader: DesiredStateReader,
        sources: SourceObserver, store: StateStore, actor: String, allowsPrune: Bool,
        clock: any LoopClock
    ) {
        self.repository = repository
        self.projectPath = reader.projectPath
        self.branch = branch
        self.reader = reader
        self.sources = sources
        self.store = store
        self.actor = actor
        self.allowsPrune = allowsPrune
        self.clock = clock
    }

    package func graph(of commit: CommitID) -> ResourceGraph? { graphs[commit] }

    /// The newest commit that was looked at and is followed.
    package var newest: CompiledCommit? { last?.compiled }

    /// The lock file of the newest commit that was looked at.
    package var lock: [UInt8]? { last?.compiled.lock }

    /// What the branch asks for now; nil if that is what was said last. An unchanged commit costs
    /// one read of the branch, and one stat for each data file outside of the repository.
    ///
    /// - Throws: `SourceControlError` if the branch is missing or unborn; `ReconcilerError`, among
    ///   others if the commit is held back. What was said last stays in force then.
    package func look() async throws -> DesiredState? {
        let commit = try await repository.tip(ofBranch: branch)
        if let last, last.commit == commit { return try await lookAtSources(last.compiled) }
        try await guardHistory(commit)
        let applied = try await appliedInventory()
        let compiled = try await reader.compile(commit, applied: applied)
        let changes = InventoryChanges(compiled, applied: applied, last: last?.compiled)
        try await guardPruning(changes, applied, commit)
        let found = try await sources.observe(compiled.graph, at: commit)
        try await record(commit, changes)
        last = (commit, compiled)
        // Whatever was held is not any more; if it comes back, that is told anew.
        toldHold = nil
        lastSources = found
        refresh = OnlineRefresh(compiled.graph)
        lastInstants = instants
        // Attribution asks for the graphs of runs that are under way: the newest few.
        if graphs.count >= 3 { graphs = [:] }
        graphs[commit] = compiled.graph
        return try await desired(compiled, found, commit)
    }

    private func lookAtSources(_ compiled: CompiledCommit) async throws -> DesiredState? {
        guard let last else { return nil }
        let found = try await sources.observeAgain(lastSources)
        let instants = instants
        guard found != lastSources || instants != lastInstants else { return nil }
        lastSources = found
        lastInstants = instants
        return try await desired(compiled, found, last.commit)
    }

    private func desired(
        _ compiled: CompiledCommit, _ found: [RepositoryPath: SourceFile], _ commit: CommitID
    ) async throws -> DesiredState {
        DesiredState(
            revision: Revision(pointer: branch, commit: commit),
            graph: compiled.graph.refreshed(lastInstants), diagnostics: compiled.diagnostics,
            sources: found, runtime: compiled.runtime,
            pinned: try await pinnedDigests(compiled.graph), held: compiled.held)
    }

    /// Of the views that are refreshed.
    private var instants: [StepID: String] { refresh?.instants(at: clock.now.wall) ?? [:] }

    private func appliedInventory() async throws -> [ResourceID: InventoryEntry] {
        if let inventory { return inventory }
        let loaded = Dictionary(
            try await store.inventory().map { ($0.resource, $0) }, uniquingKeysWith: { a, _ in a })
        inventory = loaded
        return loaded
    }

    private func record(_ commit: CommitID, _ changes: InventoryChanges) async throws {
        let info = try await repository.commit(commit)
        let revision = Revision(pointer: branch, commit: commit)
        try await store.observe(
            NewRevision(
                revision: revision, author: info.author.name, summary: info.summary,
                committedAt: info.time * 1000), actor: actor)
        // The commit is that of the blob's first application: only a changed blob is written.
        try await store.replaceInventory(
            applied: changes.applied, pruned: changes.pruned,
            origin: ChangeOrigin(
                actor: actor, commit: commit, cause: "\(revision.short) was applied"))
        for entry in changes.applied { inventory?[entry.resource] = entry }
        for resource in changes.pruned { inventory?[resource] = nil }
    }
}

// MARK: - What is held back

extension Observer {
    /// A branch that does not continue from what was reconciled last may be a mistake or an attack:
    /// what it leaves out would be undone. A revert is not that: it is a new commit on top.
    private func guardHistory(_ commit: CommitID) async throws {
        let before: CommitID?
        if let last {
            before = last.commit
        } else {
            before = try await store.lastReconciledCommit(branch)
        }
        guard let before, before != commit, try await repository.contains(before) else { return }
        let relation = try await repository.relation(from: before, to: commit)
        switch relation {
        case .same, .forward: return
        case .rewound, .diverged, .unrelated: break
        }
        if PlantedMistake.followRewrite.isPlanted { return }
        guard try await project(try await appliedInventory()).history == .hold,
            try await !store.approvals(of: commit).contains(Approval.history)
        else { return }
        let error = ReconcilerError.historyHeld(
            branch: branch, commit: commit, last: before, relation)
        try await tellHold(commit, Approval.history, error)
        throw error
    }

    private func guardPruning(
        _ changes: InventoryChanges, _ applied: [ResourceID: InventoryEntry], _ commit: CommitID
    ) async throws {
        let removed = changes.pruned.filter { $0.kind != .project }.sorted()
        guard !removed.isEmpty, !allowsPrune, !PlantedMistake.ignorePruneBudget.isPlanted else {
            return
        }
        let error: ReconcilerError?
        if let protected = try await protected(removed, applied) {
            error = .pruneProtected(protected, commit)
        } else {
            error = overBudget(
                removed.count, of: applied.count, try await project(applied).prune, commit)
        }
        guard let error, try await !store.approvals(of: commit).contains(Approval.prune)
        else { return }
        try await tellHold(commit, Approval.prune, error)
        throw error
    }

    /// A resource whose last manifest says so is not removed by deleting the manifest.
    private func protected(
        _ removed: [ResourceID], _ applied: [ResourceID: InventoryEntry]
    ) async throws -> ResourceID? {
        for id in removed {
            guard let manifest = try await manifest(of: id, applied) else { continue }
            if manifest.metadata.prune == .disabled { return id }
        }
        return nil
    }

    /// The settings in force, which are those applied last: a commit cannot allow itself.
    private func project(
        _ applied: [ResourceID: InventoryEntry]
    ) async throws -> ProjectSpec {
        if let last { return last.compiled.graph.project }
        guard let id = applied.keys.first(where: { $0.kind == .project }),
            let manifest = try await manifest(of: id, applied),
            case .project(let spec) = manifest.spec
        else { return .standard }
        return spec
    }

    /// As it was applied last.
    private func manifest(
        of id: ResourceID, _ applied: [ResourceID: InventoryEntry]
    ) async throws -> Resource? {
        if let known = last?.compiled.graph.resources[id] { return known }
        guard let entry = applied[id] else { return nil }
        return try await reader.resource(of: entry)
    }

    private func overBudget(
        _ removed: Int, of total: Int, _ policy: PrunePolicy, _ commit: CommitID
    ) -> ReconcilerError? {
        // A handful is never "most of it": the fraction counts from the fourth resource on.
        if removed > policy.maxResources {
            return .pruneRefused(
                count: removed, of: total, limit: "spec.prune.maxResources \(policy.maxResources)",
                commit)
        }
        if removed > 3, Double(removed) > policy.maxFraction * Double(total) {
            return .pruneRefused(
                count: removed, of: total, limit: "spec.prune.maxFraction \(policy.maxFraction)",
                commit)
        }
        return nil
    }

    private func tellHold(
        _ commit: CommitID, _ what: String, _ error: ReconcilerError
    ) async throws {
        if let toldHold, toldHold == (commit, what) { return }
        try await store.append(
            NewEvent(
                .revisionHeld,
                origin: ChangeOrigin(actor: actor, commit: commit, cause: "\(branch) moved"),
                result: error.message))
        toldHold = (commit, what)
    }
}

/// What a person can approve of a commit that is held back.
package enum Approval {
    package static let history = "history"
    package static let prune = "prune"
}

extension EventKind {
    /// A commit is not followed until somebody approves it.
    package static let revisionHeld = EventKind(rawValue: "RevisionHeld")
}

// MARK: - Pins

extension Observer {
    /// What a stage's `commit:` means: the model that the training config has at that commit.
    private func pinnedDigests(
        _ graph: ResourceGraph
    ) async throws -> [ResourceName: [String: Digest]] {
        var result: [ResourceName: [String: Digest]] = [:]
        for (id, resource) in graph.resources {
            guard let model = resource.model else { continue }
            for stage in model.stages {
                guard case .commit(let text) = stage.target else { continue }
                let pin = Pin(config: model.trainingConfig, text: text)
                if pins[pin] == nil {
                    pins[pin] = try? await modelDigest(of: model.trainingConfig, at: text)
                }
                result[id.name, default: [:]][text] = pins[pin]
            }
        }
        return result
    }

    private func modelDigest(of config: ResourceName, at text: String) async throws -> Digest? {
        let commit = try await repository.resolve(revision: text)
        let compiled = try await reader.compile(commit)
        let plan = Planner.plan(
            compiled.graph, state: try await store.recordedState(),
            sources: try await sources.lookUp(compiled.graph, at: commit).files,
            runtime: compiled.runtime)
        let train = plan.step(StepID(ResourceID(.trainingConfig, config), .train))
        guard case .cached(let digest)? = train?.action else { return nil }
        return digest
    }
}
