import Inference
import ResourceAPI
import Synchronization

/// A ready instance that requests may be sent to.
final class Replica: Sendable {
    let id: Int
    let socketPath: String
    private let inFlight = Atomic<Int>(0)

    init(id: Int, socketPath: String) {
        self.id = id
        self.socketPath = socketPath
    }

    var load: Int { inFlight.load(ordering: .acquiring) }
    fileprivate func take() { inFlight.add(1, ordering: .acquiringAndReleasing) }
    func release() { inFlight.subtract(1, ordering: .acquiringAndReleasing) }
}

/// Which replicas answer for which deployment, now. Read by every request, replaced as a whole per
/// deployment. A request is counted on its replica within the same lock, so a replica that is out
/// of the table and has no request in flight will never get one again.
final class RouteTable: Sendable {
    private struct Route {
        var version: Int?
        var replicas: [Replica] = []
        var failure: String?
        var turn = 0
        var features: FeatureSource?
    }

    private struct State {
        var routes: [String: Route] = [:]
        var hasPlan = false
    }

    private let state = Mutex(State())

    enum Lease {
        /// To be released by the caller.
        case replica(Replica, version: Int)
        case failed(ServingError)
    }

    /// Picks the least loaded replica, in turn among equals.
    /// - Parameters:
    ///   - version: as the request's path names it; nil for any.
    ///   - excluding: the id of a replica that just failed.
    func lease(_ name: String, version: String?, excluding: Int? = nil) -> Lease {
        state.withLock { state in
            guard var route = state.routes[name] else {
                return .failed(Self.unknown(name, state.routes.keys.sorted()))
            }
            guard let served = route.version, !route.replicas.isEmpty else {
                return .failed(.notReady(model: name, failure: route.failure))
            }
            if let version, version != served.description {
                return .failed(.unknownVersion(model: name, version: version, served: served))
            }
            route.turn = (route.turn + 1) % route.replicas.count
            var best: Replica?
            for offset in route.replicas.indices {
                let replica = route.replicas[(route.turn + offset) % route.replicas.count]
                guard replica.id != excluding else { continue }
                if let chosen = best, chosen.load <= replica.load { continue }
                best = replica
            }
            state.routes[name]?.turn = route.turn
            guard let best else { return .failed(.noReplica(model: name)) }
            best.take()
            return .replica(best, version: served)
        }
    }

    private static func unknown(_ name: String, _ known: [String]) -> ServingError {
        .unknownModel(
            String(name.prefix(100)), known: known, near: NearName.of(name, among: known))
    }

    /// - Parameter features: the online features of what answers.
    func set(
        _ name: String, version: Int?, replicas: [Replica], failure: String?,
        features: FeatureSource? = nil
    ) {
        state.withLock { state in
            let turn = state.routes[name]?.turn ?? 0
            state.routes[name] = Route(
                version: version, replicas: replicas, failure: failure, turn: turn,
                features: features)
        }
    }

    /// The online features of all deployments, by the deployments' names; and all deployments.
    var features: (sources: [FeatureSource], deployments: [String]) {
        state.withLock { state in
            let sources = state.routes.values.compactMap(\.features)
            return (
                sources.sorted { $0.deployment < $1.deployment }, state.routes.keys.sorted()
            )
        }
    }

    func remove(_ name: String) {
        state.withLock { _ = $0.routes.removeValue(forKey: name) }
    }

    func planArrived() {
        state.withLock { $0.hasPlan = true }
    }

    /// True if there is a plan and each of its deployments can answer.
    var isReady: Bool {
        state.withLock { state in
            state.hasPlan && state.routes.values.allSatisfy { !$0.replicas.isEmpty }
        }
    }
}
