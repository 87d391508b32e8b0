import Planning
import ResourceAPI
import ResourceGraph

/// The only place in which status and conditions are made.
struct Summarizer {
    let core: ReconcilerCore
    let desired: DesiredState

    /// One state, from which both vocabularies are derived.
    enum Verdict {
        case ready(String)
        case working(reason: String, String)
        /// Needs a human.
        case stalled(reason: String, String)
        /// Works, but not as the commit asks, and a human must look.
        case kept(reason: String, String)
        case missing(reason: String, String)
    }

    func status(of id: ResourceID) -> ResourceStatus {
        let verdict = healed(id) ?? verdict(of: id)
        let words = StatusWords(
            resource: id,
            features: id.kind == .deployment ? core.serving.reports[id.name.text]?.features : nil)
        guard let suspension = core.suspension(of: id) else { return words.status(verdict) }
        return words.status(verdict, suspended: suspension)
    }

    private func healed(_ id: ResourceID) -> Verdict? {
        guard let entry = core.healing.entries[id] else { return nil }
        switch entry.hold {
        case .stalled:
            return .stalled(
                reason: "HealingStalled",
                "\(entry.what), again after it was put back \(Healing.maximumTimes) times")
        case .reported:
            return .kept(reason: "Drifted", "\(entry.what) (driftPolicy: report)")
        case .waits: return .working(reason: "Healing", "\(entry.what); it is put back in a while")
        case .ignored, nil: return nil
        }
    }

    private func verdict(of id: ResourceID) -> Verdict {
        if desired.held.contains(id) {
            return .kept(
                reason: "ManifestInvalid",
                "its file cannot be read at this commit; the last applied manifest stays in force")
        }
        switch desired.graph.blocked[id] {
        case .invalid: return .stalled(reason: "ManifestInvalid", firstError(of: id))
        case .waitsFor: return blocked(id)
        case nil: break
        }
        switch id.kind {
        case .model: return verdict(forModel: id)
        case .deployment: return verdict(forDeployment: id)
        case .project: return .ready("applied")
        case .dataset, .featureView, .trainingConfig: return verdict(forSteps: id)
        }
    }

    private func firstError(of id: ResourceID) -> String {
        guard let own = core.errors[id] else {
            return "its manifest has errors: see `ingot validate`"
        }
        return own.location.map { "\($0): \(own.message)" } ?? own.message
    }

    private func blocked(_ id: ResourceID) -> Verdict {
        let why =
            "waits for \(WaitChain(core: core, desired: desired).text(from: id)), which is invalid"
        // What was served before goes on being served, and people must see that.
        if id.kind == .deployment, let served = core.serving.reports[id.name.text],
            served.version != nil
        {
            return .kept(reason: "DependencyNotReady", "\(why); \(serving(served))")
        }
        return .stalled(reason: "DependencyNotReady", why)
    }
}

// MARK: - Steps

extension Summarizer {
    private func verdict(forSteps id: ResourceID) -> Verdict {
        let steps = desired.graph.steps(of: id).compactMap { core.plan.step($0.id) }
        var working: Verdict?
        for planned in steps {
            switch verdict(for: planned) {
            case .ready: continue
            case .working(let reason, let text):
                working = working ?? .working(reason: reason, text)
            case let final: return final
            }
        }
        return working ?? .ready(steps.isEmpty ? "applied" : "up to date" + warnings(of: steps))
    }

    /// `; warning: …`, or nothing.
    private func warnings(of steps: [PlannedStep]) -> String {
        let texts = steps.flatMap { planned in
            planned.fingerprint.flatMap { core.plan.state.results[$0]?.warnings } ?? []
        }
        guard let first = texts.first else { return "" }
        let more = texts.count > 1 ? " (and \(texts.count - 1) more)" : ""
        return "; warning: \(first)\(more)"
    }

    private func verdict(for planned: PlannedStep) -> Verdict {
        let kind = planned.step.id.kind.rawValue
        switch planned.action {
        case .cached: return .ready("")
        case .failed(let failure): return .stalled(reason: failure.code, failure.message)
        case .missingSource(let path, let problem):
            return .stalled(
                reason: "SourceMissing",
                problem.hasPrefix(path.display) ? problem : "\(path.display): \(problem)")
        case .blocked(let other):
            return .stalled(
                reason: "DependencyNotReady", "\(kind) waits for \(other), \(trouble(of: other))")
        case .run, .mayRun: return verdict(forUnfinished: planned, kind)
        }
    }

    private func trouble(of id: StepID) -> String {
        switch core.plan.step(id)?.action {
        case .failed(let failure): "which failed: \(failure.message)"
        case .missingSource(SnapshotLock.path, _): "of which ingot.lock does not say the rows"
        case .missingSource(let path, _): "whose file \(path.display) cannot be read"
        default: "which cannot succeed"
        }
    }

    private func verdict(forUnfinished planned: PlannedStep, _ kind: String) -> Verdict {
        if let fingerprint = planned.fingerprint, let attempt = core.work.attempts[fingerprint] {
            if attempt.isExhausted {
                return .stalled(
                    reason: "RetriesExhausted",
                    "\(kind) failed \(attempt.count) times: \(attempt.interruption.message)")
            }
            return .working(
                reason: "ProgressingWithRetry",
                "\(kind) is tried again after: \(attempt.interruption.message)")
        }
        if core.work.runningSteps.contains(planned.step.id) {
            return .working(reason: "Progressing", "\(kind) is running")
        }
        let chain = WaitChain(core: core, desired: desired)
        if let next = chain.next(after: planned.step.id.resource) {
            let path = chain.text(from: next, including: true)
            return .working(reason: "DependencyNotReady", "\(kind) waits for \(path)")
        }
        return .working(reason: "Progressing", "\(kind) waits for its turn")
    }
}

// MARK: - Models and deployments

extension Summarizer {
    private func verdict(forModel id: ResourceID) -> Verdict {
        let decisions = core.registry.decisions[id.name] ?? []
        let shown = decisions.map { decision in
            switch decision.outcome {
            case .show(let version): "\(decision.stage)=v\(version)"
            case .hold: "\(decision.stage) held"
            case .empty: "\(decision.stage) empty"
            }
        }.joined(separator: ", ")
        let suffix = shown.isEmpty ? "" : " (\(shown))"
        switch core.registry.outcomes[id.name] {
        case .gatesFailed(let gates):
            return .kept(reason: "GatesFailed", gates.joined(separator: "; ") + suffix)
        case .failed(let why):
            return .stalled(reason: "TrainingFailed", why + suffix)
        case .pending, nil:
            let chain = WaitChain(core: core, desired: desired)
            let path = chain.next(after: id).map {
                ": waits for \(chain.text(from: $0, including: true))"
            }
            return .working(
                reason: "Progressing", "training is under way\(path ?? "")\(suffix)")
        case .registered:
            for decision in decisions {
                switch decision.outcome {
                case .show: continue
                case .hold(let why), .empty(let why):
                    return .kept(reason: "StageHeld", "stage \(decision.stage): \(why)")
                }
            }
            return .ready(shown.isEmpty ? "registered" : shown)
        }
    }

    private func verdict(forDeployment id: ResourceID) -> Verdict {
        guard let spec = desired.graph.resources[id]?.deployment else {
            return .missing(reason: "Unknown", "not understood")
        }
        if let unserved = core.serving.unserved[id.name] { return verdict(for: unserved, id) }
        guard core.serving.hasReport else {
            let also = waiting(id).map { "; it waits for \($0)" } ?? ""
            return .missing(
                reason: "GatewayDown",
                "no gateway is running: start it with `ingot gateway`\(also)")
        }
        guard let actual = core.serving.reports[id.name.text] else {
            let chain = waiting(id) ?? "the gateway"
            return .working(
                reason: "Progressing", "stage '\(spec.stage)' shows nothing yet: waits for \(chain)"
            )
        }
        let shown = serving(actual)
        if let failure = actual.failure {
            return .stalled(reason: "RolloutFailed", "\(failure); \(shown)")
        }
        if let missing = core.missingStep(of: id.name, desired) {
            return verdict(waitingFor: missing, shown)
        }
        if let intent = core.serving.intents[id.name],
            intent.version.digest != actual.desiredDigest
        {
            // The gateway has not yet read what it was told.
            return .working(
                reason: "Progressing", "\(shown); v\(intent.version.number) is wanted")
        }
        guard actual.digest == actual.desiredDigest, actual.online == actual.desiredOnline,
            core.isTold(actual), actual.readyReplicas >= actual.desiredReplicas
        else {
            return .working(reason: "Progressing", shown)
        }
        return .ready(shown)
    }

    /// A version is not served before the values of its online views are there.
    private func verdict(waitingFor step: StepID, _ shown: String) -> Verdict {
        switch core.plan.step(step)?.action {
        case .failed, .blocked, .missingSource:
            .kept(
                reason: "DependencyNotReady", "waits for \(step), \(trouble(of: step)); \(shown)")
        default: .working(reason: "DependencyNotReady", "waits for \(step); \(shown)")
        }
    }

    /// What a deployment that serves nothing waits for, link by link; nil if that is the gateway.
    private func waiting(_ id: ResourceID) -> String? {
        let text = WaitChain(core: core, desired: desired).text(from: id)
        return text.isEmpty ? nil : text
    }

    private func verdict(for unserved: ServingState.Unserved, _ id: ResourceID) -> Verdict {
        let why = unserved.trouble.message
        if unserved.trouble.isUnderWay {
            return .working(reason: "ProgressingWithRetry", why)
        }
        guard let actual = core.serving.reports[id.name.text], actual.version != nil else {
            return .stalled(reason: "NotServed", why)
        }
        return .kept(reason: "NotServed", "\(why); \(serving(actual))")
    }

    /// `serving v1, 2/2 replicas`
    private func serving(_ report: DeploymentReport) -> String {
        let version = report.version.map { "v\($0)" } ?? "nothing"
        return "serving \(version), \(report.readyReplicas)/\(report.desiredReplicas) replicas"
    }
}
