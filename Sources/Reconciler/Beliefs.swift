import Planning
import ResourceGraph
package import ResourceAPI

/// What the core believes of the outside: to be compared with what is really there.
package struct Beliefs: Sendable {
    /// Artifacts that the newest commit needs, those that shall be served, and those that are served
    /// until then.
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
        artifacts.formUnion(serving.told.values)
        return Beliefs(
            artifacts: artifacts, stages: registry.models.mapValues(\.stages), served: served,
            revision: desired?.revision)
    }
}

extension ReconcilerCore {
    /// A step that failed for passing reasons as often as patience lasts, and waits for a commit.
    package func hasGivenUp(_ id: StepID) -> Bool {
        work.attempts.values.contains { $0.id == id && $0.isExhausted }
    }

    /// Any step has.
    package var hasGivenUp: Bool { work.attempts.values.contains(where: \.isExhausted) }

    /// What was found changed by somebody else is put back, and is not only told.
    package func heals(_ id: ResourceID) -> Bool { healing.allows(id) }
}

extension ReconcilerCore {
    /// Of a step that cannot be planned now, what it made last: a source file that cannot be read
    /// for a while must not make garbage of everything that was made from it.
    package var garbageRoots: ControlHandler.Roots? {
        guard let desired else { return nil }
        let needed = plan.plan.steps.compactMap { planned in
            if case .cached(let digest) = planned.action { return digest }
            return plan.state.lastExecutions[planned.step.id]?.digest
        }
        return ControlHandler.Roots(
            artifacts: beliefs.artifacts.union(needed),
            retentionMilliseconds: desired.graph.project.artifactRetention.seconds * 1000)
    }
}
