import Planning
package import ResourceAPI

/// What the core believes of the outside: to be compared with what is really there.
package struct Beliefs: Sendable {
    /// Artifacts that the newest commit needs, and those that are served.
    package let artifacts: Set<Digest>
    package let stages: [ResourceName: [ResourceName: Int]]
    package let served: [ServingIntent]
    package let revision: Revision?
}

extension ReconcilerCore {
    package var beliefs: Beliefs {
        var artifacts: Set<Digest> = []
        for planned in plan.plan.steps {
            if case .cached(let digest) = planned.action { artifacts.insert(digest) }
        }
        let served = serving.intents.values.sorted { $0.deployment < $1.deployment }
        artifacts.formUnion(served.map(\.version.digest))
        return Beliefs(
            artifacts: artifacts, stages: registry.models.mapValues(\.stages), served: served,
            revision: desired?.revision)
    }
}
