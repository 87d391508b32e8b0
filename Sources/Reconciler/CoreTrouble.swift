import ResourceGraph
import ResourceAPI
import StateStore

// MARK: - Suspensions

extension ReconcilerCore {
    /// A suspended resource is compared with the commit, but nothing is done for it: its steps are
    /// not started, its stages not moved, its deployment not changed.
    func isSuspended(_ id: ResourceID) -> Bool { suspension(of: id) != nil }

    func suspension(of id: ResourceID) -> Suspension? {
        suspensions.first { $0.resource == nil || $0.resource == id }
    }

    mutating func take(_ list: [Suspension]) {
        let changed = Set(list).symmetricDifference(suspensions)
        suspensions = list
        lookAgain(at: changed)
    }

    mutating func expireSuspensions(wall: Int64) -> [CoreEffect] {
        let expired = suspensions.filter {
            ($0.expiresAt.map { $0 <= wall } ?? false)
                && !obstacles.hinder(.suspension($0.resource))
        }
        guard !expired.isEmpty else { return [] }
        suspensions.removeAll { expired.contains($0) }
        lookAgain(at: Set(expired))
        return expired.map(CoreEffect.expire)
    }

    private mutating func lookAgain(at changed: Set<Suspension>) {
        guard !changed.isEmpty, let desired else { return }
        work.unpark()
        let all = changed.contains { $0.resource == nil }
        let ids = all ? Array(desired.graph.resources.keys) : changed.compactMap(\.resource)
        for id in ids {
            dirty.statuses.insert(id)
            if id.kind == .model { dirty.models.insert(id.name) }
            if id.kind == .deployment { dirty.deployments.insert(id.name) }
        }
        if all {
            // What is not in the commit any more waited as well.
            dirty.models.formUnion(registry.models.keys)
            dirty.deployments.formUnion(serving.intents.keys)
        }
    }
}

// MARK: - Effects that could not be done

extension ReconcilerCore {
    mutating func take(notDone effect: CoreEffect, _ trouble: PassingTrouble, now: Int64) {
        switch effect {
        case .loadMetrics(let fingerprint):
            for config in registry.notLoaded(fingerprint) {
                for model in index.models(of: config) {
                    obstacles.meet(.model(model), now: now)
                    dirty.models.insert(model)
                }
            }
        case .register(let order):
            registry.notRegistered(order.digest)
            dirty.models.insert(order.model)
        case .move(let move):
            registry.notMoved(move)
            dirty.models.insert(move.model)
        case .serve: notTold()
        case .report(let statuses, let removed, _):
            for status in statuses {
                reported[status.resource] = nil
                dirty.statuses.insert(status.resource)
                unrecorded.insert(status.resource)
            }
            unrecorded.formUnion(removed)
            dirty.statuses.formUnion(removed)
        case .settled: settled = nil
        case .expire(let suspension): suspensions.append(suspension)
        case .start, .cancel, .drift, .wake: break
        }
        if trouble.isOfStore {
            obstacles.meet(.store, now: now)
        } else if let subject = effect.subject {
            obstacles.meet(subject, now: now)
        }
    }
}
