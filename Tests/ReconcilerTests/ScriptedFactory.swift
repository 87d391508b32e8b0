import Planning
import Reconciler
import ResourceAPI
import ResourceGraph
import StateStore
import TestSupport
import Testing

/// Drives the core without any I/O: plays git, the workers, the store and the gateway, and writes
/// down what the core asks for.
struct ScriptedFactory {
    private(set) var core: ReconcilerCore
    private(set) var effects: [String] = []
    /// Steps that were started and have not ended, in the order of their start.
    private(set) var running: [StepLaunch] = []
    private(set) var served: [String] = []
    private(set) var servedDigests: [Digest] = []
    private(set) var servedOnline: [[ResourceName: Digest]] = []
    private(set) var statuses: [ResourceID: ResourceStatus] = [:]
    private(set) var settlements: [Settlement] = []
    private(set) var wakeAt: Int64?
    private var nextVersion = 1
    private var models: [ResourceName: ReconcilerCore.ModelRecord] = [:]
    private var queue: [CoreEvent] = []
    var now: Int64 = 1_000_000
    /// What evaluations measure.
    var auc = 0.75
    /// Deployments that the gateway cannot be told of.
    var unservable: [ResourceName: ServingTrouble] = [:]
    /// Kinds of effects that the store refuses for now: `move`, `register`, `report` …
    var refused: Set<String> = []

    /// Models about which nothing can be written for now.
    var refusedModels: Set<String> = []

    init(budget: StepBudget = .unlimited) {
        core = ReconcilerCore(recorded: RecordedState(), models: [:], budget: budget)
    }

    /// Another controller on what this one has recorded.
    ///
    /// - Parameter lost: what is found to be missing at its start.
    func restarted(lost: Set<Digest> = []) -> ScriptedFactory {
        var next = ScriptedFactory()
        next.core = ReconcilerCore(
            recorded: core.plan.state,
            models: core.beliefs.stages.mapValues { .init(stages: $0) }.merging(
                models,
                uniquingKeysWith: { stages, versions in
                    .init(versions: versions.versions, stages: stages.stages)
                }),
            served: core.beliefs.served, reported: statuses, lost: lost)
        next.statuses = statuses
        next.models = models
        next.nextVersion = nextVersion
        return next
    }

    static func commit(_ number: UInt8) throws -> CommitID {
        try #require(CommitID(bytes: Array(repeating: number, count: 20)))
    }

    mutating func push(
        _ project: FlightsProject, commit number: UInt8,
        sources: [RepositoryPath: Digest] = FlightsProject.sources
    ) throws {
        try push(project.graph(), commit: number, sources: sources)
    }

    mutating func push(
        _ graph: ResourceGraph, commit number: UInt8,
        sources: [RepositoryPath: Digest] = FlightsProject.sources,
        held: Set<ResourceID> = []
    ) throws {
        let state = DesiredState(
            revision: Revision(pointer: "main", commit: try ScriptedFactory.commit(number)),
            graph: graph, diagnostics: graph.diagnostics,
            sources: sources.mapValues { .present($0) }, runtime: FlightsProject.runtime,
            pinned: [:], held: held)
        try send(.desired(state))
    }

    /// Handles the event and then those that its effects cause, one wholly before the next, as the
    /// real loop does.
    mutating func send(_ event: CoreEvent) throws {
        queue.append(event)
        while !queue.isEmpty {
            let next = queue.removeFirst()
            for effect in core.step(next, now: LoopTime(wall: now, monotonic: now)) { play(effect) }
        }
    }

    /// Lets running steps succeed, in order, until none is left.
    mutating func finishAll() throws {
        for _ in 0..<1000 {
            guard let launch = running.first else { return }
            try finish(launch)
        }
        Issue.record("the factory does not come to rest")
    }

    mutating func finish(_ launch: StepLaunch, warnings: [String] = []) throws {
        let digest = Digest(hashing: Array("artifact of \(launch.fingerprint)".utf8))
        let step = launch.step
        try end(
            launch,
            .succeeded(
                step.id,
                RecordedResult(digest: digest, runID: "r", seconds: 1, warnings: warnings),
                RecordedExecution(
                    fingerprint: launch.fingerprint, recipeVersion: step.recipeVersion,
                    recipe: step.recipe, inputs: launch.inputs, runtime: launch.runtime,
                    seed: step.seed, threads: step.resources.cpus, digest: digest,
                    commit: launch.revision.commit, seconds: 1)))
    }

    mutating func end(_ launch: StepLaunch, _ end: StepEnd) throws {
        running.removeAll { $0.fingerprint == launch.fingerprint }
        try send(.stepEnded(launch.fingerprint, end))
    }

    func status(_ resource: String) throws -> ResourceStatus {
        let id = try #require(ResourceID(resource))
        return try #require(statuses[id])
    }

    mutating func forgetEffects() { effects = [] }

    private mutating func play(_ effect: CoreEffect) {
        if let name = name(effect), refused.contains(name) {
            effects.append("cannot \(name)")
            queue.append(
                .notDone(
                    effect,
                    PassingTrouble(message: "no space left on the device", isOfStore: true)))
            return
        }
        if let model = model(effect), refusedModels.contains(model) {
            effects.append("cannot do anything for \(model)")
            queue.append(.notDone(effect, PassingTrouble(message: "its files are lost")))
            return
        }
        switch effect {
        case .start(let launch):
            effects.append("start \(launch.step.id)")
            running.append(launch)
        case .cancel(let fingerprint):
            let launch = running.first { $0.fingerprint == fingerprint }
            effects.append("cancel \(launch.map { $0.step.id.description } ?? "?")")
        case .loadMetrics(let fingerprint):
            queue.append(.metrics(fingerprint, ["test": ["roc_auc": .double(auc)]]))
        case .register(let order):
            effects.append("register \(order.model) v\(nextVersion)")
            let version = ModelVersion(
                model: order.model, number: nextVersion, digest: order.digest,
                fingerprint: order.fingerprint, commit: order.revision.commit,
                metrics: order.metrics)
            nextVersion += 1
            models[order.model, default: .init()].versions.append(version)
            queue.append(.versionRegistered(version))
        case .move(let move):
            effects.append(
                "move \(move.model)/\(move.stage) to \(move.version.map { "v\($0.number)" } ?? "nothing")"
            )
            queue.append(.stageMoved(move))
        case .serve(_, let intents):
            served = intents.map { "\($0.deployment) v\($0.version.number) × \($0.replicas)" }
            servedDigests = intents.map(\.version.digest)
            servedOnline = intents.map(\.online)
            effects.append("serve \(served.joined(separator: ", "))")
            queue.append(
                .told(unservable.filter { name, _ in intents.contains { $0.deployment == name } }))
        case .report(let list, let removed, _):
            for status in list { statuses[status.resource] = status }
            for id in removed { statuses[id] = nil }
        case .expire(let suspension):
            effects.append("expire \(suspension.resource?.description ?? "everything")")
        case .drift(let id, let what, let isHealed, _):
            effects.append("\(isHealed ? "heal" : "report") \(id): \(what)")
        case .settled(let settlement, _):
            settlements.append(settlement)
            effects.append(
                "settled: \(settlement.ran) ran, \(settlement.cached) cached, \(settlement.failed) failed"
            )
        case .wake(let time):
            wakeAt = time
        }
    }

    private func model(_ effect: CoreEffect) -> String? {
        switch effect {
        case .register(let order): order.model.text
        case .move(let move): move.model.text
        default: nil
        }
    }

    private func name(_ effect: CoreEffect) -> String? {
        switch effect {
        case .register: "register"
        case .move: "move"
        case .serve: "serve"
        case .report: "report"
        case .settled: "settle"
        default: nil
        }
    }
}
