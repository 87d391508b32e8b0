import ResourceAPI
import ResourceGraph

/// Plans one step, given how those before it are planned.
struct StepPlanner {
    let state: RecordedState
    let sources: [RepositoryPath: SourceFile]
    let runtime: Digest
    let planned: [StepID: PlannedStep]

    func plan(_ step: Step) -> PlannedStep {
        var inputs: [String: Digest] = [:]
        var pending: [String] = []
        var obstacle: PlannedStep.Action?
        for input in step.inputs {
            switch digest(of: input.origin) {
            case .known(let digest): inputs[input.name] = digest
            case .pending: pending.append(input.name)
            case .obstacle(let action): obstacle = obstacle ?? action
            }
        }
        let waiting = step.after.filter { !isSucceeded($0) }
        // What is pinned is known, whether its source can be read or not.
        let fingerprint =
            step.pin != nil || pending.isEmpty && obstacle == nil
            ? step.fingerprint(inputs: inputs, runtime: runtime) : nil
        let action =
            recorded(fingerprint) ?? obstacle
            ?? waiting.lazy.compactMap(obstacleAction).first
            ?? pendingAction(step, inputs: inputs, pending: pending, isWaiting: !waiting.isEmpty)
        return PlannedStep(
            step: step, action: action, fingerprint: fingerprint, inputs: inputs,
            reasons: reasons(for: step, action, inputs: inputs, pending: pending),
            estimatedSeconds: state.lastExecutions[step.id]?.seconds)
    }

    private enum InputState {
        case known(Digest)
        case pending
        case obstacle(PlannedStep.Action)
    }

    private func digest(of origin: StepInput.Origin) -> InputState {
        switch origin {
        case .file(let path):
            switch sources[path] {
            case .present(let digest): return .known(digest)
            case .unreadable(let problem): return .obstacle(.missingSource(path, problem))
            case nil: return .obstacle(.missingSource(path, "the file was not looked for"))
            }
        case .unpinned(let problem):
            return .obstacle(.missingSource(SnapshotLock.path, problem))
        case .step(let id):
            if case .cached(let digest)? = planned[id]?.action { return .known(digest) }
            return obstacleAction(id).map(InputState.obstacle) ?? .pending
        }
    }

    private func isSucceeded(_ id: StepID) -> Bool {
        if case .cached? = planned[id]?.action { true } else { false }
    }

    /// `.blocked` if the step cannot succeed without a change; nil if it still may.
    private func obstacleAction(_ id: StepID) -> PlannedStep.Action? {
        switch planned[id]?.action {
        case .failed, .missingSource: .blocked(by: id)
        case .blocked(let root): .blocked(by: root)
        case nil: .blocked(by: id)
        case .cached, .run, .mayRun: nil
        }
    }

    private func recorded(_ fingerprint: Fingerprint?) -> PlannedStep.Action? {
        guard let fingerprint else { return nil }
        if let result = state.results[fingerprint] { return .cached(result.digest) }
        return state.failures[fingerprint].map(PlannedStep.Action.failed)
    }

    /// With every input known, the fingerprint is new and the step surely runs. Otherwise it surely
    /// runs if its own recipe is new, and may run if only the pending inputs could differ.
    private func pendingAction(
        _ step: Step, inputs: [String: Digest], pending: [String], isWaiting: Bool
    ) -> PlannedStep.Action {
        if pending.isEmpty { return .run(isReady: !isWaiting) }
        guard let last = state.lastExecutions[step.id] else { return .run(isReady: false) }
        let ownReasons = ReasonFinder(step: step, last: last, runtime: runtime)
            .reasons(inputs: inputs)
        return ownReasons.isEmpty ? .mayRun : .run(isReady: false)
    }

    private func reasons(
        for step: Step, _ action: PlannedStep.Action, inputs: [String: Digest], pending: [String]
    ) -> [Reason] {
        switch action {
        case .cached, .failed, .blocked, .missingSource: return []
        case .run, .mayRun: break
        }
        let waits = pending.map { Reason(kind: .inputPending, resource: nil, field: $0) }
        guard let last = state.lastExecutions[step.id] else {
            return [Reason(kind: .firstRun, resource: step.id.resource)] + waits
        }
        let found = ReasonFinder(step: step, last: last, runtime: runtime).reasons(inputs: inputs)
        if found.isEmpty, waits.isEmpty {
            return [Reason(kind: .artifactMissing, resource: step.id.resource)]
        }
        return found + waits
    }
}
