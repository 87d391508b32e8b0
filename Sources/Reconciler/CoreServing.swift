import ResourceAPI
import Planning
import ResourceGraph

/// What the gateway shall serve, and what it says that it does.
struct ServingState: Sendable {
    fileprivate(set) var intents: [ResourceName: ServingIntent] = [:]
    /// The gateway was told all of the intents.
    fileprivate(set) var isTold = false
    fileprivate(set) var hasReport = false
    fileprivate(set) var reports: [String: DeploymentReport] = [:]

    init(_ served: [ServingIntent]) {
        intents = Dictionary(
            served.map { ($0.deployment, $0) }, uniquingKeysWith: { first, _ in first })
    }
}

extension ReconcilerCore {
    mutating func take(_ report: ServingReport?) {
        let new = Dictionary(
            (report?.deployments ?? []).map { ($0.name, $0) }, uniquingKeysWith: { a, _ in a })
        let changed: [String]
        if serving.hasReport == (report != nil) {
            changed = Set(new.keys).union(serving.reports.keys)
                .filter { new[$0] != serving.reports[$0] }
        } else {
            // With or without a gateway, every deployment reads differently.
            changed =
                desired?.graph.resources.keys.filter { $0.kind == .deployment }
                .map(\.name.text) ?? []
        }
        serving.hasReport = report != nil
        serving.reports = new
        for text in changed {
            if let name = ResourceName(text) {
                dirty.statuses.insert(ResourceID(.deployment, name))
            }
        }
    }

    mutating func serveAgain() { serving.isTold = false }

    /// A deployment that cannot be resolved now keeps what it serves; one that is absent from the
    /// commit is dropped.
    mutating func reconcileServing() -> [CoreEffect] {
        guard let desired else { return [] }
        let names = dirty.deployments
        dirty.deployments = []
        for name in names {
            let id = ResourceID(.deployment, name)
            dirty.statuses.insert(id)
            if isSuspended(id) { continue }
            let wanted = intent(of: name, desired)
            guard serving.intents[name] != wanted else { continue }
            serving.intents[name] = wanted
            serving.isTold = false
        }
        // A stage that moves may change more of them: they are told together.
        guard !serving.isTold, !registry.isMoving, !obstacles.hinder(.serving) else { return [] }
        serving.isTold = true
        return [
            .serve(
                revision: desired.revision,
                serving.intents.values.sorted { $0.deployment < $1.deployment })
        ]
    }

    private func intent(of name: ResourceName, _ desired: DesiredState) -> ServingIntent? {
        let id = ResourceID(.deployment, name)
        let graph = desired.graph
        if graph.blocked[id] == nil, graph.resources[id] == nil { return nil }
        guard graph.blocked[id] == nil, let spec = graph.resources[id]?.deployment,
            let number = registry.models[spec.model]?.stages[spec.stage],
            let version = registry.version(number, of: spec.model),
            // Not while its artifact is lost and being made again.
            plan.state.results[version.fingerprint]?.digest == version.digest
        else { return serving.intents[name] }
        return ServingIntent(deployment: name, replicas: spec.replicas, version: version)
    }
}
