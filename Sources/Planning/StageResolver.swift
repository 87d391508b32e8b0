package import ResourceAPI

/// What a model's training config has come to at the commit in question.
package enum TrainingOutcome: Hashable, Sendable {
    /// Trained, evaluated, gates passed, registered.
    case registered(version: Int)
    /// Trained, but gates failed: one sentence for each.
    case gatesFailed([String])
    /// Work is under way or has not begun.
    case pending
    /// It cannot succeed without a change.
    case failed(String)
}

package struct StageDecision: Hashable, Sendable {
    package enum Outcome: Hashable, Sendable {
        case show(version: Int)
        /// Nothing has ever qualified.
        case empty(String)
        /// Stays as it is, with the reason.
        case hold(String)
    }

    package let stage: ResourceName
    package let outcome: Outcome
    package init(stage: ResourceName, outcome: Outcome) {
        self.stage = stage
        self.outcome = outcome
    }
}

/// Decides which version each stage of a model shows: a function of the commit and of what has
/// been registered, so that the same commit always means the same stages.
package struct StageResolver {
    private let spec: ModelSpec
    private let outcome: TrainingOutcome
    private let versions: [ModelVersion]
    private let current: [ResourceName: Int]
    private let pinned: [String: Digest]

    /// - Parameters:
    ///   - versions: all that are registered for this model.
    ///   - current: what the stages show now.
    ///   - pinned: for each `commit:` that a stage names, the model digest that the training config
    ///     has at that commit.
    package init(
        spec: ModelSpec, outcome: TrainingOutcome, versions: [ModelVersion],
        current: [ResourceName: Int], pinned: [String: Digest]
    ) {
        self.spec = spec
        self.outcome = outcome
        self.versions = versions
        self.current = current
        self.pinned = pinned
    }

    /// In the order of the manifest.
    package func decisions() -> [StageDecision] {
        spec.stages.map {
            StageDecision(stage: $0.name, outcome: decide($0, following: [$0.name]))
        }
    }

    private func decide(
        _ stage: ModelSpec.Stage, following path: [ResourceName]
    ) -> StageDecision.Outcome {
        switch stage.target {
        case .latest:
            return latest(stage.name)
        case .stage(let other):
            guard let target = spec.stages.first(where: { $0.name == other }),
                !path.contains(other)
            else { return hold(stage.name, "stage '\(other)' does not exist or follows itself") }
            switch decide(target, following: path + [other]) {
            case .show(let version): return .show(version: version)
            case .empty(let why): return hold(stage.name, why)
            case .hold(let why):
                if let version = current[other] { return .show(version: version) }
                return hold(stage.name, why)
            }
        case .version(let number):
            if versions.contains(where: { $0.number == number }) { return .show(version: number) }
            return hold(stage.name, "version \(number) does not exist")
        case .digest(let digest):
            return show(digest, for: stage.name, "no version has the digest \(digest)")
        case .commit(let commit):
            if let digest = pinned[commit] {
                return show(digest, for: stage.name, "the model of commit \(commit) has no version")
            }
            return hold(stage.name, "nothing was trained at commit \(commit)")
        }
    }

    private func latest(_ stage: ResourceName) -> StageDecision.Outcome {
        switch outcome {
        case .registered(let version): .show(version: version)
        case .pending: hold(stage, "training is under way")
        case .failed(let why): hold(stage, why)
        case .gatesFailed(let gates): hold(stage, gates.joined(separator: "; "))
        }
    }

    private func show(
        _ digest: Digest, for stage: ResourceName, _ otherwise: String
    ) -> StageDecision.Outcome {
        guard let version = versions.first(where: { $0.digest == digest }) else {
            return hold(stage, otherwise)
        }
        return .show(version: version.number)
    }

    private func hold(_ stage: ResourceName, _ why: String) -> StageDecision.Outcome {
        current[stage] == nil ? .empty(why) : .hold(why)
    }
}
