package import Planning
package import ResourceAPI
package import StateStore

/// Something that happened, as the core is told of it.
package enum CoreEvent: Sendable {
    /// A commit was observed, or something that it depends on changed.
    case desired(DesiredState)
    /// A step ended and its end is recorded.
    case stepEnded(Fingerprint, StepEnd)
    case metrics(Fingerprint, JSONValue)
    case versionRegistered(ModelVersion)
    case stageMoved(StageMove)
    /// The gateway was told what to serve, except for these deployments, which are left as they were.
    case told([ResourceName: ServingTrouble])
    /// What the gateway says; nil if there is no gateway.
    case served(ServingReport?)
    /// All that are in force now.
    case suspended([Suspension])
    /// What was found when somebody looked at what exists.
    case looked(ActualState)
    /// Garbage collection deleted these: nothing needed them.
    case collected(Set<Digest>)
    /// An effect could not be done now, for a reason that may pass (a full disk). Nothing of it was
    /// done, or doing it again does no harm.
    case notDone(CoreEffect, PassingTrouble)
    /// Time has passed.
    case tick
}

package enum StepEnd: Sendable {
    case succeeded(StepID, RecordedResult, RecordedExecution)
    /// Remembered: only a change can mend it.
    case failed(RecordedFailure)
    /// Tried again later.
    case interrupted(Interruption)
    case cancelled
}

/// Why a step ended without a verdict.
package struct Interruption: Hashable, Sendable {
    package let message: String
    /// The machine was at fault (a full disk, say) and not the step: tried again without a limit.
    package let isEnvironmental: Bool
    package init(message: String, isEnvironmental: Bool) {
        self.message = message
        self.isEnvironmental = isEnvironmental
    }
}

/// What exists, in those parts that somebody else could have changed.
package struct ActualState: Hashable, Sendable {
    /// Artifacts whose files are missing or damaged, and which are recorded as such.
    package var lost: Set<Digest>
    /// Results whose artifacts counted as lost and are whole again.
    package var found: [Fingerprint: RecordedResult]
    /// Model → stage → number of the version. Nil: was not looked at.
    package var stages: [ResourceName: [ResourceName: Int]]?
    /// What the gateway is told to serve is not what was written last.
    package var isServingChanged: Bool
    package init(
        lost: Set<Digest> = [], found: [Fingerprint: RecordedResult] = [:],
        stages: [ResourceName: [ResourceName: Int]]? = nil,
        isServingChanged: Bool = false
    ) {
        self.lost = lost
        self.found = found
        self.stages = stages
        self.isServingChanged = isServingChanged
    }
}

/// How a revision ended up.
package struct Settlement: Hashable, Sendable {
    package let revision: Revision
    /// Steps whose artifacts exist.
    package let cached: Int
    /// Steps that ran for this revision.
    package let ran: Int
    /// Steps that failed or cannot run, and deployments that cannot be served.
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
