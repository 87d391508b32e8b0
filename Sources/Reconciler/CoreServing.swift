import ResourceAPI
import Planning
import ResourceGraph

/// What the gateway shall serve, and what it says that it does.
struct ServingState: Sendable {
    /// A deployment of which the gateway could not be told.
    struct Unserved: Sendable {
        let trouble: ServingTrouble
        let count: Int
        /// When it is tried again.
        let notBefore: Int64
    }

    private static let longestPause: Int64 = 60_000

    fileprivate(set) var intents: [ResourceName: ServingIntent] = [:]
    /// The gateway was told, or is just being told, all of the intents.
    fileprivate(set) var isTold = false
    /// Of which model it is just being told, for each deployment.
    private var telling: [ResourceName: Digest]?
    /// Of which model it was told last.
    private(set) var told: [ResourceName: Digest] = [:]
    private(set) var unserved: [ResourceName: Unserved] = [:]
    fileprivate(set) var hasReport = false
    fileprivate(set) var reports: [String: DeploymentReport] = [:]

    init(_ served: [ServingIntent]) {
        intents = Dictionary(
            served.map { ($0.deployment, $0) }, uniquingKeysWith: { first, _ in first })
        told = intents.mapValues(\.version.digest)
    }

    var isTelling: Bool { telling != nil }

    /// Something will change without anybody's doing.
    var isBusy: Bool { isTelling || unserved.values.contains(where: \.trouble.isUnderWay) }

    func nextRetry(after now: Int64) -> Int64? {
        isTelling ? nil : unserved.values.map(\.notBefore).filter { $0 > now }.min()
    }

    func isRetryDue(now: Int64) -> Bool {
        !isTelling && unserved.values.contains { $0.notBefore <= now }
    }

    mutating func startOver() {
        unserved = unserved.mapValues { Unserved(trouble: $0.trouble, count: 0, notBefore: 0) }
    }

    fileprivate mutating func tell() -> [ServingIntent] {
        isTold = true
        telling = intents.mapValues(\.version.digest)
        return intents.values.sorted { $0.deployment < $1.deployment }
    }

    fileprivate mutating func notTold() {
        isTold = false
        telling = nil
    }

    /// - Returns: the deployments that read differently now.
    fileprivate mutating func finishTelling(
        except troubles: [ResourceName: ServingTrouble], now: Int64
    ) -> Set<ResourceName> {
        let before = told
        told = telling ?? told
        telling = nil
        let changed = Set(troubles.keys).union(unserved.keys)
        for name in troubles.keys { told[name] = before[name] }
        unserved = troubles.reduce(into: [:]) { next, entry in
            let count = (unserved[entry.key]?.count ?? 0) + 1
            let pause = min(Self.longestPause, ReconcilerCore.backoff(after: count))
            next[entry.key] = Unserved(
                trouble: entry.value, count: count, notBefore: now + pause)
        }
        return changed
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

    mutating func take(told troubles: [ResourceName: ServingTrouble], now: Int64) {
        for name in serving.finishTelling(except: troubles, now: now) {
            dirty.statuses.insert(ResourceID(.deployment, name))
        }
    }

    mutating func serveAgain() { serving.isTold = false }

    mutating func notTold() { serving.notTold() }

    /// A deployment that cannot be resolved now keeps what it serves; one that is absent from the
    /// commit is dropped.
    mutating func reconcileServing(now: Int64) -> [CoreEffect] {
        guard let desired else { return [] }
        if serving.isRetryDue(now: now) { serving.isTold = false }
        let names = dirty.deployments
        dirty.deployments = []
        for name in names {
            let id = ResourceID(.deployment, name)
            dirty.statuses.insert(id)
            // What it depends on has changed: its trouble may be over.
            if serving.unserved[name] != nil { serving.isTold = false }
            if isSuspended(id) { continue }
            let wanted = intent(of: name, desired)
            guard serving.intents[name] != wanted else { continue }
            serving.intents[name] = wanted
            serving.isTold = false
        }
        // A stage that moves may change more of them: they are told together.
        guard !serving.isTold, !serving.isTelling, !registry.isMoving,
            !obstacles.hinder(.serving)
        else { return [] }
        return [.serve(revision: desired.revision, serving.tell())]
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
        guard let online = onlineViews(for: version, servedBy: name, desired) else {
            return serving.intents[name]
        }
        return ServingIntent(
            deployment: name, replicas: spec.replicas, version: version, online: online)
    }
}
