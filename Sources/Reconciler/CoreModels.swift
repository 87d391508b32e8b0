import Planning
import ResourceAPI
import ResourceGraph

/// What is known of models, and what is being done about them.
struct ModelRegistry: Sendable {
    fileprivate struct StageKey: Hashable {
        let model: ResourceName
        let stage: ResourceName
    }

    fileprivate(set) var models: [ResourceName: ReconcilerCore.ModelRecord]
    /// What the models' configs have come to at this commit, and what their stages shall show.
    fileprivate(set) var outcomes: [ResourceName: TrainingOutcome] = [:]
    fileprivate(set) var decisions: [ResourceName: [StageDecision]] = [:]
    private var metrics: [Fingerprint: JSONValue] = [:]
    /// Evaluations whose metrics were asked for, and for which configs.
    private var asked: [Fingerprint: Set<ResourceName>] = [:]
    private var registering: Set<Digest> = []
    private var moving: Set<StageKey> = []

    init(models: [ResourceName: ReconcilerCore.ModelRecord]) {
        self.models = models
    }

    var isBusy: Bool { !asked.isEmpty || !registering.isEmpty || !moving.isEmpty }

    func version(_ number: Int, of model: ResourceName) -> ModelVersion? {
        models[model]?.versions.first { $0.number == number }
    }

    var isMoving: Bool { !moving.isEmpty }

    /// The metrics of its evaluation are on their way, and until then nothing new is known.
    func isLoading(_ config: ResourceName) -> Bool {
        !asked.isEmpty && asked.values.contains { $0.contains(config) }
    }

    // MARK: What was done

    /// - Returns: the configs that wait for them.
    mutating func take(metrics value: JSONValue, of fingerprint: Fingerprint) -> Set<ResourceName> {
        metrics[fingerprint] = value
        return asked.removeValue(forKey: fingerprint) ?? []
    }

    mutating func take(_ version: ModelVersion) {
        registering.remove(version.digest)
        var record = models[version.model] ?? .init()
        if !record.versions.contains(where: { $0.number == version.number }) {
            record.versions.append(version)
        }
        models[version.model] = record
    }

    mutating func take(_ move: StageMove) {
        moving.remove(StageKey(model: move.model, stage: move.stage))
        models[move.model, default: .init()].stages[move.stage] = move.version?.number
    }

    // MARK: What was not done

    mutating func notLoaded(_ fingerprint: Fingerprint) -> Set<ResourceName> {
        asked.removeValue(forKey: fingerprint) ?? []
    }

    mutating func notRegistered(_ digest: Digest) { registering.remove(digest) }

    mutating func notMoved(_ move: StageMove) {
        moving.remove(StageKey(model: move.model, stage: move.stage))
    }

    // MARK: What to do

    /// Nil while they are being loaded.
    mutating func metrics(
        of evaluation: Fingerprint, for config: ResourceName, effects: inout [CoreEffect]
    ) -> JSONValue? {
        if let known = metrics[evaluation] { return known }
        let isNew = asked[evaluation] == nil
        asked[evaluation, default: []].insert(config)
        if isNew { effects.append(.loadMetrics(evaluation)) }
        return nil
    }

    mutating func register(_ order: VersionOrder) -> [CoreEffect] {
        registering.insert(order.digest).inserted ? [.register(order)] : []
    }

    mutating func move(_ move: StageMove) -> [CoreEffect] {
        moving.insert(StageKey(model: move.model, stage: move.stage)).inserted
            ? [.move(move)] : []
    }

    mutating func note(
        _ model: ResourceName, _ outcome: TrainingOutcome?, _ found: [StageDecision]?
    ) {
        outcomes[model] = outcome
        decisions[model] = found
    }

    /// Takes the stages as somebody found them.
    mutating func replaceStages(_ stages: [ResourceName: Int], of model: ResourceName) {
        models[model, default: .init()].stages = stages
    }
}

// MARK: - Versions and stages

extension ReconcilerCore {
    mutating func reconcileModels() -> [CoreEffect] {
        guard let desired else { return [] }
        var effects: [CoreEffect] = []
        let names = dirty.models.sorted()
        dirty.models = []
        for name in names {
            if obstacles.hinder(.model(name)) {
                dirty.models.insert(name)
                continue
            }
            let id = ResourceID(.model, name)
            dirty.statuses.insert(id)
            if isSuspended(id) { continue }
            if let spec = desired.graph.resources[id]?.model, desired.graph.blocked[id] == nil {
                effects += reconcile(name, spec, desired)
            } else {
                registry.note(name, nil, nil)
                if desired.graph.resources[id] == nil, desired.graph.blocked[id] == nil {
                    effects += clearStages(
                        of: name, except: [], "the model is not in the commit any more", desired)
                }
            }
        }
        return effects
    }

    private mutating func reconcile(
        _ name: ResourceName, _ spec: ModelSpec, _ desired: DesiredState
    ) -> [CoreEffect] {
        var effects: [CoreEffect] = []
        let outcome = outcome(of: spec, model: name, desired, effects: &effects)
        let record = registry.models[name] ?? ModelRecord()
        let decisions = StageResolver(
            spec: spec, outcome: outcome, versions: record.versions, current: record.stages,
            pinned: desired.pinned[name] ?? [:]
        ).decisions()
        if registry.outcomes[name] != outcome {
            // What waits for it says why.
            for deployment in index.deployments(of: name) {
                dirty.statuses.insert(ResourceID(.deployment, deployment))
            }
        }
        registry.note(name, outcome, decisions)
        effects += apply(decisions, model: name, desired)
        effects += clearStages(
            of: name, except: Set(spec.stages.map(\.name)),
            "the stage is not in the manifest any more", desired)
        return effects
    }

    private mutating func outcome(
        of spec: ModelSpec, model: ResourceName, _ desired: DesiredState,
        effects: inout [CoreEffect]
    ) -> TrainingOutcome {
        let config = ResourceID(.trainingConfig, spec.trainingConfig)
        guard let evaluation = desired.graph.resources[config]?.trainingConfig?.evaluation,
            let train = plan.step(StepID(config, .train)),
            let evaluate = plan.step(StepID(config, .evaluate))
        else { return .failed("\(config) is not usable") }
        guard case .cached(let digest) = train.action, let fingerprint = train.fingerprint else {
            return ReconcilerCore.outcome(of: train.action)
        }
        guard case .cached = evaluate.action, let evaluated = evaluate.fingerprint else {
            return ReconcilerCore.outcome(of: evaluate.action)
        }
        guard
            let measured = registry.metrics(
                of: evaluated, for: spec.trainingConfig, effects: &effects)
        else { return .pending }
        let gates = evaluation.gateResults(metrics: measured)
        let broken = gates.filter { !$0.passed }
        guard broken.isEmpty else { return .gatesFailed(broken.map(\.explanation)) }
        if let known = registry.models[model]?.versions.first(where: { $0.digest == digest }) {
            return .registered(version: known.number)
        }
        effects += registry.register(
            VersionOrder(
                model: model, digest: digest, fingerprint: fingerprint, metrics: measured,
                gates: gates, revision: desired.revision))
        return .pending
    }

    private static func outcome(of action: PlannedStep.Action) -> TrainingOutcome {
        switch action {
        case .failed(let failure): .failed(failure.message)
        case .blocked(let step): .failed("\(step) has failed")
        case .missingSource(let path, let problem):
            .failed(
                problem.hasPrefix(path.display) ? problem : "\(path.display): \(problem)")
        case .cached, .run, .mayRun: .pending
        }
    }

    private mutating func apply(
        _ decisions: [StageDecision], model: ResourceName, _ desired: DesiredState
    ) -> [CoreEffect] {
        var effects: [CoreEffect] = []
        for decision in decisions {
            guard case .show(let number) = decision.outcome,
                registry.models[model]?.stages[decision.stage] != number,
                let version = registry.version(number, of: model),
                // Not while its artifact is lost and being made again.
                plan.state.results[version.fingerprint]?.digest == version.digest,
                healing.allows(ResourceID(.model, model))
            else { continue }
            effects += registry.move(
                StageMove(
                    model: model, stage: decision.stage, version: version,
                    revision: desired.revision,
                    cause: "the manifest at \(desired.revision.short) asks for it"))
        }
        return effects
    }

    private mutating func clearStages(
        of model: ResourceName, except wanted: Set<ResourceName>, _ cause: String,
        _ desired: DesiredState
    ) -> [CoreEffect] {
        let extra = registry.models[model]?.stages.keys.filter { !wanted.contains($0) } ?? []
        return extra.sorted().flatMap { stage in
            registry.move(
                StageMove(
                    model: model, stage: stage, version: nil, revision: desired.revision,
                    cause: cause))
        }
    }
}
