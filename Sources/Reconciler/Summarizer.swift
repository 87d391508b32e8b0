import Planning
import ResourceAPI
import ResourceGraph

/// What `reconcileModels` found out, for the status.
struct ModelSummary: Sendable {
    var outcomes: [ResourceName: TrainingOutcome] = [:]
    var decisions: [ResourceName: [StageDecision]] = [:]
}

/// The only place in which status and conditions are made.
struct Summarizer {
    let desired: DesiredState
    let plan: Plan
    let running: Set<StepID>
    let attempts: [Fingerprint: ReconcilerCore.Attempt]
    let models: ModelSummary
    let report: ServingReport?

    /// Sorted by resource.
    func statuses() -> [ResourceStatus] {
        let steps = Dictionary(grouping: plan.steps, by: \.step.id.resource)
        let ids = Set(desired.graph.resources.keys).union(desired.graph.blocked.keys)
        return ids.sorted().map { id in
            status(of: id, verdict: verdict(for: id, steps: steps[id] ?? []))
        }
    }

    /// One state, from which both vocabularies are derived.
    private enum Verdict {
        case ready(String)
        case working(reason: String, String)
        /// Needs a human.
        case stalled(reason: String, String)
        /// Works, but not as the commit asks, and a human must look.
        case kept(reason: String, String)
        case missing(reason: String, String)
    }

    private func verdict(for id: ResourceID, steps: [PlannedStep]) -> Verdict {
        if desired.held.contains(id) {
            return .kept(
                reason: "ManifestInvalid",
                "its file cannot be read at this commit; the last applied manifest stays in force")
        }
        switch desired.graph.blocked[id] {
        case .invalid:
            return .stalled(reason: "ManifestInvalid", firstError(of: id))
        case .waitsFor(let other):
            let why = "waits for \(chain(from: other)), which is invalid"
            // What was served before goes on being served, and people must see that.
            if let served = report?.deployments.first(where: { $0.name == id.name.text }),
                id.kind == .deployment, served.version != nil
            {
                return .kept(reason: "DependencyNotReady", "\(why); \(serving(served))")
            }
            return .stalled(reason: "DependencyNotReady", why)
        case nil: break
        }
        switch id.kind {
        case .model: return verdict(forModel: id.name)
        case .deployment: return verdict(forDeployment: id)
        case .project: return .ready("applied")
        case .dataset, .featureView, .trainingConfig: return verdict(for: steps)
        }
    }

    private func firstError(of id: ResourceID) -> String {
        let own = desired.diagnostics.first { $0.resource == id && $0.severity == .error }
        guard let own else { return "its manifest has errors: see `ingot validate`" }
        return own.location.map { "\($0): \(own.message)" } ?? own.message
    }

    /// `dataset/a, which waits for dataset/b`, up to the resource that has the error.
    private func chain(from id: ResourceID) -> String {
        var names = [id.description]
        var seen: Set<ResourceID> = [id]
        var next = desired.graph.blocked[id]
        while case .waitsFor(let other)? = next, seen.insert(other).inserted {
            names.append(other.description)
            next = desired.graph.blocked[other]
        }
        return names.joined(separator: ", which waits for ")
    }

    private func verdict(for steps: [PlannedStep]) -> Verdict {
        var working: (String, String)?
        for planned in steps {
            let kind = planned.step.id.kind.rawValue
            switch planned.action {
            case .cached:
                continue
            case .failed(let failure):
                return .stalled(reason: failure.code, failure.message)
            case .missingSource(let path, let problem):
                return .stalled(
                    reason: "SourceMissing",
                    problem.hasPrefix(path.display) ? problem : "\(path.display): \(problem)")
            case .blocked(let other):
                return .stalled(
                    reason: "DependencyNotReady", "waits for \(other), which cannot succeed")
            case .run, .mayRun:
                if let fingerprint = planned.fingerprint, let attempt = attempts[fingerprint] {
                    if attempt.count >= ReconcilerCore.maximumAttempts {
                        return .stalled(
                            reason: "RetriesExhausted",
                            "\(kind) failed \(attempt.count) times: \(attempt.message)")
                    }
                    working = (
                        "ProgressingWithRetry",
                        "\(kind) is tried again after: \(attempt.message)"
                    )
                } else if running.contains(planned.step.id) {
                    working = working ?? ("Progressing", "\(kind) is running")
                } else {
                    working = working ?? ("Progressing", "\(kind) waits for its inputs")
                }
            }
        }
        if let (reason, message) = working { return .working(reason: reason, message) }
        return .ready(steps.isEmpty ? "applied" : "up to date")
    }

    private func verdict(forModel name: ResourceName) -> Verdict {
        let decisions = models.decisions[name] ?? []
        let shown = decisions.map { decision in
            switch decision.outcome {
            case .show(let version): "\(decision.stage)=v\(version)"
            case .hold: "\(decision.stage) held"
            case .empty: "\(decision.stage) empty"
            }
        }.joined(separator: ", ")
        switch models.outcomes[name] {
        case .gatesFailed(let gates):
            return .kept(
                reason: "GatesFailed", gates.joined(separator: "; ") + suffix(shown))
        case .failed(let why):
            return .stalled(reason: "TrainingFailed", why + suffix(shown))
        case .pending, nil:
            return .working(reason: "Progressing", "training is under way" + suffix(shown))
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

    private func suffix(_ shown: String) -> String { shown.isEmpty ? "" : " (\(shown))" }

    private func verdict(forDeployment id: ResourceID) -> Verdict {
        guard let spec = desired.graph.resources[id]?.deployment else {
            return .missing(reason: "Unknown", "not understood")
        }
        guard let report else {
            return .missing(
                reason: "GatewayDown", "no gateway is running: start it with `ingot gateway`")
        }
        guard let actual = report.deployments.first(where: { $0.name == id.name.text }) else {
            return .working(
                reason: "Progressing", "waits for stage '\(spec.stage)' of model/\(spec.model)")
        }
        let shown = serving(actual)
        if let failure = actual.failure {
            return .stalled(reason: "RolloutFailed", "\(failure); \(shown)")
        }
        guard actual.digest == actual.desiredDigest,
            actual.readyReplicas >= actual.desiredReplicas
        else {
            return .working(reason: "Progressing", shown)
        }
        return .ready(shown)
    }

    /// `serving v1, 2/2 replicas`
    private func serving(_ report: DeploymentReport) -> String {
        let version = report.version.map { "v\($0)" } ?? "nothing"
        return "serving \(version), \(report.readyReplicas)/\(report.desiredReplicas) replicas"
    }

    private func status(of id: ResourceID, verdict: Verdict) -> ResourceStatus {
        let revision = desired.revision.description
        func condition(_ type: String, _ status: Condition.Status, _ reason: String, _ text: String)
            -> Condition
        {
            Condition(
                type: type, status: status, reason: reason, message: text,
                observedRevision: revision)
        }
        func make(
            _ sync: SyncStatus, _ health: HealthStatus, _ conditions: [Condition], _ text: String
        ) -> ResourceStatus {
            ResourceStatus(
                resource: id, sync: sync, health: health, conditions: conditions, message: text)
        }
        switch verdict {
        case .ready(let text):
            return make(.synced, .healthy, [condition("Ready", .yes, "Succeeded", text)], text)
        case .working(let reason, let text):
            return make(
                .outOfSync, .progressing,
                [
                    condition("Ready", .unknown, reason, text),
                    condition("Reconciling", .yes, reason, text),
                ], text)
        case .stalled(let reason, let text):
            return make(
                .outOfSync, .degraded,
                [
                    condition("Ready", .no, reason, text), condition("Stalled", .yes, reason, text),
                ], text)
        case .kept(let reason, let text):
            return make(
                .outOfSync, .healthy,
                [
                    condition("Ready", .no, reason, text), condition("Stalled", .yes, reason, text),
                ], text)
        case .missing(let reason, let text):
            return make(
                .outOfSync, .missing, [condition("Ready", .unknown, reason, text)], text)
        }
    }
}
