package import Planning
package import ResourceAPI
import ResourceGraph
package import StateStore

/// The reconciler as a pure, synchronous state machine: events in, effects out. It has no clock, no
/// files and no tasks, so every behaviour can be tested, and simulated, without any.
///
/// It is level-triggered: an event only updates what is known and marks what depends on it; then
/// everything marked is compared anew with what is wanted. What an event costs depends on what it
/// touches, not on how much there is. A belief about the outside (a stage, a version) changes only
/// when its effect is reported done, so an effect that fails leaves nothing to be undone: what
/// depends on it is marked again.
package struct ReconcilerCore: Sendable {
    package internal(set) var desired: DesiredState?
    package internal(set) var plan: LivePlan
    /// Of the plan as it was when the commit, or new data, was taken up.
    package internal(set) var planID: PlanID?
    var index = GraphIndex()
    /// The first error of each resource.
    var errors: [ResourceID: Diagnostic] = [:]

    var work: StepWork
    var registry: ModelRegistry
    var serving: ServingState
    var healing = Healing()
    var suspensions: [Suspension]

    var reported: [ResourceID: ResourceStatus]
    /// Resources of which it is not known what status of theirs is recorded, if any: the last report
    /// of them could not be written.
    var unrecorded: Set<ResourceID> = []
    var dirty = DirtySets()
    /// After an effect could not be done, it is not tried again for a while.
    var obstacles = Obstacles()
    /// Recorded as made, but found missing or damaged before this start.
    var lostBefore: Set<Digest>
    var settled: Settlement?
    private var nextWake: Int64?

    /// What is registered for one model, and what its stages show.
    package struct ModelRecord: Hashable, Sendable {
        package var versions: [ModelVersion]
        package var stages: [ResourceName: Int]

        package init(versions: [ModelVersion] = [], stages: [ResourceName: Int] = [:]) {
            self.versions = versions
            self.stages = stages
        }
    }

    /// What has to be looked at anew.
    struct DirtySets: Sendable {
        var models: Set<ResourceName> = []
        var deployments: Set<ResourceName> = []
        var statuses: Set<ResourceID> = []
    }

    /// - Parameters:
    ///   - served: what was served last, for deployments that cannot be resolved now.
    ///   - reported: the statuses as they are recorded, so that a start reports only what differs.
    ///   - lost: artifacts among the results whose files are missing or damaged.
    ///   - budget: steps beyond it wait.
    package init(
        recorded: RecordedState, models: [ResourceName: ModelRecord],
        served: [ServingIntent] = [], reported: [ResourceID: ResourceStatus] = [:],
        suspensions: [Suspension] = [], lost: Set<Digest> = [],
        budget: StepBudget = .unlimited
    ) {
        plan = LivePlan(state: recorded)
        work = StepWork(budget: budget)
        registry = ModelRegistry(models: models)
        serving = ServingState(served)
        self.reported = reported
        self.suspensions = suspensions
        lostBefore = lost
    }

    package mutating func step(_ event: CoreEvent, now time: LoopTime) -> [CoreEffect] {
        let now = time.monotonic
        take(event, now: now)
        guard desired != nil else { return [] }
        releaseHealing(now: now)
        obstacles.release(now: now)
        var effects = expireSuspensions(wall: time.wall)
        effects += scheduleSteps(now: now)
        if !obstacles.hinder(.store) { effects += driftEffects() }
        effects += reconcileModels()
        effects += reconcileServing(now: now)
        effects += reportStatuses()
        effects += settle()
        if let wake = wake(now: time) { effects.append(.wake(at: wake)) }
        return effects
    }

    private mutating func take(_ event: CoreEvent, now: Int64) {
        switch event {
        case .desired(let state): adopt(state, now: now)
        case .stepEnded(let fingerprint, let end): take(end, of: fingerprint, now: now)
        case .metrics(let fingerprint, let value):
            let configs = registry.take(metrics: value, of: fingerprint)
            for config in configs { dirty.models.formUnion(index.models(of: config)) }
        case .versionRegistered(let version):
            registry.take(version)
            dirty.models.insert(version.model)
        case .stageMoved(let move):
            registry.take(move)
            touch(model: move.model)
        case .told(let troubles):
            take(told: troubles, now: now)
        case .served(let report):
            take(report)
        case .suspended(let list):
            take(list)
        case .looked(let actual):
            take(actual, now: now)
        case .collected(let artifacts):
            touch(steps: plan.lost(artifacts))
        case .notDone(let effect, let trouble):
            take(notDone: effect, trouble, now: now)
        case .tick:
            nextWake = nil
        }
    }

    /// A model's stages or versions changed: its deployments and statuses may too.
    mutating func touch(model: ResourceName) {
        dirty.models.insert(model)
        dirty.deployments.formUnion(index.deployments(of: model))
        dirty.statuses.insert(ResourceID(.model, model))
    }

    /// These steps are planned differently now.
    mutating func touch(steps: [StepID]) {
        for id in steps {
            if id.kind == .train || id.kind == .evaluate {
                for model in index.models(of: id.resource.name) { touch(model: model) }
            }
            if id.kind == .online {
                dirty.deployments.formUnion(index.deployments(reading: id.resource.name))
            }
            work.enqueue(id)
        }
        markStatuses(dependingOn: steps)
        if !steps.isEmpty { work.hasChangedPlan = true }
    }

    /// Who waits for something names the whole chain up to it, so a change goes down all of it.
    private mutating func markStatuses(dependingOn steps: [StepID]) {
        var waiting = steps
        var seen = Set(steps)
        while let id = waiting.popLast() {
            dirty.statuses.insert(id.resource)
            if id.kind == .train || id.kind == .evaluate {
                for model in index.models(of: id.resource.name) {
                    dirty.statuses.insert(ResourceID(.model, model))
                    for deployment in index.deployments(of: model) {
                        dirty.statuses.insert(ResourceID(.deployment, deployment))
                    }
                }
            }
            for next in desired?.graph.dependents[id] ?? [] where seen.insert(next).inserted {
                if case .cached? = plan.step(next)?.action { continue }
                waiting.append(next)
            }
        }
    }

    /// The earliest time at which something is to be tried again, if that is new.
    private mutating func wake(now time: LoopTime) -> Int64? {
        let now = time.monotonic
        var times: [Int64] = []
        if let time = work.nextRetry(after: now) { times.append(time) }
        if let time = obstacles.next { times.append(time) }
        if let time = healing.nextRelease(after: now) { times.append(time) }
        if let time = serving.nextRetry(after: now) { times.append(time) }
        times += suspensions.compactMap(\.expiresAt).filter { $0 > time.wall }
            .map { now + $0 - time.wall }
        guard let next = times.min(), next != nextWake else { return nil }
        nextWake = next
        return next
    }

    /// Milliseconds: 1 s, doubled each time, at most 5 minutes.
    static func backoff(after attempts: Int) -> Int64 {
        min(300_000, 1000 << Int64(min(max(attempts, 1) - 1, 10)))
    }
}
