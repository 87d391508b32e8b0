import Execution
import Planning
import Reconciler
import ResourceAPI
import ResourceGraph
import StateStore

// MARK: - The loop

extension SimulatedWorld {
    /// Gives the core an event, and does what it asks for, one effect wholly after the other.
    func feed(_ controller: SimulatedController, _ event: CoreEvent) async {
        var events = [event]
        while let next = events.first {
            events.removeFirst()
            let effects = controller.core.step(next, now: time)
            for effect in effects {
                if let found = invariants.asked(effect, controller) { violated(found) }
                guard let answer = await perform(effect, controller) else { return }
                events += answer
            }
        }
        if let found = invariants.stepped(controller) { violated(found) }
    }

    /// - Returns: the events that answer it; nil if the controller did not survive it.
    private func perform(
        _ effect: CoreEffect, _ controller: SimulatedController
    ) async -> [CoreEvent]? {
        switch effect {
        case .start(let launch):
            lastToken += 1
            controller.steps[launch.fingerprint] = .init(launch: launch, token: lastToken)
            soon(.begin(controller.id, launch.fingerprint, token: lastToken), 20)
            return []
        case .cancel(let fingerprint):
            cancel(fingerprint, controller)
            return []
        case .wake(let time):
            controller.wakeNumber += 1
            add(
                .wake(controller.id, number: controller.wakeNumber),
                in: max(0, time - now) + Int64(random.below(50)))
            return []
        default:
            if case .report(let statuses, _, _) = effect {
                for status in statuses { trace.add("  \(status.resource): \(status.message)") }
            }
            guard let runtime = controller.core.desired?.runtime else { return [] }
            let answer = await attempt(controller, effect.transition ?? .report) {
                try await controller.performer.perform(
                    effect, runtime: runtime, plan: controller.core.planID)
            }
            guard let answer else { return nil }
            if case .told? = answer {
                controller.told = serving.intents
                soon(.gateway, 3_000)
            }
            return answer.map { [$0] } ?? []
        }
    }

    private func cancel(_ fingerprint: Fingerprint, _ controller: SimulatedController) {
        guard var step = controller.steps[fingerprint], !step.isCancelled else { return }
        step.isCancelled = true
        controller.steps[fingerprint] = step
        guard step.begun != nil else { return }
        add(
            .stepDone(controller.id, fingerprint, token: step.token),
            in: step.script?.stubbornness ?? 0)
    }
}

// MARK: - Steps

extension SimulatedWorld {
    func begin(_ id: Int, _ fingerprint: Fingerprint, _ token: Int) async {
        guard let controller = awake(id, .begin(id, fingerprint, token: token)),
            var step = controller.steps[fingerprint], step.token == token
        else { return }
        let beginning = await attempt(controller, .begin) {
            try await controller.runner.begin(step.launch)
        }
        switch beginning {
        case nil: return
        case .ended(let end):
            controller.steps[fingerprint] = nil
            await feed(controller, .stepEnded(fingerprint, end))
        case .begun(let begun):
            if let found = invariants.began(begun, id) { violated(found) }
            let isDoomed = step.launch.step.fails
            let script = plan.workers.script(
                fingerprint, attempt: step.launch.attempt, fails: isDoomed)
            step.begun = begun
            step.script = script
            controller.steps[fingerprint] = step
            add(
                .stepDone(id, fingerprint, token: token),
                in: step.isCancelled ? 0 : script.duration)
        }
    }

    func endStep(_ id: Int, _ fingerprint: Fingerprint, _ token: Int) async {
        guard let controller = awake(id, .stepDone(id, fingerprint, token: token)),
            let step = controller.steps[fingerprint], step.token == token, let begun = step.begun,
            let script = step.script
        else { return }
        controller.steps[fingerprint] = nil
        invariants.processEnded(fingerprint, id)
        let outcome = step.isCancelled ? .cancelled : work(step, begun, script)
        let transition: Transition =
            switch outcome {
            case .succeeded: .succeed
            case .failed: .fail
            case .cancelled: .cancel
            }
        let end = await attempt(controller, transition) {
            try await controller.runner.finish(begun, outcome)
        }
        guard let end else { return }
        if let found = invariants.recorded(end, fingerprint, script) { violated(found) }
        await feed(controller, .stepEnded(fingerprint, end))
    }

    /// Workers meet no faults but a full disk: what they leave is not synced anyway.
    private func work(
        _ step: SimulatedController.Step, _ begun: BegunStep, _ script: ScriptedWorkers.Script
    ) -> StepOutcome {
        let fingerprint = step.launch.fingerprint
        if faults.isFull {
            return .failed(
                StepFailure(class: .resource, code: "DiskFull", message: "no space is left"))
        }
        faults.pause(true)
        defer { faults.pause(false) }
        let files = plan.workers.files(script, fingerprint, attempt: step.launch.attempt)
        do {
            try plan.workers.write(files, to: begun.order.outputDirectory, on: base.disk)
        } catch {
            return .failed(StepFailure(class: .internal, code: "Crashed", message: "\(error)"))
        }
        return plan.workers.outcome(script, of: step.launch.step.id, fingerprint)
    }
}

extension CoreEffect {
    var transition: Transition? {
        switch self {
        case .register: .register
        case .move: .move
        case .serve: .serve
        case .report: .report
        case .settled: .settle
        case .expire: .expire
        case .drift: .drift
        case .loadMetrics, .start, .cancel, .wake: nil
        }
    }
}
