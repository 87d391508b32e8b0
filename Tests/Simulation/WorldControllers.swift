import Execution
import Planning
import Reconciler
import ResourceAPI
import SourceControl
import StateStore

// MARK: - Life and death

extension SimulatedWorld {
    func start() async throws {
        lastID += 1
        let id = lastID
        if controllers.isEmpty { removeWork() }
        faults.enter(.open)
        do {
            let controller = try await SimulatedController(
                id: id,
                parts: .init(
                    repository: repository, disk: base.disk, clock: base.clock, serving: serving,
                    trace: trace, open: { [base] in try await base.open() }))
            if faults.down != nil { throw SimulatedCrash() }
            controllers[id] = controller
            trace.add("  controller \(id), epoch \(controller.store.epoch)")
            invariants.opened(controller.store.epoch)
            let suspensions = try await controller.store.suspensions()
            invariants.suspended(suspensions)
            await feed(controller, .suspended(suspensions))
            await feed(controller, .served(serving.report))
            notify(id)
            if random.chance(0.1) { try await lookClosely(isSwept: true) }
        } catch {
            trace.add("  does not start: \(error)")
            // It may have become the newest writer before it failed.
            invariants.opened(try await invariants.currentEpoch())
            if faults.down != nil {
                await die(nil)
            } else if case .inUse? = error as? StateStoreError {
                add(.start, in: Int64(random.below(15_000) + 5_000))
                return
            }
            add(.start, in: Int64(random.below(5_000) + 100))
            // Somebody notices that it never starts.
            if faults.isDamaged { add(.mendDisk, in: 30_000) }
        }
    }

    /// As `ingot run` sweeps what the last one left.
    private func removeWork() {
        for file in base.disk.files(below: "\(StoreWorld.directory)/work") {
            base.disk.delete(file)
        }
    }

    /// The fault that is down has killed the one it met, or the machine.
    func die(_ met: SimulatedController?) async {
        let isMachine = faults.down != .crash
        let dead =
            isMachine
            ? controllers.keys.sorted().compactMap { controllers[$0] } : met.map { [$0] } ?? []
        for controller in dead { await remove(controller) }
        if isMachine, random.chance(0.5) { serving.forget() }
        base.disk.restart()
        for _ in dead { add(.start, in: Int64(random.below(10_000) + 100)) }
    }

    /// Its processes die with it.
    func remove(_ controller: SimulatedController) async {
        trace.add("  controller \(controller.id) is gone")
        controllers[controller.id] = nil
        paused[controller.id] = nil
        invariants.ended(controller.id)
        try? await controller.store.close()
    }

    /// Has a controller do something as part of a transition.
    ///
    /// - Returns: nil if it did not survive that.
    func attempt<Value>(
        _ controller: SimulatedController, _ transition: Transition,
        _ body: () async throws -> Value
    ) async -> Value? {
        faults.enter(transition)
        defer { faults.enter(nil) }
        let isStale = controller.store.epoch < invariants.epoch
        let before = base.memory.changes
        defer {
            if isStale, base.memory.changes != before {
                violated("S9: a writer that is not the newest has written")
            }
        }
        do {
            let value = try await body()
            if faults.down == nil { return value }
            await die(controller)
        } catch {
            if faults.down != nil {
                await die(controller)
            } else {
                trace.add("  controller \(controller.id) ends: \(error)")
                if let found = invariants.gaveUp(controller, error) { violated(found) }
                await remove(controller)
                add(.start, in: Int64(random.below(10_000) + 100))
            }
        }
        return nil
    }
}

// MARK: - Looks

extension SimulatedWorld {
    func notify(_ id: Int) {
        guard let controller = awake(id, .notify) else { return }
        invariants.notified(id, at: now)
        if controller.signal.notify() { soon(.lookBegin(id), 20) }
    }

    func beginLook(_ id: Int) async {
        guard let controller = awake(id, .lookBegin(id)) else { return }
        invariants.looked(id, at: now)
        let before = try? await invariants.beforeLook()
        let desired = await attempt(controller, .look) { try await look(controller) }
        guard let desired else { return }
        if let desired, let before {
            let approved = invariants.approved[desired.revision.commit] ?? []
            do {
                let found = try await invariants.adopted(desired, before, approved)
                if let found { violated(found) }
            } catch {
                violated("\(error)")
            }
        }
        controller.found = desired
        soon(.lookEnd(id), 300)
    }

    /// What is not final is told, and leaves what runs as it is.
    private func look(_ controller: SimulatedController) async throws -> DesiredState? {
        do {
            return try await controller.observer.look()
        } catch let error as StateStoreError where error.isFatal {
            throw error
        } catch is SimulatedCrash {
            throw SimulatedCrash()
        } catch {
            if faults.down != nil { throw error }
            trace.add("  \(error)")
            held(error)
            return nil
        }
    }

    /// The operator sees it in a while.
    private func held(_ error: any Error) {
        guard plan.approvesEarly || !isFaulty, let error = error as? ReconcilerError else { return }
        switch error {
        case .historyHeld(_, let commit, _, _): soon(.approve(commit, Approval.history), 10_000)
        case .pruneRefused(_, _, _, let commit), .pruneProtected(_, let commit):
            soon(.approve(commit, Approval.prune), 10_000)
        default: break
        }
    }

    func endLook(_ id: Int) async {
        guard let controller = awake(id, .lookEnd(id)) else { return }
        if let desired = controller.found {
            controller.found = nil
            await feed(controller, .desired(desired))
        }
        guard controllers[id] != nil else { return }
        if controller.signal.finished() { soon(.lookBegin(id), 5) }
    }

    func lookForDrift(_ id: Int) async {
        guard let controller = awake(id, .drift) else { return }
        let isChanged = controller.told != nil && serving.intents != controller.told
        let actual = await attempt(controller, .drift) { () throws -> ActualState? in
            do {
                var actual = try await controller.look.look()
                actual.isServingChanged = isChanged
                actual.stages = try await controller.recorder.stages()
                return actual
            } catch let error as StateStoreError where !error.isFatal {
                return nil
            } catch is PassingTrouble {
                return nil
            }
        }
        if let actual, let actual { await feed(controller, .looked(actual)) }
    }
}
