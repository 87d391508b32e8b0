package import ResourceAPI

/// The thin shell around the core: turns effects into work and results into events. One event is
/// handled wholly before the next, so the order in which things are recorded is the core's.
package actor ReconcileLoop {
    private var core: ReconcilerCore
    private let runner: StepRunner
    private let recorder: any StateRecorder
    private let serving: any ServingSink
    private let clock: any LoopClock
    private let observer: any LoopObserver

    private let events: AsyncStream<CoreEvent>
    private let post: AsyncStream<CoreEvent>.Continuation
    private var steps: [Fingerprint: Task<Void, Never>] = [:]
    private var wake: Task<Void, Never>?
    private var desired: DesiredState?
    /// Which rollouts are recorded as ready: one write for each, not one for each report.
    private var noted: [String: Digest] = [:]
    private let stopsWhenSettled: Bool

    package struct Parts: Sendable {
        package let recorder: any StateRecorder
        package let sources: any SourceFiles
        package let executors: any RuntimeExecutors
        package let serving: any ServingSink
        package let attribution: any ReasonAttribution
        package let clock: any LoopClock
        package let observer: any LoopObserver
        /// `<state>/work` and `<state>/logs`, absolute.
        package let workDirectory: String
        package let logDirectory: String
        package init(
            recorder: any StateRecorder, sources: any SourceFiles,
            executors: any RuntimeExecutors, serving: any ServingSink,
            attribution: any ReasonAttribution, clock: any LoopClock,
            observer: any LoopObserver, workDirectory: String, logDirectory: String
        ) {
            self.recorder = recorder
            self.sources = sources
            self.executors = executors
            self.serving = serving
            self.attribution = attribution
            self.clock = clock
            self.observer = observer
            self.workDirectory = workDirectory
            self.logDirectory = logDirectory
        }
    }

    /// - Parameter stopsWhenSettled: `run` returns after the first settled revision, for `apply`.
    package init(core: ReconcilerCore, parts: Parts, stopsWhenSettled: Bool = false) {
        self.core = core
        self.stopsWhenSettled = stopsWhenSettled
        recorder = parts.recorder
        serving = parts.serving
        clock = parts.clock
        observer = parts.observer
        runner = StepRunner(
            recorder: parts.recorder, sources: parts.sources, executors: parts.executors,
            attribution: parts.attribution, clock: parts.clock, observer: parts.observer,
            workDirectory: parts.workDirectory,
            logDirectory: parts.logDirectory)
        (events, post) = AsyncStream.makeStream(of: CoreEvent.self)
    }

    /// Tells the loop of a commit, or of a change in what it depends on.
    package nonisolated func submit(_ state: DesiredState) {
        post.yield(.desired(state))
    }

    package nonisolated func submit(_ report: ServingReport?) {
        post.yield(.served(report))
    }

    /// Runs until the task is cancelled (then every step is cancelled first), until an error of the
    /// store, or with `stopsWhenSettled` until there is nothing left to do.
    ///
    /// - Returns: the last settlement, if any.
    @discardableResult
    package func run() async throws -> Settlement? {
        var last: Settlement?
        do {
            for await event in events {
                if case .desired(let state) = event { desired = state }
                if case .served(let report?) = event { try await noteReady(report) }
                if case .stepEnded(let fingerprint, _) = event { steps[fingerprint] = nil }
                for effect in core.step(event, now: clock.now) {
                    if case .settled(let settlement) = effect { last = settlement }
                    try await perform(effect)
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

    private func stopSteps() async {
        wake?.cancel()
        for task in steps.values { task.cancel() }
        for task in steps.values { await task.value }
        steps = [:]
    }

    private func perform(_ effect: CoreEffect) async throws {
        switch effect {
        case .start(let launch):
            start(launch)
        case .cancel(let fingerprint):
            steps[fingerprint]?.cancel()
        case .loadMetrics(let fingerprint):
            post.yield(.metrics(fingerprint, try await recorder.metrics(of: fingerprint)))
        case .register(let order):
            post.yield(.versionRegistered(try await recorder.register(order)))
        case .move(let move):
            try await recorder.move(move)
        case .serve(let revision, let intents):
            try await serve(intents, revision: revision)
        case .report(let statuses):
            if let desired {
                try await recorder.report(statuses, revision: desired.revision)
            }
        case .settled(let settlement):
            try await recorder.settle(settlement, diagnostics: desired?.diagnostics ?? [])
            observer.settled(settlement)
        case .wake(let time):
            scheduleWake(at: time)
        }
    }

    private func start(_ launch: StepLaunch) {
        let runner = runner
        let post = post
        steps[launch.fingerprint] = Task {
            let end = await runner.run(launch)
            post.yield(.stepEnded(launch.fingerprint, end))
        }
    }

    private func serve(_ intents: [ServingIntent], revision: Revision) async throws {
        guard let desired else { return }
        try await serving.serve(intents, revision: revision, runtime: desired.runtime)
        for intent in intents {
            try await recorder.recordRollout(intent, revision: revision)
        }
    }

    private func noteReady(_ report: ServingReport) async throws {
        guard let desired else { return }
        for deployment in report.deployments
        where deployment.digest == deployment.desiredDigest
            && deployment.readyReplicas >= deployment.desiredReplicas
            && noted[deployment.name] != deployment.digest
        {
            try await recorder.recordReady(deployment, revision: desired.revision)
            noted[deployment.name] = deployment.digest
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
