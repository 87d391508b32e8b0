package import Planning
package import ResourceAPI
import ResourceGraph

/// The reconciler as a pure, synchronous state machine: events in, effects out. It has no clock, no
/// files and no tasks, so every behaviour can be tested, and simulated, without any.
///
/// It is level-triggered: each event only updates what is known, and then the whole state is looked
/// at anew. An effect that is under way is remembered, so that it is asked for once.
package struct ReconcilerCore: Sendable {
    private(set) var desired: DesiredState?
    private(set) var recorded: RecordedState
    private(set) var models: [ResourceName: ModelRecord]
    private(set) var report: ServingReport?
    private(set) var plan = Plan(steps: [])

    var running: [Fingerprint: StepID] = [:]
    var cancelling: Set<Fingerprint> = []
    var attempts: [Fingerprint: Attempt] = [:]
    private var metrics: [Fingerprint: JSONValue] = [:]
    private var askedMetrics: Set<Fingerprint> = []
    private var registering: Set<Digest> = []
    private var served: [ServingIntent]?
    private var reported: [ResourceStatus]?
    private var settled: Settlement?
    private var ranForRevision: Set<Fingerprint> = []

    /// What is registered for one model, and what its stages show.
    package struct ModelRecord: Sendable {
        package var versions: [ModelVersion]
        package var stages: [ResourceName: Int]

        package init(versions: [ModelVersion] = [], stages: [ResourceName: Int] = [:]) {
            self.versions = versions
            self.stages = stages
        }
    }

    struct Attempt: Sendable {
        var count: Int
        var notBefore: Int64
        var message: String
    }

    package init(recorded: RecordedState, models: [ResourceName: ModelRecord]) {
        self.recorded = recorded
        self.models = models
    }

    /// - Parameter now: milliseconds since 1970; only compared with itself.
    package mutating func step(_ event: CoreEvent, now: Int64) -> [CoreEffect] {
        take(event, now: now)
        return look(now: now)
    }

    private mutating func take(_ event: CoreEvent, now: Int64) {
        switch event {
        case .desired(let state):
            if state.revision != desired?.revision {
                ranForRevision = []
                settled = nil
                // Another commit may mend what a passing trouble stopped.
                attempts = [:]
            }
            desired = state
        case .stepEnded(let fingerprint, let end):
            running[fingerprint] = nil
            cancelling.remove(fingerprint)
            record(end, of: fingerprint, now: now)
        case .metrics(let fingerprint, let value):
            metrics[fingerprint] = value
        case .versionRegistered(let version):
            registering.remove(version.digest)
            var record = models[version.model] ?? ModelRecord()
            if !record.versions.contains(where: { $0.number == version.number }) {
                record.versions.append(version)
            }
            models[version.model] = record
        case .served(let report):
            self.report = report
        case .tick:
            break
        }
    }

    private mutating func record(_ end: StepEnd, of fingerprint: Fingerprint, now: Int64) {
        switch end {
        case .succeeded(let id, let result, let execution):
            recorded.results[fingerprint] = result
            recorded.lastExecutions[id] = execution
            attempts[fingerprint] = nil
            ranForRevision.insert(fingerprint)
        case .failed(let failure):
            recorded.failures[fingerprint] = failure
            attempts[fingerprint] = nil
        case .interrupted(let message):
            let count = (attempts[fingerprint]?.count ?? 0) + 1
            attempts[fingerprint] = Attempt(
                count: count, notBefore: now + ReconcilerCore.backoff(after: count),
                message: message)
        case .cancelled:
            break
        }
    }

    /// A step that has failed this often for passing reasons waits for a change or a new commit.
    static let maximumAttempts = 6

    /// Milliseconds: 1 s, doubled each time, at most 5 minutes.
    static func backoff(after attempts: Int) -> Int64 {
        min(300_000, 1000 << Int64(min(attempts - 1, 10)))
    }

    private mutating func look(now: Int64) -> [CoreEffect] {
        guard let desired else { return [] }
        plan = Planner.plan(
            desired.graph, state: recorded, sources: desired.sources, runtime: desired.runtime)
        var effects = scheduleSteps(for: desired, now: now)
        var summary = ModelSummary()
        effects += reconcileModels(for: desired, into: &summary)
        effects += serve(desired)
        let statuses = Summarizer(
            desired: desired, plan: plan, running: Set(running.values), attempts: attempts,
            models: summary, report: report
        ).statuses()
        if statuses != reported {
            reported = statuses
            effects.append(.report(statuses))
        }
        effects += settle(desired)
        return effects
    }
}

// MARK: - Steps

extension ReconcilerCore {
    private mutating func scheduleSteps(for desired: DesiredState, now: Int64) -> [CoreEffect] {
        var effects: [CoreEffect] = []
        var wanted: Set<Fingerprint> = []
        var wake: Int64?
        for planned in plan.steps {
            guard case .run(isReady: true) = planned.action, let fingerprint = planned.fingerprint
            else { continue }
            wanted.insert(fingerprint)
            if running[fingerprint] != nil { continue }
            let attempt = attempts[fingerprint]
            if let attempt, attempt.count >= ReconcilerCore.maximumAttempts { continue }
            if let attempt, attempt.notBefore > now {
                wake = min(wake ?? attempt.notBefore, attempt.notBefore)
                continue
            }
            running[fingerprint] = planned.step.id
            effects.append(
                .start(
                    StepLaunch(
                        step: planned.step, fingerprint: fingerprint, inputs: planned.inputs,
                        reasons: planned.reasons, revision: desired.revision,
                        runtime: desired.runtime, attempt: (attempt?.count ?? 0) + 1)))
        }
        for fingerprint in running.keys.sorted()
        where !wanted.contains(fingerprint) && cancelling.insert(fingerprint).inserted {
            effects.append(.cancel(fingerprint))
        }
        if let wake { effects.append(.wake(at: wake)) }
        return effects
    }

    /// Whether a step is running or can still be started. A step that waits for one that has used
    /// up its attempts waits for nothing.
    private var isBusy: Bool {
        var stuck: Set<StepID> = []
        for planned in plan.steps {
            let step = planned.step
            switch planned.action {
            case .cached, .failed, .blocked, .missingSource:
                continue
            case .run(isReady: true):
                let attempt = planned.fingerprint.flatMap { attempts[$0] }
                guard let attempt, attempt.count >= ReconcilerCore.maximumAttempts else {
                    return true
                }
                stuck.insert(step.id)
            case .run, .mayRun:
                let needs = step.inputs.compactMap { input in
                    if case .step(let id) = input.origin { id } else { nil }
                }
                guard (needs + step.after).contains(where: stuck.contains) else { return true }
                stuck.insert(step.id)
            }
        }
        return false
    }

    private mutating func settle(_ desired: DesiredState) -> [CoreEffect] {
        guard !isBusy, running.isEmpty, registering.isEmpty,
            askedMetrics.allSatisfy({ metrics[$0] != nil })
        else { return [] }
        var cached = 0
        var failed = 0
        for planned in plan.steps {
            if case .cached = planned.action { cached += 1 } else { failed += 1 }
        }
        let settlement = Settlement(
            revision: desired.revision, cached: cached, ran: ranForRevision.count, failed: failed,
            errors: desired.diagnostics.filter { $0.severity == .error }.count)
        guard settlement != settled else { return [] }
        settled = settlement
        return [.settled(settlement)]
    }
}

// MARK: - Models and deployments

extension ReconcilerCore {
    private mutating func reconcileModels(
        for desired: DesiredState, into summary: inout ModelSummary
    ) -> [CoreEffect] {
        var effects: [CoreEffect] = []
        let graph = desired.graph
        for (id, resource) in graph.resources.sorted(by: { $0.key < $1.key }) {
            guard let spec = resource.model, graph.blocked[id] == nil else { continue }
            let outcome = outcome(of: spec, model: id.name, desired, effects: &effects)
            let record = models[id.name] ?? ModelRecord()
            let decisions = StageResolver(
                spec: spec, outcome: outcome, versions: record.versions, current: record.stages,
                pinned: desired.pinned[id.name] ?? [:]
            ).decisions()
            effects += apply(decisions, model: id.name, desired)
            effects += clearRemovedStages(of: spec, model: id.name, desired)
            summary.outcomes[id.name] = outcome
            summary.decisions[id.name] = decisions
        }
        effects += clearRemovedModels(desired)
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
        guard let measured = metrics[evaluated] else {
            if askedMetrics.insert(evaluated).inserted { effects.append(.loadMetrics(evaluated)) }
            return .pending
        }
        let gates = evaluation.gateResults(metrics: measured)
        let broken = gates.filter { !$0.passed }
        guard broken.isEmpty else { return .gatesFailed(broken.map(\.explanation)) }
        if let known = models[model]?.versions.first(where: { $0.digest == digest }) {
            return .registered(version: known.number)
        }
        if registering.insert(digest).inserted {
            effects.append(
                .register(
                    VersionOrder(
                        model: model, digest: digest, fingerprint: fingerprint, metrics: measured,
                        gates: gates, revision: desired.revision)))
        }
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
        decisions.compactMap { decision in
            guard case .show(let number) = decision.outcome,
                models[model]?.stages[decision.stage] != number,
                let version = models[model]?.versions.first(where: { $0.number == number })
            else { return nil }
            models[model]?.stages[decision.stage] = number
            return .move(
                StageMove(
                    model: model, stage: decision.stage, version: version,
                    revision: desired.revision,
                    cause: "the manifest at \(desired.revision.short) asks for it"))
        }
    }

    private mutating func clearRemovedStages(
        of spec: ModelSpec, model: ResourceName, _ desired: DesiredState
    ) -> [CoreEffect] {
        let wanted = Set(spec.stages.map(\.name))
        let extra = (models[model]?.stages.keys.filter { !wanted.contains($0) } ?? []).sorted()
        return extra.map { stage in
            models[model]?.stages[stage] = nil
            return .move(
                StageMove(
                    model: model, stage: stage, version: nil, revision: desired.revision,
                    cause: "the stage is not in the manifest any more"))
        }
    }

    private mutating func clearRemovedModels(_ desired: DesiredState) -> [CoreEffect] {
        var effects: [CoreEffect] = []
        for model in models.keys.sorted()
        where desired.graph.resources[ResourceID(.model, model)] == nil
            && desired.graph.blocked[ResourceID(.model, model)] == nil
        {
            for stage in (models[model]?.stages.keys.sorted() ?? []) {
                models[model]?.stages[stage] = nil
                effects.append(
                    .move(
                        StageMove(
                            model: model, stage: stage, version: nil, revision: desired.revision,
                            cause: "the model is not in the commit any more")))
            }
        }
        return effects
    }

    /// A deployment that cannot be resolved now keeps what it serves; one that is absent from the
    /// commit is dropped.
    private mutating func serve(_ desired: DesiredState) -> [CoreEffect] {
        var intents: [ServingIntent] = []
        let graph = desired.graph
        let before = Dictionary(
            (served ?? []).map { ($0.deployment, $0) }, uniquingKeysWith: { a, _ in a })
        let names = Set(
            graph.resources.keys.filter { $0.kind == .deployment }
                + graph.blocked.keys.filter { $0.kind == .deployment }
        ).map(\.name).sorted()
        for name in names {
            let id = ResourceID(.deployment, name)
            if graph.blocked[id] == nil, let spec = graph.resources[id]?.deployment,
                let number = models[spec.model]?.stages[spec.stage],
                let version = models[spec.model]?.versions.first(where: { $0.number == number }),
                // Not while its artifact is lost and being made again.
                recorded.results[version.fingerprint]?.digest == version.digest
            {
                intents.append(
                    ServingIntent(deployment: name, replicas: spec.replicas, version: version))
            } else if let kept = before[name] {
                intents.append(kept)
            }
        }
        guard intents != served else { return [] }
        served = intents
        return [.serve(revision: desired.revision, intents)]
    }
}
