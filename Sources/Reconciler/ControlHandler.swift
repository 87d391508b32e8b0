package import ResourceAPI
package import StateStore

/// Does requests against the state, be it in the controller or in a command that found none.
package struct ControlHandler: Sendable {
    /// What only the caller knows: the artifacts that the newest commit needs, and how long its
    /// Project keeps others (milliseconds).
    package struct Roots: Sendable {
        package let artifacts: Set<Digest>
        package let retentionMilliseconds: Int64
        package init(artifacts: Set<Digest>, retentionMilliseconds: Int64) {
            self.artifacts = artifacts
            self.retentionMilliseconds = retentionMilliseconds
        }
    }

    /// What came of a request, and what the loop has to be told.
    package struct Outcome: Sendable {
        package let reply: ControlReply
        package let events: [CoreEvent]
        /// The repository is to be looked at again.
        package let needsLook: Bool

        init(_ reply: ControlReply, events: [CoreEvent] = [], needsLook: Bool = false) {
            self.reply = reply
            self.events = events
            self.needsLook = needsLook
        }
    }

    let store: StateStore
    private let clock: any LoopClock
    /// Nil as long as no commit was read: then nothing is known to be garbage.
    private let roots: @Sendable () async throws -> Roots?

    package init(
        store: StateStore, clock: any LoopClock,
        roots: @escaping @Sendable () async throws -> Roots?
    ) {
        self.store = store
        self.clock = clock
        self.roots = roots
    }

    /// - Throws: errors after which the state must not be written to again. All others are replies.
    package func handle(_ request: ControlRequest) async throws -> Outcome {
        do {
            switch request {
            case .suspend(let resource, let reason, let actor, let expiresAt):
                return try await suspend(
                    Suspension(
                        resource: resource, actor: actor, reason: reason, since: clock.now.wall,
                        expiresAt: expiresAt))
            case .resume(let resource, let actor):
                return try await resume(resource, actor)
            case .approve(let commit, let what, let actor):
                return try await approve(commit, what, actor)
            case .collectGarbage(let isDryRun, let retention, let actor):
                return try await collectGarbage(isDryRun, retention, actor)
            case .repair(let artifacts, let actor):
                return try await repair(artifacts, actor)
            case .publish(let order): return try await publish(order)
            case .lookAgain:
                return Outcome(.done, needsLook: true)
            }
        } catch let error as StateStoreError {
            if error.isFatal { throw error }
            return Outcome(.refused(message: error.message, hint: error.hint))
        } catch let error where !(error is CancellationError) {
            // Whatever it was, it does not end the controller.
            return Outcome(
                .refused(message: "\(error)", hint: "`ingot status` says how the controller is"))
        }
    }

    private func suspend(_ suspension: Suspension) async throws -> Outcome {
        try await store.suspend(
            suspension, origin: ChangeOrigin(actor: suspension.actor, cause: suspension.reason))
        return Outcome(.done, events: [.suspended(try await store.suspensions())])
    }

    private func resume(_ resource: ResourceID?, _ actor: String) async throws -> Outcome {
        let wasSuspended = try await store.resume(
            resource, origin: ChangeOrigin(actor: actor, cause: "asked to"))
        return Outcome(
            wasSuspended ? .done : .nothingToDo,
            events: [.suspended(try await store.suspensions())])
    }

    private func approve(
        _ commit: CommitID, _ what: String, _ actor: String
    ) async throws -> Outcome {
        if try await store.approvals(of: commit).contains(what) {
            return Outcome(.nothingToDo, needsLook: true)
        }
        try await store.approve(commit: commit, actor: actor, what: what)
        return Outcome(.done, needsLook: true)
    }

    private func collectGarbage(
        _ isDryRun: Bool, _ retention: Int64?, _ actor: String
    ) async throws -> Outcome {
        guard let roots = try await roots() else {
            return Outcome(
                .refused(
                    message: "no commit was read yet, so nothing is known to be garbage",
                    hint: "`ingot status` says why; reconcile a commit first"))
        }
        let milliseconds = retention ?? roots.retentionMilliseconds
        let plan = try await store.garbagePlan(keeping: roots.artifacts, retention: milliseconds)
        if isDryRun { return Outcome(.garbage(GarbageSummary(plan, retention: milliseconds))) }
        let due = plan.due.map(\.digest)
        do throws(StateStoreError) {
            let report = try await store.collectGarbage(
                keeping: roots.artifacts, retention: milliseconds,
                origin: ChangeOrigin(actor: actor, cause: "nothing needs it"))
            let steps = plan.due.compactMap { artifact in
                artifact.step.map { (artifact.digest, $0) }
            }
            let summary = GarbageSummary(
                report, steps: Dictionary(steps, uniquingKeysWith: { first, _ in first }),
                retention: milliseconds)
            return Outcome(.garbage(summary), events: [.collected(Set(report.collected))])
        } catch {
            guard !error.isFatal else { throw error }
            // What was condemned before the error is gone: the loop must not count on it.
            let gone = try await store.lostArtifacts(among: due)
            return Outcome(
                .refused(message: error.message, hint: error.hint),
                events: [.collected(Set(gone))])
        }
    }
}
