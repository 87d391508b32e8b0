package import Planning
package import ResourceAPI

/// Does one effect of the core by calling the ports, and says what came of it as an event. Makes no
/// tasks and keeps nothing: whoever calls it decides what happens side by side and what in which
/// order, be it the loop or a simulation.
package struct EffectPerformer: Sendable {
    /// Of deployments that cannot be served: one cause often hits many.
    private static let maximumWarnings = 5
    private let recorder: any StateRecorder
    private let serving: any ServingSink
    private let observer: any LoopObserver

    package init(
        recorder: any StateRecorder, serving: any ServingSink, observer: any LoopObserver
    ) {
        self.recorder = recorder
        self.serving = serving
        self.observer = observer
    }

    /// Any effect but `start`, `cancel` and `wake`, which are the caller's.
    ///
    /// - Parameters:
    ///   - runtime: lock digest of the commit that is wanted.
    ///   - plan: under which it is done.
    /// - Throws: what is final: the state cannot be trusted, or is not ours any more.
    package func perform(
        _ effect: CoreEffect, runtime: Digest, plan: PlanID? = nil
    ) async throws -> CoreEvent? {
        do {
            return try await attempt(effect, recorder.under(plan), runtime: runtime)
        } catch let trouble as PassingTrouble {
            observer.warn(trouble.message)
            return .notDone(effect, trouble)
        }
    }

    private func attempt(
        _ effect: CoreEffect, _ recorder: any StateRecorder, runtime: Digest
    ) async throws -> CoreEvent? {
        switch effect {
        case .loadMetrics(let fingerprint):
            return .metrics(fingerprint, try await recorder.metrics(of: fingerprint))
        case .register(let order):
            return .versionRegistered(try await recorder.register(order))
        case .move(let move):
            try await recorder.move(move)
            return .stageMoved(move)
        case .serve(let revision, let intents):
            try await recorder.requireOwnership()
            return try await serve(intents, revision, runtime, recorder)
        case .report(let statuses, let removed, let revision):
            try await recorder.report(statuses, removed: removed, revision: revision)
            return nil
        case .settled(let settlement, let diagnostics):
            try await recorder.settle(settlement, diagnostics: diagnostics)
            observer.settled(settlement)
            return nil
        case .expire(let suspension):
            try await recorder.expire(suspension)
            return nil
        case .drift(let resource, let what, let isHealed, let revision):
            observer.warn("\(resource): \(what)\(isHealed ? "; it is put back" : "")")
            try await recorder.recordDrift(
                resource, what: what, isHealed: isHealed, revision: revision)
            return nil
        case .start, .cancel, .wake:
            return nil
        }
    }

    /// What cannot be served keeps nothing else from being served.
    private func serve(
        _ intents: [ServingIntent], _ revision: Revision, _ runtime: Digest,
        _ recorder: any StateRecorder
    ) async throws -> CoreEvent {
        var troubles: [ResourceName: ServingTrouble] = [:]
        do {
            try await serving.serve(intents, revision: revision, runtime: runtime)
        } catch let error as Unserved {
            troubles = error.deployments
        }
        for intent in intents where troubles[intent.deployment] == nil {
            try await recorder.recordRollout(intent, revision: revision)
        }
        warn(troubles)
        return .told(troubles)
    }

    private func warn(_ troubles: [ResourceName: ServingTrouble]) {
        let sorted = troubles.sorted { $0.key < $1.key }
        for (name, trouble) in sorted.prefix(Self.maximumWarnings) {
            let hint = trouble.hint.map { "\nhint: \($0)" } ?? ""
            observer.warn("deployment/\(name): \(trouble.message)\(hint)")
        }
        if sorted.count > Self.maximumWarnings {
            observer.warn("\(sorted.count - Self.maximumWarnings) more deployments are not served")
        }
    }
}
