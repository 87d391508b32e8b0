package import Execution
package import Planning
package import ResourceAPI
import ResourceGraph
package import StateStore

/// Records what the loop does in the state store.
package struct StoreRecorder: StateRecorder {
    private let store: StateStore
    /// Who the changes are ascribed to: `controller`, or a person's name for `ingot apply`.
    private let actor: String
    private let unended: UnendedRuns
    /// What the changes are made for.
    private let plan: PlanID?

    package init(store: StateStore, actor: String) {
        self.init(store: store, actor: actor, plan: nil, unended: UnendedRuns())
    }

    private init(store: StateStore, actor: String, plan: PlanID?, unended: UnendedRuns) {
        self.store = store
        self.actor = actor
        self.plan = plan
        self.unended = unended
    }

    package func under(_ plan: PlanID?) -> any StateRecorder {
        StoreRecorder(store: store, actor: actor, plan: plan, unended: unended)
    }

    private func origin(_ revision: Revision, _ cause: String) -> ChangeOrigin {
        ChangeOrigin(
            actor: actor, commit: revision.commit, plan: plan?.description, cause: cause)
    }

    /// What may pass is told apart from what ends the controller: a database whose writes fail
    /// otherwise than for want of room is not written to again. Any other error is of this one
    /// change only, and does not keep the rest from going on.
    @discardableResult
    private func recording<Value>(
        endOf run: String? = nil, _ body: () async throws(StateStoreError) -> Value
    ) async throws -> Value {
        do throws(StateStoreError) {
            return try await body()
        } catch {
            throw trouble(error, of: run)
        }
    }

    /// - Parameter run: its end could not be recorded.
    private func trouble(_ error: StateStoreError, of run: String? = nil) -> any Error {
        if error.isFatal { return error }
        if let run { unended.add(run) }
        return PassingTrouble(message: "\(error)", isOfStore: error.isPassing)
    }

    package func begin(_ launch: StepLaunch) async throws -> String {
        let step = launch.step
        let run = NewRun(
            step: step.id, fingerprint: launch.fingerprint, revision: launch.revision,
            plan: launch.plan?.description, actor: actor, attempt: launch.attempt,
            reasons: launch.reasons, recipeVersion: step.recipeVersion, recipe: step.recipe,
            inputs: launch.inputs,
            runtime: launch.runtime, seed: step.seed, threads: step.resources.cpus)
        return try await recording { () throws(StateStoreError) in
            do throws(StateStoreError) {
                return try await store.startRun(run)
            } catch {
                guard case .alreadyRunning(_, let stale) = error else { throw error }
                // Only this process runs steps, and it has no such run: its end could not be
                // recorded when it came.
                try await store.failRun(stale, .unrecorded, isDeterministic: false)
                return try await store.startRun(run)
            }
        }
    }

    package func succeed(
        _ runID: String, _ launch: StepLaunch, directory: String, metadata: JSONValue
    ) async throws -> StepEnd {
        let artifact: PublishedArtifact
        do throws(StateStoreError) {
            artifact = try await store.artifacts.publish(directory: directory)
        } catch {
            return try await notPublished(runID, launch, error)
        }
        if let moved = SourceMoved(launch, made: artifact.digest) {
            store.artifacts.abandon(artifact)
            try await fail(runID, launch, moved.failure)
            return .failed(
                RecordedFailure(
                    runID: runID, code: moved.failure.code, message: moved.failure.message,
                    hint: moved.failure.hint))
        }
        do throws(StateStoreError) {
            let finished = try await store.finishRun(
                runID, artifact: artifact, metadata: metadata)
            return ended(finished, launch)
        } catch {
            if case .notReproducible = error {
                return .failed(
                    RecordedFailure(
                        runID: runID, code: "NonReproducible", message: error.message,
                        hint: error.hint))
            }
            if error.isPassing || error.isFatal { throw trouble(error, of: runID) }
            return try await notPublished(runID, launch, error)
        }
    }

    private func ended(_ finished: FinishedRun, _ launch: StepLaunch) -> StepEnd {
        let step = launch.step
        let seconds = finished.run.seconds ?? 0
        return .succeeded(
            step.id,
            RecordedResult(
                digest: finished.artifact, runID: finished.run.id, seconds: seconds,
                warnings: finished.run.warnings),
            RecordedExecution(
                fingerprint: launch.fingerprint, recipeVersion: step.recipeVersion,
                recipe: step.recipe, inputs: launch.inputs, runtime: launch.runtime,
                seed: step.seed, threads: step.resources.cpus, digest: finished.artifact,
                commit: launch.revision.commit, seconds: seconds))
    }

    /// Output of a wrong kind is the step's fault, everything else the disk's.
    private func notPublished(
        _ runID: String, _ launch: StepLaunch, _ error: StateStoreError
    ) async throws -> StepEnd {
        let failure = StepFailure(
            class: .resource, code: error.isDiskFull ? "NoSpace" : "NotPublished",
            message: error.message, hint: error.hint)
        try await fail(runID, launch, failure)
        return .interrupted(
            Interruption(message: error.message, isEnvironmental: error.isPassing))
    }

    /// Whatever else does not run any more is told so, now that it can be.
    private func endUnended() async throws(StateStoreError) {
        for run in unended.all {
            do throws(StateStoreError) {
                try await store.failRun(run, .unrecorded, isDeterministic: false)
            } catch {
                // The next attempt of its step has ended it.
                guard case .runEnded = error else { throw error }
            }
            unended.remove(run)
        }
    }

    package func fail(
        _ runID: String, _ launch: StepLaunch, _ failure: StepFailure
    ) async throws {
        try await recording(endOf: runID) { () throws(StateStoreError) in
            try await store.failRun(
                runID,
                RunFailure(
                    class: failure.class.rawValue, code: failure.code, message: failure.message,
                    hint: failure.hint), isDeterministic: failure.isDeterministic)
        }
    }

    package func cancel(_ runID: String, cause: String) async throws {
        try await recording(endOf: runID) { () throws(StateStoreError) in
            try await store.cancelRun(runID, cause: cause)
        }
    }

    package func files(of artifact: Digest) async throws -> [String: String] {
        try await recording { () throws(StateStoreError) in
            try await store.artifacts.files(of: artifact).mapValues(\.path)
        }
    }

    package func metrics(of evaluation: Fingerprint) async throws -> JSONValue {
        try await recording { () throws(StateStoreError) in
            try await store.result(of: evaluation)?.metadata ?? .object([:])
        }
    }

    package func register(_ order: VersionOrder) async throws -> ModelVersion {
        try await recording { () throws(StateStoreError) in
            try await store.registerVersion(
                NewVersion(
                    model: order.model, digest: order.digest, fingerprint: order.fingerprint,
                    commit: order.revision.commit, metrics: order.metrics, gates: order.gates),
                origin: origin(order.revision, "its gates passed")
            ).version
        }
    }

    package func move(_ move: StageMove) async throws {
        try await recording { () throws(StateStoreError) in
            // If the artifact was lost since it was made, the next look has it made again.
            try await store.setStage(
                model: move.model, stage: move.stage, version: move.version?.number,
                origin: origin(move.revision, move.cause))
        }
    }

    package func stages() async throws -> [ResourceName: [ResourceName: Int]] {
        try await recording { () throws(StateStoreError) in
            var stages: [ResourceName: [ResourceName: Int]] = [:]
            for stage in try await store.currentStages() {
                if let version = stage.version {
                    stages[stage.model, default: [:]][stage.stage] = version
                }
            }
            return stages
        }
    }

    package func requireOwnership() async throws {
        try await recording { () throws(StateStoreError) in try await store.requireNewest() }
    }

    package func recordRollout(_ intent: ServingIntent, revision: Revision) async throws {
        try await recording { () throws(StateStoreError) in
            try await store.startRollout(
                deployment: intent.deployment, version: intent.version, revision: revision,
                origin: origin(revision, "its stage shows version \(intent.version.number)"))
        }
    }

    package func recordReady(_ report: DeploymentReport, revision: Revision) async throws {
        guard let deployment = ResourceName(report.name), let digest = report.digest else { return }
        try await recording { () throws(StateStoreError) in
            do throws(StateStoreError) {
                try await store.markRolloutReady(
                    deployment: deployment, digest: digest,
                    origin: origin(revision, "the gateway switched to it"))
            } catch {
                // The report is of a rollout that a newer one has replaced meanwhile.
                if case .unknownRollout = error { return }
                throw error
            }
        }
    }

    package func report(
        _ statuses: [ResourceStatus], removed: [ResourceID], revision: Revision
    ) async throws {
        try await recording { () throws(StateStoreError) in
            try await store.updateStatuses(
                changed: statuses.map {
                    NewStatus(
                        resource: $0.resource, sync: $0.sync, health: $0.health,
                        conditions: $0.conditions, message: $0.message,
                        observedRevision: revision.description)
                }, removed: removed, origin: origin(revision, "summarized"))
        }
    }

    package func settle(_ settlement: Settlement, diagnostics: [Diagnostic]) async throws {
        try await recording { () throws(StateStoreError) in
            try await endUnended()
            try await store.settle(
                settlement.revision,
                settlement.failed > 0 || settlement.errors > 0 ? .failed : .reconciled,
                diagnostics: diagnostics.map(RecordedDiagnostic.init),
                counts: StepCounts(
                    ran: settlement.ran, cached: settlement.cached, failed: settlement.failed),
                actor: actor, plan: plan?.description)
        }
    }

    package func expire(_ suspension: Suspension) async throws {
        try await recording { () throws(StateStoreError) in
            try await store.resume(
                suspension.resource,
                origin: ChangeOrigin(actor: actor, cause: "the suspension's time is over"))
        }
    }

    package func recordDrift(
        _ resource: ResourceID, what: String, isHealed: Bool, revision: Revision
    ) async throws {
        try await recording { () throws(StateStoreError) in
            try await store.append(
                NewEvent(
                    isHealed ? .driftHealed : .driftFound, resource,
                    origin: origin(revision, "looked at what exists"), result: what))
        }
    }
}

extension EventKind {
    /// Something that somebody else changed is put back.
    package static let driftHealed = EventKind(rawValue: "DriftHealed")
    /// Something was changed by somebody else, and stays so.
    package static let driftFound = EventKind(rawValue: "DriftFound")
}

extension StateStoreError {
    fileprivate var isDiskFull: Bool {
        if case .diskFull = self { true } else { false }
    }
}
