package import Planning
package import ResourceAPI
package import ResourceGraph

/// Something that happened, as the core is told of it.
package enum CoreEvent: Sendable {
    /// A commit was observed, or something that it depends on changed.
    case desired(DesiredState)
    /// A step ended and its end is recorded.
    case stepEnded(Fingerprint, StepEnd)
    case metrics(Fingerprint, JSONValue)
    case versionRegistered(ModelVersion)
    /// What the gateway says; nil if there is no gateway.
    case served(ServingReport?)
    /// Time has passed.
    case tick
}

package enum StepEnd: Sendable {
    case succeeded(StepID, RecordedResult, RecordedExecution)
    /// Remembered: only a change can mend it.
    case failed(RecordedFailure)
    /// Tried again later.
    case interrupted(message: String)
    case cancelled
}

/// Something that the core wants done.
package enum CoreEffect: Sendable {
    case start(StepLaunch)
    case cancel(Fingerprint)
    case loadMetrics(Fingerprint)
    case register(VersionOrder)
    case move(StageMove)
    /// The complete set of what shall be served.
    case serve(revision: Revision, [ServingIntent])
    case report([ResourceStatus])
    /// Nothing more can be done for this revision until something changes.
    case settled(Settlement)
    /// Send `.tick` at this time (milliseconds since 1970) or later.
    case wake(at: Int64)
}

/// A step that shall run now.
package struct StepLaunch: Sendable {
    package let step: Step
    package let fingerprint: Fingerprint
    package let inputs: [String: Digest]
    package let reasons: [Reason]
    package let revision: Revision
    package let runtime: Digest
    /// From 1.
    package let attempt: Int
    package init(
        step: Step,
        fingerprint: Fingerprint,
        inputs: [String: Digest],
        reasons: [Reason],
        revision: Revision,
        runtime: Digest,
        attempt: Int
    ) {
        self.step = step
        self.fingerprint = fingerprint
        self.inputs = inputs
        self.reasons = reasons
        self.revision = revision
        self.runtime = runtime
        self.attempt = attempt
    }
}

extension StepLaunch {
    func with(reasons: [Reason]) -> StepLaunch {
        StepLaunch(
            step: step, fingerprint: fingerprint, inputs: inputs, reasons: reasons,
            revision: revision, runtime: runtime, attempt: attempt)
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
        model: ResourceName,
        digest: Digest,
        fingerprint: Fingerprint,
        metrics: JSONValue,
        gates: [GateResult],
        revision: Revision
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
        model: ResourceName,
        stage: ResourceName,
        version: ModelVersion? = nil,
        revision: Revision,
        cause: String
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
    package init(deployment: ResourceName, replicas: Int, version: ModelVersion) {
        self.deployment = deployment
        self.replicas = replicas
        self.version = version
    }
}

/// How a revision ended up.
package struct Settlement: Hashable, Sendable {
    package let revision: Revision
    /// Steps whose artifacts exist.
    package let cached: Int
    /// Steps that ran for this revision.
    package let ran: Int
    package let failed: Int
    package let errors: Int
    package init(revision: Revision, cached: Int, ran: Int, failed: Int, errors: Int) {
        self.revision = revision
        self.cached = cached
        self.ran = ran
        self.failed = failed
        self.errors = errors
    }
}
