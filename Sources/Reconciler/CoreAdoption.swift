import Planning
import ResourceAPI
import ResourceGraph

/// Which resources hang on which: what has to be looked at when one changes.
struct GraphIndex: Sendable {
    private var modelsByConfig: [ResourceName: [ResourceName]] = [:]
    private var deploymentsByModel: [ResourceName: [ResourceName]] = [:]
    private var configsByView: [ResourceName: [ResourceName]] = [:]

    init() {}

    init(_ graph: ResourceGraph) {
        for (id, resource) in graph.resources {
            if let model = resource.model {
                modelsByConfig[model.trainingConfig, default: []].append(id.name)
            } else if let deployment = resource.deployment {
                deploymentsByModel[deployment.model, default: []].append(id.name)
            } else if let config = resource.trainingConfig {
                for view in config.views { configsByView[view, default: []].append(id.name) }
            }
        }
    }

    /// Those whose model's config reads the view.
    func deployments(reading view: ResourceName) -> [ResourceName] {
        (configsByView[view] ?? []).flatMap(models(of:)).flatMap(deployments(of:))
    }

    func models(of config: ResourceName) -> [ResourceName] { modelsByConfig[config] ?? [] }
    func deployments(of model: ResourceName) -> [ResourceName] { deploymentsByModel[model] ?? [] }
}

// MARK: - A new commit, or new data

extension ReconcilerCore {
    mutating func adopt(_ state: DesiredState, now: Int64) {
        let old = desired
        desired = state
        if state.revision != old?.revision {
            // Another commit may mend what a passing trouble, or somebody else's hand, stopped.
            work.startOver()
            serving.startOver()
            startHealingOver()
            settled = nil
        }
        if state.graph.isSame(as: old?.graph), state.held == old?.held {
            if state.pinned != old?.pinned { markPins(old?.pinned ?? [:], state.pinned) }
        } else {
            adoptGraph(state, old)
        }
        touch(
            steps: plan.update(
                graph: state.graph, sources: state.sources, runtime: state.runtime))
        let lost = lostBefore
        lostBefore = []
        takeLost(lost, now: now)
        planID = plan.id(at: state.revision.commit)
    }

    /// What waited to be put back is put back now, and is not called so any more.
    private mutating func startHealingOver() {
        let ids = healing.entries.keys.sorted()
        healing = Healing()
        dirty.statuses.formUnion(ids)
        for id in ids where id.kind == .model { touch(model: id.name) }
        if ids.contains(where: { $0.kind == .deployment }) { serveAgain() }
    }

    private mutating func adoptGraph(_ state: DesiredState, _ old: DesiredState?) {
        index = GraphIndex(state.graph)
        errors = Dictionary(
            state.diagnostics.compactMap { diagnostic in
                diagnostic.severity == .error ? diagnostic.resource.map { ($0, diagnostic) } : nil
            }, uniquingKeysWith: { first, _ in first })
        let now = state.graph
        let before = old?.graph
        for (id, resource) in now.resources where before?.resources[id] != resource { mark(id) }
        for id in before?.resources.keys ?? [:].keys where now.resources[id] == nil { mark(id) }
        if now.blocked != before?.blocked || state.held != old?.held {
            // The chains that blocked resources name may have changed anywhere along them.
            for id in now.blocked.keys { mark(id) }
            for id in before?.blocked.keys ?? [:].keys { mark(id) }
            for id in state.held.symmetricDifference(old?.held ?? []) { mark(id) }
        }
        if old == nil { markRecorded(state) }
        markPins(old?.pinned ?? [:], state.pinned)
    }

    /// At the first commit after a start: what is recorded but not in the commit.
    private mutating func markRecorded(_ state: DesiredState) {
        for name in registry.models.keys { mark(ResourceID(.model, name)) }
        for name in serving.intents.keys { mark(ResourceID(.deployment, name)) }
        for id in reported.keys { mark(id) }
    }

    private mutating func markPins(
        _ old: [ResourceName: [String: Digest]], _ new: [ResourceName: [String: Digest]]
    ) {
        guard old != new else { return }
        for name in Set(old.keys).union(new.keys) where old[name] != new[name] {
            dirty.models.insert(name)
        }
    }

    private mutating func mark(_ id: ResourceID) {
        dirty.statuses.insert(id)
        switch id.kind {
        case .model: touch(model: id.name)
        case .deployment: dirty.deployments.insert(id.name)
        case .trainingConfig:
            for model in index.models(of: id.name) { touch(model: model) }
        case .featureView:
            dirty.deployments.formUnion(index.deployments(reading: id.name))
        case .project, .dataset: break
        }
    }
}

extension ResourceGraph {
    /// Quick where the values share their storage.
    fileprivate func isSame(as other: ResourceGraph?) -> Bool {
        guard let other else { return false }
        return resources == other.resources && blocked == other.blocked
            && diagnostics == other.diagnostics
    }
}
