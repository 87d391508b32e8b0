import ResourceAPI
import StateStore

/// The thin shell around the core: hands it events, one wholly before the next, and gives its effects
/// to the performer. Steps run side by side, each in a task of its own.
package actor ReconcileLoop {
    private var core: ReconcilerCore
    private let performer: EffectPerformer
    private let runner: StepRunner
    private let recorder: any StateRecorder
    private let clock: any LoopClock

    private let events: AsyncStream<CoreEvent>
    private let post: AsyncStream<CoreEvent>.Continuation
    private var steps: [Fingerprint: Task<Void, Never>] = [:]
    private var wake: Task<Void, Never>?
    private static let reportRetryMilliseconds: Int64 = 5_000
    /// A report that could not be noted, to be taken again.
    private var noting: Task<Void, Never>?
    private var isStopping = false
    /// The first error of a step's task that is final.
    private var final: (any Error)?
    /// Which rollouts are recorded as ready: one write for each, not one for each report.
    private var noted: [String: Digest] = [:]
    private let stopsWhenSettled: Bool
    private let onPlanned: @Sendable () async -> Void
    private let onSettled: @Sendable (Settlement, Beliefs) async -> Void

    package struct Parts: Sendable {
        package let recorder: any StateRecorder
        package let sources: any SourceFiles
        package let folders: any WorkFolders
        package let executors: any RuntimeExecutors
        package let credentials: any SourceCredentials
        package let serving: any ServingSink
        package let attribution: any ReasonAttribution
        package let clock: any LoopClock
        package let observer: any LoopObserver
        package init(
            recorder: any StateRecorder, sources: any SourceFiles, folders: any WorkFolders,
            executors: any RuntimeExecutors, credentials: any SourceCredentials = NoCredentials(),
            serving: any ServingSink, attribution: any ReasonAttribution, clock: any LoopClock,
            observer: any LoopObserver
        ) {
            self.recorder = recorder
            self.sources = sources
            self.folders = folders
            self.executors = executors
            self.credentials = credentials
            self.serving = serving
            self.attribution = attribution
            self.clock = clock
            self.observer = observer
        }

        package var runner: StepRunner {
            StepRunner(
                recorder: recorder, sources: sources, folders: folders, executors: executors,
                credentials: credentials, attribution: attribution, clock: clock, observer: observer
            )
        }

        package var performer: EffectPerformer {
            EffectPerformer(recorder: recorder, serving: serving, observer: observer)
        }
    }

    /// - Parameters:
    ///   - stopsWhenSettled: `run` returns after the first settled revision, for `apply`.
    ///   - onPlanned: called when the plan for what was desired is made, before anything is done.
    ///   - onSettled: called when nothing is left to do, once that is recorded.
    package init(
        core: ReconcilerCore, parts: Parts, stopsWhenSettled: Bool = false,
        onPlanned: @escaping @Sendable () async -> Void = {},
        onSettled: @escaping @Sendable (Settlement, Beliefs) async -> Void = { _, _ in }
    ) {
        self.core = core
        self.onPlanned = onPlanned
        self.onSettled = onSettled
        self.stopsWhenSettled = stopsWhenSettled
        recorder = parts.recorder
        clock = parts.clock
        performer = parts.performer
        runner = parts.runner
        (events, post) = AsyncStream.makeStream(of: CoreEvent.self)
    }

    /// Tells the loop of something that happened outside: a commit, a report of the gateway, a
    /// suspension, what a look at the actual state found.
    package nonisolated func submit(_ event: CoreEvent) {
        post.yield(event)
    }

    /// What is served and staged, as the core knows it, for a look at whether it is still so.
    package var beliefs: Beliefs { core.beliefs }

    /// What garbage collection has to keep; nil before the first commit.
    package var garbageRoots: ControlHandler.Roots? { core.garbageRoots }

    /// Runs until the task is cancelled (then every step is cancelled first), until an error that is
    /// final, or with `stopsWhenSettled` until there is nothing left to do.
    ///
    /// - Returns: the last settlement, if any.
    @discardableResult
    package func run() async throws -> Settlement? {
        var last: Settlement?
        do {
            for await posted in events {
                if let final { throw final }
                let event = try await completed(posted)
                if case .served(let report?) = event { try await noteReady(report) }
                if case .stepEnded(let fingerprint, _) = event { steps[fingerprint] = nil }
                let effects = core.step(event, now: clock.now)
                if case .desired = event { await onPlanned() }
                for effect in effects {
                    if let settlement = try await perform(effect) { last = settlement }
                }
                if last != nil, stopsWhenSettled { break }
            }
        } catch {
            await stopSteps()
            throw error
        }
        await stopSteps()
        return last
    }

    /// Stages are read here, between two events, so that none is just being moved.
    private func completed(_ event: CoreEvent) async throws -> CoreEvent {
        guard case .looked(var actual) = event, actual.stages == nil else { return event }
        do {
            actual.stages = try await recorder.stages()
        } catch is PassingTrouble {
            return event
        }
        return .looked(actual)
    }

    private func stopSteps() async {
        isStopping = true
        wake?.cancel()
        noting?.cancel()
        for task in steps.values { task.cancel() }
        for task in steps.values { await task.value }
        steps = [:]
    }

    /// - Returns: the settlement, once that is recorded.
    private func perform(_ effect: CoreEffect) async throws -> Settlement? {
        switch effect {
        case .start(let launch):
            start(launch)
        case .cancel(let fingerprint):
            steps[fingerprint]?.cancel()
        case .wake(let time):
            scheduleWake(at: time)
        default:
            guard let runtime = core.desired?.runtime else { return nil }
            if let event = try await performer.perform(
                effect, runtime: runtime, plan: core.planID)
            {
                post.yield(event)
            } else if case .settled(let settlement, _) = effect {
                if settlement.failed == 0 { await onSettled(settlement, core.beliefs) }
                return settlement
            }
        }
        return nil
    }

    private func start(_ launch: StepLaunch) {
        let runner = runner
        let post = post
        steps[launch.fingerprint] = Task {
            do {
                let end = try await runner.run(launch, isStopping: { self.isStopping })
                post.yield(.stepEnded(launch.fingerprint, end))
            } catch {
                self.end(error)
            }
        }
    }

    private func end(_ error: any Error) {
        final = final ?? error
        // Wakes the loop, which then ends.
        post.yield(.tick)
    }

    private func noteReady(_ report: ServingReport) async throws {
        guard let revision = core.desired?.revision else { return }
        for deployment in report.deployments
        where deployment.digest == deployment.desiredDigest
            && deployment.readyReplicas >= deployment.desiredReplicas
            && noted[deployment.name] != deployment.digest
        {
            do {
                try await recorder.under(core.planID)
                    .recordReady(deployment, revision: revision)
                noted[deployment.name] = deployment.digest
            } catch is PassingTrouble {
                retry(report)
                return
            }
        }
    }

    /// The gateway reports what changes, so it would not say this again.
    private func retry(_ report: ServingReport) {
        let (clock, post) = (clock, post)
        noting?.cancel()
        noting = Task {
            await clock.sleep(until: clock.now.monotonic + Self.reportRetryMilliseconds)
            if !Task.isCancelled { post.yield(.served(report)) }
        }
    }

    private func scheduleWake(at time: Int64) {
        wake?.cancel()
        let clock = clock
        let post = post
        wake = Task {
            await clock.sleep(until: time)
            if !Task.isCancelled { post.yield(.tick) }
        }
    }
}

extension StepRunner {
    /// All three parts, one after the other. Cancelling the task cancels the step.
    ///
    /// - Parameter isStopping: asked at its end: whether it was cancelled because the controller ends.
    func run(
        _ launch: StepLaunch, isStopping: () async -> Bool
    ) async throws -> StepEnd {
        switch try await begin(launch) {
        case .ended(let end): return end
        case .begun(let step):
            let outcome = await execute(step)
            return try await finish(step, outcome, isStopping: await isStopping())
        }
    }
}
