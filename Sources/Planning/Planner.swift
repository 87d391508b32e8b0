package import ResourceAPI
package import ResourceGraph

/// The one function behind `ingot plan` and the controller: the same inputs, the same plan.
package enum Planner {
    /// - Parameters:
    ///   - sources: every file that a snapshot reads.
    ///   - runtime: digest of the Python runtime's lock file.
    package static func plan(
        _ graph: ResourceGraph, state: RecordedState, sources: [RepositoryPath: SourceFile],
        runtime: Digest
    ) -> Plan {
        var planner = StepPlanner(state: state, sources: sources, runtime: runtime)
        for id in graph.order {
            if let step = graph.steps[id] { planner.plan(step) }
        }
        return Plan(steps: planner.planned)
    }
}

private struct StepPlanner {
    let state: RecordedState
    let sources: [RepositoryPath: SourceFile]
    let runtime: Digest
    private(set) var planned: [PlannedStep] = []
    private var actions: [StepID: PlannedStep.Action] = [:]

    init(state: RecordedState, sources: [RepositoryPath: SourceFile], runtime: Digest) {
        self.state = state
        self.sources = sources
        self.runtime = runtime
    }

    mutating func plan(_ step: Step) {
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
        let fingerprint = step.fingerprint(inputs: inputs, runtime: runtime)
        let action =
            recorded(fingerprint) ?? obstacle
            ?? waiting.lazy.compactMap(obstacleAction).first
            ?? pendingAction(step, inputs: inputs, pending: pending, isWaiting: !waiting.isEmpty)
        actions[step.id] = action
        planned.append(
            PlannedStep(
                step: step, action: action, fingerprint: fingerprint, inputs: inputs,
                reasons: reasons(for: step, action, inputs: inputs, pending: pending),
                estimatedSeconds: state.lastExecutions[step.id]?.seconds))
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
        case .step(let id):
            if case .cached(let digest)? = actions[id] { return .known(digest) }
            return obstacleAction(id).map(InputState.obstacle) ?? .pending
        }
    }

    private func isSucceeded(_ id: StepID) -> Bool {
        if case .cached? = actions[id] { true } else { false }
    }

    /// `.blocked` if the step cannot succeed without a change; nil if it still may.
    private func obstacleAction(_ id: StepID) -> PlannedStep.Action? {
        switch actions[id] {
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
