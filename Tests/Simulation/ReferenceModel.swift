import Planning
import Reconciler
import ResourceAPI
import ResourceGraph
import SourceControl
import StateStore

/// What the newest commit asks for, worked out from scratch: the commit is read whole, planned whole,
/// and compared with what people meant and with what the workers' scripts say.
struct ReferenceModel {
    private let world: SimulatedWorld
    private let store: StateStore
    private let project: SimulatedProject
    private let compiled: CompiledCommit
    private let plan: Plan
    private let versions: [VersionRecord]
    private let stages: [String: Int]

    init(_ world: SimulatedWorld) async throws {
        self.world = world
        store = world.invariants.reader
        let head = world.history.head
        project = world.history.project(at: head) ?? SimulatedProject()
        let applied = Dictionary(
            try await store.inventory().map { ($0.resource, $0) },
            uniquingKeysWith: { first, _ in first })
        compiled = try await DesiredStateReader(
            repository: world.repository, projectPath: RepositoryPath(""),
            standardLock: Array("lock".utf8)
        ).compile(head, applied: applied)
        let sources = try await SourceObserver(
            repository: world.repository, projectPath: RepositoryPath(""), dataDirectory: nil,
            store: store
        ).observe(compiled.graph, at: head)
        plan = Planner.plan(
            compiled.graph, state: try await store.recordedState(), sources: sources,
            runtime: compiled.runtime)
        versions = try await store.versions()
        stages = Dictionary(
            try await store.currentStages().compactMap { stage in
                stage.version.map { ("\(stage.model)/\(stage.stage)", $0) }
            }, uniquingKeysWith: { first, _ in first })
    }

    /// Nil if all is as it should be.
    func difference() async throws -> String? {
        let newest = try await store.revisions(limit: 1).first
        guard newest?.revision.commit == compiled.commit else {
            return
                "\(compiled.commit.short) is not reconciled, but \(newest?.revision.short ?? "nothing")"
        }
        if newest?.state == .reconciling { return "\(compiled.commit.short) is not settled" }
        for planned in plan.steps {
            if let found = try await difference(in: planned) { return found }
        }
        for name in project.chains.keys.sorted() {
            if let chain = project.chains[name], let found = difference(in: chain, name) {
                return found
            }
        }
        if let found = try await leftovers() { return found }
        return try await statuses()
    }

    // MARK: Steps

    private func difference(in planned: PlannedStep) async throws -> String? {
        let id = planned.step.id
        switch planned.action {
        case .cached(let digest):
            return try await content(digest, of: planned)
        case .failed(let failure):
            guard let fingerprint = planned.fingerprint else { return "\(id) has failed early" }
            let script = world.plan.workers.script(
                fingerprint, attempt: .max, fails: planned.step.fails)
            let isExpected =
                script.ending == .deterministicFailure
                || (script.ending == .nondeterministic && failure.code == "NonReproducible")
            return isExpected ? nil : "\(id) has failed: \(failure.message)"
        case .blocked: return nil
        case .missingSource(let path, _): return "\(id) misses \(path.display)"
        case .run, .mayRun:
            if isExhausted(planned) || isUnwilling(planned) { return nil }
            return "\(id) has not run: \(planned.action)"
        }
    }

    /// It failed for passing reasons as often as the controller's patience lasts; without another
    /// commit a human must look.
    private func isExhausted(_ planned: PlannedStep) -> Bool {
        guard !world.plan.hasLastCommit else { return false }
        return world.controllers.values.contains { controller in
            controller.core.hasGivenUp(planned.step.id)
        } || waitsForOther(planned)
    }

    private func waitsForOther(_ planned: PlannedStep) -> Bool {
        let needed = planned.step.inputs.compactMap { input in
            if case .step(let id) = input.origin { id } else { nil }
        }
        return (needed + planned.step.after).contains { id in
            guard let other = plan.step(id) else { return false }
            switch other.action {
            case .run, .mayRun: return isExhausted(other) || isUnwilling(other)
            default: return false
            }
        }
    }

    /// It was put back too often: people are told, and it waits for them.
    private func isUnwilling(_ planned: PlannedStep) -> Bool {
        world.controllers.values.contains { !$0.core.heals(planned.step.id.resource) }
            || waitsForOther(planned)
    }

    /// S8: the result is what the script wrote.
    private func content(_ digest: Digest, of planned: PlannedStep) async throws -> String? {
        guard let fingerprint = planned.fingerprint else { return nil }
        let script = world.plan.workers.script(
            fingerprint, attempt: .max, fails: planned.step.fails)
        guard script.ending == .success else { return nil }
        let expected = world.plan.workers.files(script, fingerprint, attempt: 1)
        let files = try await store.artifacts.files(of: digest)
        for (name, bytes) in expected {
            guard let file = files[name], world.base.disk.bytes(of: file.path) == bytes else {
                return "S8: \(planned.step.id) has another result than its worker made"
            }
        }
        return nil
    }

    // MARK: Models

    private func difference(in chain: SimulatedProject.Chain, _ name: String) -> String? {
        guard let model = ResourceName(name) else { return nil }
        let ids = [ResourceID(.model, model), ResourceID(.trainingConfig, model)]
        guard ids.allSatisfy({ compiled.graph.blocked[$0] == nil && !compiled.held.contains($0) }),
            compiled.graph.resources[ids[0]] != nil,
            world.controllers.values.allSatisfy({ $0.core.heals(ids[0]) })
        else { return nil }
        let staging = stages["\(name)/staging"]
        if let trained = trained(model, gate: chain.gate) {
            let version = versions.first {
                $0.version.model == model && $0.version.digest == trained
            }
            guard let version else { return "\(name) has passed its gate, and has no version" }
            guard staging == version.version.number else {
                return "\(name)/staging shows \(staging ?? 0), not \(version.version.number)"
            }
        }
        let production = stages["\(name)/production"]
        switch chain.production {
        case .latest:
            if staging != nil, production != staging {
                return "\(name)/production shows \(production ?? 0), not \(staging ?? 0)"
            }
        case .version(let number):
            let exists = versions.contains {
                $0.version.model == model && $0.version.number == number
            }
            if exists, production != number {
                return "\(name)/production shows \(production ?? 0), not \(number)"
            }
        }
        return serving(chain, name, production)
    }

    /// The model's digest, if this commit's training passes its gate.
    private func trained(_ config: ResourceName, gate: Double) -> Digest? {
        let id = ResourceID(.trainingConfig, config)
        guard case .cached(let digest)? = plan.step(StepID(id, .train))?.action,
            let evaluate = plan.step(StepID(id, .evaluate)), case .cached = evaluate.action,
            let fingerprint = evaluate.fingerprint,
            world.plan.workers.metric(fingerprint) >= gate
        else { return nil }
        return digest
    }

    private func serving(
        _ chain: SimulatedProject.Chain, _ name: String, _ production: Int?
    ) -> String? {
        let intent = world.serving.intents?.first { $0.deployment.text == name }
        guard chain.hasDeployment else {
            return intent == nil ? nil : "\(name) is served, and no manifest asks for it"
        }
        guard let production else { return nil }
        guard let intent, intent.version.number == production, intent.replicas == chain.replicas
        else {
            let version = versions.first {
                $0.version.model.text == name && $0.version.number == production
            }
            // A model that is lost and cannot be made again is not handed to the gateway.
            if let version, !isThere(version.version.digest) { return nil }
            return "\(name) serves \(intent?.version.number ?? 0), not \(production)"
        }
        return nil
    }

    private func isThere(_ digest: Digest) -> Bool {
        world.controllers.values.contains { controller in
            controller.core.plan.state.results.values.contains { $0.digest == digest }
        }
    }

    // MARK: The rest

    /// Of what is in no manifest any more nothing is left.
    private func leftovers() async throws -> String? {
        let graph = compiled.graph
        for stage in try await store.currentStages() where stage.version != nil {
            let id = ResourceID(.model, stage.model)
            if graph.resources[id] == nil, graph.blocked[id] == nil {
                return "\(stage.model)/\(stage.stage) shows a version, and no manifest asks for it"
            }
        }
        for intent in world.serving.intents ?? [] {
            let id = ResourceID(.deployment, intent.deployment)
            if graph.resources[id] == nil, graph.blocked[id] == nil {
                return "\(intent.deployment) is served, and no manifest asks for it"
            }
        }
        return nil
    }

    private func statuses() async throws -> String? {
        let found = Set(try await store.statuses().map(\.resource))
        let expected = Set(compiled.graph.resources.keys).union(compiled.graph.blocked.keys)
        if let missing = expected.subtracting(found).min() { return "\(missing) has no status" }
        if let extra = found.subtracting(expected).min() { return "\(extra) still has a status" }
        for record in try await store.statuses() where record.resource.name.text.hasPrefix("d") {
            guard record.resource.kind == .dataset,
                let step = plan.step(StepID(record.resource, .noop)),
                compiled.graph.blocked[record.resource] == nil,
                !compiled.held.contains(record.resource)
            else { continue }
            let isReady = record.status.conditions.first { $0.type == "Ready" }?.status == .yes
            let isMade = if case .cached = step.action { true } else { false }
            if isReady != isMade {
                return "\(record.resource) is \(record.status.message), and its step \(step.action)"
            }
        }
        return nil
    }
}

extension Step {
    /// Its manifest says so.
    var fails: Bool {
        guard case .object(let fields) = recipe, case .object(let source)? = fields["source"],
            case .object(let noop)? = source["noop"], case .bool(let fails)? = noop["fails"]
        else { return false }
        return fails
    }
}
