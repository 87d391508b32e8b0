import ResourceAPI

/// Decides for one deployment which instances to start, to send requests to, and to stop. A value
/// without I/O or clock: events in, actions out. `Supervisor` does the actions.
///
/// A new version is started beside the old one; when all its replicas are ready (or one, if the old
/// version has none that answers) the route moves to it at once and the old ones are drained. If it
/// fails, the old one goes on, and the new one is tried again after a growing pause.
struct DeploymentMachine {
    enum Event {
        /// What the newest plan says; nil if the deployment is gone from it.
        case wanted(ServedDeployment?)
        case ready(Int)
        /// An instance ended, or never became ready.
        case ended(Int, reason: String)
        case timer
    }

    enum Action: Hashable {
        case start(Int, ServedDeployment)
        /// Wait for its requests in flight, then stop it.
        case retire(Int)
        /// Stop it now: it has no requests.
        case abort(Int)
        /// Send requests to these and no others.
        case route(version: Int?, [Int])
        /// Send `timer` after this pause.
        case wake(after: Swift.Duration)
    }

    private struct Instance {
        let served: ServedDeployment
        var readySince: ContinuousClock.Instant?
    }

    private struct Backoff {
        var failures = 0
        var notBefore: ContinuousClock.Instant
    }

    private(set) var wanted: ServedDeployment?
    /// What requests are answered with.
    private(set) var serving: ServedDeployment?
    private(set) var failure: String?
    private(set) var restarts = 0
    private var instances: [Int: Instance] = [:]
    private var backoff: [ServedDeployment: Backoff] = [:]
    private var routed: Action?

    /// True if nothing is wanted and nothing is left.
    var isOver: Bool { wanted == nil && instances.isEmpty }

    var readyReplicas: Int { serving.map { ready($0).count } ?? 0 }

    mutating func handle(
        _ event: Event, now: ContinuousClock.Instant, nextID: () -> Int
    ) -> [Action] {
        switch event {
        case .wanted(let new):
            wanted = new
            backoff = [:]
            failure = nil
        case .ready(let id): instances[id]?.readySince = now
        case .ended(let id, let reason): ended(id, reason, now)
        case .timer: break
        }
        var actions: [Action] = []
        advance(now, nextID, &actions)
        return actions
    }

    private mutating func ended(_ id: Int, _ reason: String, _ now: ContinuousClock.Instant) {
        guard let instance = instances.removeValue(forKey: id) else { return }
        let key = instance.served.withoutReplicas
        var pause = backoff[key] ?? Backoff(notBefore: now)
        if let since = instance.readySince {
            restarts += 1
            // An instance that lived for a while starts a new count, and comes back at once.
            if since.duration(to: now) >= .seconds(10) { pause.failures = 0 }
        } else {
            pause.failures += 1
            if wanted?.withoutReplicas == key { failure = reason }
        }
        let delay = min(60, 0.25 * Double(1 << min(pause.failures, 10)))
        pause.notBefore = pause.failures == 0 ? now : now.advanced(by: .seconds(delay))
        if instance.readySince != nil { pause.failures += 1 }
        backoff[key] = pause
    }

    private mutating func advance(
        _ now: ContinuousClock.Instant, _ nextID: () -> Int, _ actions: inout [Action]
    ) {
        guard let target = wanted else {
            serving = nil
            route(&actions)
            for id in instances.keys.sorted() { remove(id, &actions) }
            return
        }
        let targetReady = ready(target).count
        let oldReady = serving.map { ready($0).count } ?? 0
        let isSwitch = serving?.withoutReplicas != target.withoutReplicas
        if !isSwitch || targetReady >= target.replicas || (targetReady > 0 && oldReady == 0) {
            if isSwitch { failure = nil }
            serving = target
        }
        keep(target, now, nextID, &actions)
        if let serving, serving.withoutReplicas != target.withoutReplicas {
            keep(serving, now, nextID, &actions)
        }
        if let serving, serving == target, ready(target).count >= target.replicas { failure = nil }
        // The route moves before anything it pointed to is drained.
        let leaving = surplus(target)
        for id in leaving where instances[id]?.readySince != nil {
            leave(id)
        }
        route(&actions)
        for id in leaving { remove(id, &actions) }
        left = []
    }

    /// Ids that are on their way out in this very step, no longer routed to.
    private var left: Set<Int> = []

    private mutating func leave(_ id: Int) { left.insert(id) }

    /// Starts what is missing of a version, unless it failed a moment ago.
    private mutating func keep(
        _ served: ServedDeployment, _ now: ContinuousClock.Instant, _ nextID: () -> Int,
        _ actions: inout [Action]
    ) {
        let key = served.withoutReplicas
        let missing = served.replicas - instances.values.count { $0.served.withoutReplicas == key }
        guard missing > 0 else { return }
        if let pause = backoff[key], pause.notBefore > now {
            actions.append(.wake(after: now.duration(to: pause.notBefore)))
            return
        }
        for _ in 0..<missing {
            let id = nextID()
            instances[id] = Instance(served: served)
            actions.append(.start(id, served))
        }
    }

    /// Instances of versions that nobody wants or serves, and those beyond the replica count: the
    /// ones still starting first, then the newest.
    private func surplus(_ target: ServedDeployment) -> [Int] {
        var kept: [ServedDeployment: Int] = [target.withoutReplicas: target.replicas]
        if let serving, serving.withoutReplicas != target.withoutReplicas {
            kept[serving.withoutReplicas] = serving.replicas
        }
        var result: [Int] = []
        let order = instances.keys.sorted {
            let first = instances[$0]?.readySince != nil
            let second = instances[$1]?.readySince != nil
            return first == second ? $0 < $1 : first
        }
        for id in order {
            guard let key = instances[id]?.served.withoutReplicas else { continue }
            if let room = kept[key], room > 0 { kept[key] = room - 1 } else { result.append(id) }
        }
        return result
    }

    private mutating func remove(_ id: Int, _ actions: inout [Action]) {
        guard let instance = instances.removeValue(forKey: id) else { return }
        actions.append(instance.readySince == nil ? .abort(id) : .retire(id))
    }

    private func ready(_ served: ServedDeployment) -> [Int] {
        let key = served.withoutReplicas
        return instances.filter {
            $0.value.readySince != nil && $0.value.served.withoutReplicas == key
        }.keys.sorted()
    }

    private mutating func route(_ actions: inout [Action]) {
        let ids = serving.map(ready) ?? []
        let action = Action.route(version: serving?.version, ids.filter { !left.contains($0) })
        guard action != routed else { return }
        routed = action
        actions.append(action)
    }
}

extension ServedDeployment {
    /// What makes two instances interchangeable: all but how many there are.
    var withoutReplicas: ServedDeployment {
        ServedDeployment(
            name: name, replicas: 0, model: model, version: version, digest: digest,
            commit: commit, onnxPath: onnxPath, signaturePath: signaturePath,
            onnxDigest: onnxDigest, runtimeLibrary: runtimeLibrary, online: online)
    }
}
