package import Planning
package import ResourceAPI
package import ResourceGraph
package import StateStore

/// Something that the core wants done.
package enum CoreEffect: Sendable {
    case start(StepLaunch)
    case cancel(Fingerprint)
    case loadMetrics(Fingerprint)
    case register(VersionOrder)
    case move(StageMove)
    /// The complete set of what shall be served.
    case serve(revision: Revision, [ServingIntent])
    /// Only what differs from what was reported before.
    case report([ResourceStatus], removed: [ResourceID], revision: Revision)
    /// Nothing more can be done for this revision until something changes.
    case settled(Settlement, [Diagnostic])
    /// The time of a suspension is over.
    case expire(Suspension)
    /// Something is not as it was left; it is put back, or only told.
    case drift(ResourceID, what: String, isHealed: Bool, revision: Revision)
    /// Send `.tick` at this time (milliseconds of the monotonic clock) or later.
    case wake(at: Int64)
}

/// A step that shall run now.
package struct StepLaunch: Sendable {
    package let step: Step
    package let program: JSONValue
    package let fingerprint: Fingerprint
    package let inputs: [String: Digest]
    package let reasons: [Reason]
    package let revision: Revision
    package let runtime: Digest
    /// From 1.
    package let attempt: Int
    package let plan: PlanID?
    package init(
        step: Step, program: JSONValue, fingerprint: Fingerprint, inputs: [String: Digest],
        reasons: [Reason], revision: Revision, runtime: Digest, attempt: Int, plan: PlanID? = nil
    ) {
        self.step = step
        self.program = program
        self.fingerprint = fingerprint
        self.inputs = inputs
        self.reasons = reasons
        self.revision = revision
        self.runtime = runtime
        self.attempt = attempt
        self.plan = plan
    }

    func with(reasons: [Reason]) -> StepLaunch {
        StepLaunch(
            step: step, program: program, fingerprint: fingerprint, inputs: inputs,
            reasons: reasons, revision: revision, runtime: runtime, attempt: attempt, plan: plan)
    }
}

package struct VersionOrder: Hashable, Sendable {
    package let model: ResourceName
    package let digest: Digest
    package let fingerprint: Fingerprint
    package let metrics: JSONValue
    package let gates: [GateResult]
    package let revision: Revision
    package init(
        model: ResourceName, digest: Digest, fingerprint: Fingerprint, metrics: JSONValue,
        gates: [GateResult], revision: Revision
    ) {
        self.model = model
        self.digest = digest
        self.fingerprint = fingerprint
        self.metrics = metrics
        self.gates = gates
        self.revision = revision
    }
}

package struct StageMove: Hashable, Sendable {
    package let model: ResourceName
    package let stage: ResourceName
    /// Nil empties the stage.
    package let version: ModelVersion?
    package let revision: Revision
    /// For people: why it moves.
    package let cause: String
    package init(
        model: ResourceName, stage: ResourceName, version: ModelVersion? = nil,
        revision: Revision, cause: String
    ) {
        self.model = model
        self.stage = stage
        self.version = version
        self.revision = revision
        self.cause = cause
    }
}

package struct ServingIntent: Hashable, Sendable {
    package let deployment: ResourceName
    package let replicas: Int
    package let version: ModelVersion
    /// The online features that are there for it, by view. Those that the version was not trained
    /// with are left out where its files are looked up.
    package let online: [ResourceName: Digest]
    package init(
        deployment: ResourceName, replicas: Int, version: ModelVersion,
        online: [ResourceName: Digest] = [:]
    ) {
        self.deployment = deployment
        self.replicas = replicas
        self.version = version
        self.online = online
    }
}
