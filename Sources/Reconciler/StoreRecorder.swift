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

    package init(store: StateStore, actor: String) {
        self.store = store
        self.actor = actor
    }

    private func origin(_ revision: Revision, _ cause: String) -> ChangeOrigin {
        ChangeOrigin(actor: actor, commit: revision.commit, cause: cause)
    }

    package func begin(_ launch: StepLaunch) async throws -> String {
        let step = launch.step
        return try await store.startRun(
            NewRun(
                step: step.id, fingerprint: launch.fingerprint, revision: launch.revision,
                actor: actor, attempt: launch.attempt, reasons: launch.reasons,
                recipeVersion: step.recipeVersion, recipe: step.recipe, inputs: launch.inputs,
                runtime: launch.runtime, seed: step.seed, threads: step.resources.cpus))
    }

    package func succeed(
        _ runID: String, _ launch: StepLaunch, directory: String, metadata: JSONValue
    ) async throws -> StepEnd {
        do throws(StateStoreError) {
            let artifact = try await store.artifacts.publish(directory: directory)
            let finished = try await store.finishRun(
                runID, artifact: artifact, metadata: metadata)
            let step = launch.step
            let seconds = finished.run.seconds ?? 0
            return .succeeded(
                step.id,
                RecordedResult(digest: finished.artifact, runID: runID, seconds: seconds),
                RecordedExecution(
                    fingerprint: launch.fingerprint, recipeVersion: step.recipeVersion,
                    recipe: step.recipe, inputs: launch.inputs, runtime: launch.runtime,
                    seed: step.seed, threads: step.resources.cpus, digest: finished.artifact,
                    commit: launch.revision.commit, seconds: seconds))
        } catch {
            if case .notReproducible = error {
                return .failed(
                    RecordedFailure(
                        runID: runID, code: "NonReproducible", message: error.message,
                        hint: error.hint))
            }
            let failure = StepFailure(
                class: .resource, code: "NotPublished", message: error.message, hint: error.hint)
            try await fail(runID, launch, failure)
            return .interrupted(message: error.message)
        }
    }

    package func fail(
        _ runID: String, _ launch: StepLaunch, _ failure: StepFailure
    ) async throws {
        try await store.failRun(
            runID,
            RunFailure(
                class: failure.class.rawValue, code: failure.code, message: failure.message,
                hint: failure.hint), isDeterministic: failure.isDeterministic)
    }

    package func cancel(_ runID: String) async throws {
        try await store.cancelRun(runID, cause: "a newer commit does not want it")
    }

    package func files(of artifact: Digest) async throws -> [String: String] {
        try await store.artifacts.files(of: artifact).mapValues(\.path)
    }

    package func metrics(of evaluation: Fingerprint) async throws -> JSONValue {
        try await store.result(of: evaluation)?.metadata ?? .object([:])
    }

    package func register(_ order: VersionOrder) async throws -> ModelVersion {
        try await store.registerVersion(
            NewVersion(
                model: order.model, digest: order.digest, fingerprint: order.fingerprint,
                commit: order.revision.commit, metrics: order.metrics, gates: order.gates),
            origin: origin(order.revision, "its gates passed")
        ).version
    }

    package func move(_ move: StageMove) async throws {
        try await store.setStage(
            model: move.model, stage: move.stage, version: move.version?.number,
            origin: origin(move.revision, move.cause))
    }

    package func recordRollout(_ intent: ServingIntent, revision: Revision) async throws {
        try await store.startRollout(
            deployment: intent.deployment, version: intent.version, revision: revision,
            origin: origin(revision, "its stage shows version \(intent.version.number)"))
    }

    package func recordReady(_ report: DeploymentReport, revision: Revision) async throws {
        guard let deployment = ResourceName(report.name), let digest = report.digest else { return }
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

    package func report(_ statuses: [ResourceStatus], revision: Revision) async throws {
        try await store.replaceStatuses(
            statuses.map {
                NewStatus(
                    resource: $0.resource, sync: $0.sync, health: $0.health,
                    conditions: $0.conditions, message: $0.message,
                    observedRevision: revision.description)
            }, origin: origin(revision, "summarized"))
    }

    package func settle(_ settlement: Settlement, diagnostics: [Diagnostic]) async throws {
        try await store.settle(
            settlement.revision,
            settlement.failed > 0 || settlement.errors > 0 ? .failed : .reconciled,
            diagnostics: diagnostics.map(RecordedDiagnostic.init),
            counts: StepCounts(
                ran: settlement.ran, cached: settlement.cached, failed: settlement.failed),
            actor: actor)
    }
}
