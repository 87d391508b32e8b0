import Reconciler
import ResourceAPI
import ResourceGraph
import SourceControl
import StateStore

// What people do: to the repository, to the controller, and to what it takes care of.

extension SimulatedWorld {
    func edit() throws {
        let edit = try history.edit(time: base.clock.wall / 1000, bias: plan.bias)
        trace.add("  \(edit.rawValue) \(history.head.short)")
        coverage.note("edit", edit.rawValue)
        announce()
    }

    /// A notification may be lost, or come twice.
    func announce() {
        if isFaulty, random.chance(plan.lostNotifications) { return }
        soon(.notify, 50)
        if random.chance(plan.doubledNotifications) { soon(.notify, 500) }
    }

    func approve(_ commit: CommitID, _ what: String) async {
        guard let controller = anyone else { return add(.approve(commit, what), in: 5_000) }
        invariants.approve(commit, what)
        await request(
            .approve(commit: commit, what: what, actor: "ada"), controller, .approve)
    }

    /// Whom a command finds: the newest.
    var anyone: SimulatedController? {
        controllers.keys.sorted().last { paused[$0] == nil }.flatMap { controllers[$0] }
    }

    private func request(
        _ request: ControlRequest, _ controller: SimulatedController, _ transition: Transition
    ) async {
        let outcome = await attempt(controller, transition) {
            try await controller.handle(request)
        }
        guard let outcome else { return }
        trace.add("  \(outcome.reply)")
        if outcome.reply == .done { invariants.done(request, at: base.clock.wall) }
        for event in outcome.events {
            guard controllers[controller.id] != nil else { return }
            await feed(controller, event)
        }
        if outcome.needsLook { notify(controller.id) }
    }

    /// The gateway has done what it was told.
    func report() async {
        let report = serving.report
        for id in controllers.keys.sorted() {
            guard let controller = controllers[id], paused[id] == nil else { continue }
            if let revision = controller.core.desired?.revision {
                for deployment in report.deployments {
                    _ = await attempt(controller, .serve) {
                        do {
                            try await controller.recorder.recordReady(
                                deployment, revision: revision)
                        } catch is PassingTrouble {
                            add(.gateway, in: 5_000)
                        }
                    }
                }
            }
            guard controllers[id] != nil else { continue }
            await feed(controller, .served(report))
        }
    }

    func disturb(_ disturbance: SimulationPlan.Disturbance) async throws {
        coverage.note("disturbance", disturbance.rawValue)
        switch disturbance {
        case .kill:
            guard let controller = anyone else { return }
            await remove(controller)
            add(.start, in: Int64(random.below(10_000) + 100))
        case .powerLoss:
            faults.kill(random.chance(0.5) ? .powerLoss : .powerLossOfAll)
            await die(nil)
        case .takeOver: takeOver()
        case .clockJump:
            let jumps: [Int64] = [-3_600_000, 3_600_000, 315_360_000_000, -60_000]
            base.clock.jump(by: random.pick(jumps) ?? 0)
        case .deleteFile, .cutFile:
            guard let path = random.pick(base.disk.files(below: Self.content)) else { return }
            trace.add("  \(path)")
            if disturbance == .cutFile { base.disk.cut(path) } else { base.disk.delete(path) }
            invariants.spoiled(path)
        case .moveStage: await moveStage()
        case .fillDisk:
            faults.fill(true)
            add(.freeDisk, in: Int64(random.below(200_000) + 1_000))
        case .suspend, .resume, .collect: await ask(disturbance)
        case .forgetServing: serving.forget()
        }
    }

    private static let content = "\(StoreWorld.directory)/store/sha256"

    /// The controller stands still, and loses its lock without noticing.
    private func takeOver() {
        guard let controller = anyone else { return }
        let length = Int64(random.below(60_000) + 1_000)
        paused[controller.id] = now + length
        add(.unpause(controller.id), in: length)
        base.memory.dropLock()
        soon(.start, 5_000)
        invariants.lostLock(controller.id)
    }

    private func moveStage() async {
        guard let controller = anyone else { return }
        let models = controller.core.beliefs.stages.filter { !$0.value.isEmpty }
        guard let model = random.pick(models.keys.sorted()),
            let stage = random.pick((models[model] ?? [:]).keys.sorted())
        else { return }
        let version = random.chance(0.3) ? nil : 1
        trace.add("  \(model)/\(stage) to \(version ?? 0)")
        faults.pause(true)
        _ = try? await controller.store.setStage(
            model: model, stage: stage, version: version,
            origin: ChangeOrigin(actor: "eve", cause: "by hand"))
        faults.pause(false)
    }

    private func ask(_ disturbance: SimulationPlan.Disturbance) async {
        guard let controller = anyone else { return }
        let all = controller.core.desired?.graph.resources.keys.sorted() ?? []
        let resource = random.chance(0.3) ? nil : random.pick(all)
        switch disturbance {
        case .suspend:
            let expiry =
                random.chance(0.6) || plan.suspendsBriefly
                ? base.clock.wall + Int64(random.below(plan.suspendsBriefly ? 5_000 : 60_000) + 1)
                : nil
            trace.add("  \(resource?.description ?? "all") until \(expiry ?? 0)")
            await request(
                .suspend(resource: resource, reason: "tired", actor: "ada", expiresAt: expiry),
                controller, .suspend)
        case .resume:
            let suspended = invariants.suspended.map(\.resource)
            await request(
                .resume(resource: random.pick(suspended) ?? resource, actor: "ada"), controller,
                .resume)
        default:
            await request(
                .collectGarbage(isDryRun: false, retentionMilliseconds: nil, actor: "ada"),
                controller, .collect)
        }
    }

    /// Nothing goes wrong from here on, and people put in order what they had left.
    func endFaults() async throws {
        trace.add("THE FAULTS END")
        isFaulty = false
        faults.mend()
        faults.aim([])
        serving.mend()
        agenda.removeAll { item in
            switch item {
            case .edit, .disturb, .freeDisk, .mendDisk: true
            default: false
            }
        }
        for id in paused.keys.sorted() { soon(.unpause(id), 1_000) }
        history.restoreBranch()
        if plan.hasLastCommit { try history.touch(time: base.clock.wall / 1000) }
        let missing = plan.controllers - controllers.count - starts
        for _ in 0..<max(0, missing) { soon(.start, 1_000) }
        soon(.tidy, 1_000)
        announce()
    }

    /// Until nothing is suspended any more.
    func tidy() async throws {
        let left = try await invariants.reader.suspensions()
        guard !left.isEmpty else { return }
        add(.tidy, in: 3_000)
        for suspension in left {
            guard let controller = anyone else { return }
            await request(
                .resume(resource: suspension.resource, actor: "ada"), controller, .resume)
        }
    }

    private var starts: Int {
        agenda.items.count { if case .start = $0 { true } else { false } }
    }
}
