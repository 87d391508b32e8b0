package import ResourceAPI
package import ResourceGraph

/// What has to be done to make a graph's artifacts exist: for every step, whether it runs and why.
package struct Plan: Sendable {
    /// In an order in which every step comes after what it needs.
    package let steps: [PlannedStep]
    private let places: [StepID: Int]

    package init(steps: [PlannedStep]) {
        self.steps = steps
        places = Dictionary(
            steps.enumerated().map { ($0.element.step.id, $0.offset) },
            uniquingKeysWith: { first, _ in first })
    }

    package func step(_ id: StepID) -> PlannedStep? { places[id].map { steps[$0] } }
}

package struct PlannedStep: Sendable {
    package enum Action: Hashable, Sendable {
        /// The artifact exists.
        case cached(Digest)
        /// Nothing recorded has this recipe and these inputs. `isReady` if it could start now.
        case run(isReady: Bool)
        /// Only an input is pending: whether this step runs depends on what the input becomes.
        case mayRun
        /// It failed before, in a way that only a change can mend.
        case failed(RecordedFailure)
        /// A step that must succeed first has failed or is itself blocked.
        case blocked(by: StepID)
        /// A source file cannot be read.
        case missingSource(RepositoryPath, String)
    }

    package let step: Step
    package let action: Action
    /// Nil while an input's digest is unknown.
    package let fingerprint: Fingerprint?
    /// Digests of the inputs that are known, by name.
    package let inputs: [String: Digest]
    /// Empty if and only if nothing is to be done.
    package let reasons: [Reason]
    /// From the last run of this step; nil if it never ran.
    package let estimatedSeconds: Double?

    package init(
        step: Step, action: Action, fingerprint: Fingerprint?, inputs: [String: Digest],
        reasons: [Reason], estimatedSeconds: Double?
    ) {
        self.step = step
        self.action = action
        self.fingerprint = fingerprint
        self.inputs = inputs
        self.reasons = reasons
        self.estimatedSeconds = estimatedSeconds
    }
}

/// The state of a local source file at the time of planning.
package enum SourceFile: Hashable, Sendable {
    case present(Digest)
    /// With what is wrong, for people.
    case unreadable(String)
}
