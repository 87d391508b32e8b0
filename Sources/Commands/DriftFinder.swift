import Planning
import Reconciler
import ResourceAPI
import ResourceGraph
import StateStore

/// One difference that no commit has caused.
struct DriftRow: Encodable {
    let resource: ResourceID
    let actual: String
    let expected: String
    let driftPolicy: String
}

/// Compares what exists with what the core wants.
struct DriftFinder {
    let recorded: RecordedPlan
    let dry: DryRun
    let lost: Set<Digest>
    let stages: [StageRecord]
    let told: ServingPlan?
    let report: ServingReport?
    let isSettled: Bool

    var rows: [DriftRow] {
        (artifactRows + (isSettled ? stageRows + servingRows : []) + instanceRows)
            .sorted { ($0.resource, $0.actual) < ($1.resource, $1.actual) }
    }

    var notes: [String] {
        var notes: [String] = []
        if !isSettled {
            notes.append(
                "\(recorded.desired.revision.short) is still being reconciled: stages and serving were not compared"
            )
        }
        if report == nil, !dry.served.isEmpty {
            notes.append("no gateway is running: instances were not compared")
        }
        return notes
    }

    private func row(_ resource: ResourceID, _ actual: String, _ expected: String) -> DriftRow {
        let policy = recorded.compiled.graph.resources[resource]?.metadata.driftPolicy ?? .heal
        return DriftRow(
            resource: resource, actual: actual, expected: expected, driftPolicy: policy.rawValue)
    }

    /// Missing now, or found missing by a controller that could not make them again.
    private var artifactRows: [DriftRow] {
        recorded.plan.steps.compactMap { planned in
            let step = planned.step.id
            switch planned.action {
            case .cached(let digest) where lost.contains(digest):
                return row(
                    step.resource, "\(step.kind.rawValue) \(digest.short) is missing or cut",
                    "made again")
            case .run where planned.reasons.contains { $0.kind == .artifactMissing }:
                return row(
                    step.resource, "the artifact of \(step.kind.rawValue) is missing or damaged",
                    "made again")
            default: return nil
            }
        }
    }

    private var stageRows: [DriftRow] {
        dry.moves.map { move in
            let current = stages.first { $0.model == move.model && $0.stage == move.stage }
            let number = current?.version.map { "v\($0)" } ?? "nothing"
            let by = current.map { ", moved by \($0.actor)" } ?? ""
            return row(
                ResourceID(.model, move.model), "\(move.stage) shows \(number)\(by)",
                move.version.map { "\(move.stage) shows v\($0.number)" } ?? "\(move.stage) is empty"
            )
        }
    }

    private var servingRows: [DriftRow] {
        let told = Dictionary(
            (self.told?.deployments ?? []).map { ($0.name, $0) }, uniquingKeysWith: { a, _ in a })
        var rows: [DriftRow] = []
        for intent in dry.served {
            let now = told[intent.deployment.text]
            guard now?.digest != intent.version.digest || now?.replicas != intent.replicas else {
                continue
            }
            rows.append(
                row(
                    ResourceID(.deployment, intent.deployment),
                    now.map { "the gateway is told v\($0.version), \($0.replicas) replicas" }
                        ?? "the gateway is not told of it",
                    "v\(intent.version.number), \(intent.replicas) replicas"))
        }
        let wanted = Set(dry.served.map(\.deployment.text))
        for name in told.keys.sorted() where !wanted.contains(name) {
            guard let name = ResourceName(name) else { continue }
            rows.append(
                row(
                    ResourceID(.deployment, name), "the gateway is told to serve it",
                    "not in the commit"))
        }
        return rows
    }

    private var instanceRows: [DriftRow] {
        (report?.deployments ?? []).compactMap { actual in
            guard let name = ResourceName(actual.name) else { return nil }
            guard
                actual.readyReplicas < actual.desiredReplicas
                    || actual.digest != actual.desiredDigest
            else { return nil }
            return row(
                ResourceID(.deployment, name),
                actual.failure
                    ?? "\(actual.readyReplicas) of \(actual.desiredReplicas) replicas are ready",
                "\(actual.desiredReplicas) replicas of \(actual.desiredDigest.short)")
        }
    }
}
