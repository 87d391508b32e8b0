import Foundation
import ResourceAPI
import StateStore

/// Says a verdict in both vocabularies: Argo's words for people, conditions for machines.
struct StatusWords {
    let resource: ResourceID
    /// Of a deployment with online features.
    var features: FeatureComparison?

    func status(_ verdict: Summarizer.Verdict) -> ResourceStatus {
        switch verdict {
        case .ready(let text):
            make(.synced, .healthy, [condition("Ready", .yes, "Succeeded", text)], text)
        case .working(let reason, let text):
            make(
                .outOfSync, .progressing,
                [
                    condition("Ready", .unknown, reason, text),
                    condition("Reconciling", .yes, reason, text),
                ], text)
        case .stalled(let reason, let text):
            make(.outOfSync, .degraded, stalled(reason, text), text)
        case .kept(let reason, let text):
            make(.outOfSync, .healthy, stalled(reason, text), text)
        case .missing(let reason, let text):
            make(.outOfSync, .missing, [condition("Ready", .unknown, reason, text)], text)
        }
    }

    /// What is in order stays `Synced`, but nobody shall overlook that it will not follow.
    func status(_ verdict: Summarizer.Verdict, suspended: Suspension) -> ResourceStatus {
        let plain = status(verdict)
        let until = suspended.expiresAt.map { " until \(Self.text(time: $0))" } ?? ""
        let what = "suspended by \(suspended.actor)\(until): \(suspended.reason)"
        let text = plain.sync == .synced ? what : "\(what); \(plain.message)"
        return make(
            plain.sync, .suspended,
            plain.conditions.filter { $0.type != "Reconciling" }
                + [condition("Suspended", .yes, "Suspended", what)], text)
    }

    /// `2026-11-21T08:43:00Z`
    private static func text(time milliseconds: Int64) -> String {
        Date.ISO8601FormatStyle().format(
            Date(timeIntervalSince1970: Double(milliseconds) / 1000))
    }

    private func stalled(_ reason: String, _ text: String) -> [Condition] {
        [condition("Ready", .no, reason, text), condition("Stalled", .yes, reason, text)]
    }

    private func condition(
        _ type: String, _ status: Condition.Status, _ reason: String, _ text: String
    ) -> Condition {
        Condition(type: type, status: status, reason: reason, message: text)
    }

    private func make(
        _ sync: SyncStatus, _ health: HealthStatus, _ conditions: [Condition], _ text: String
    ) -> ResourceStatus {
        ResourceStatus(
            resource: resource, sync: sync, health: health,
            conditions: conditions + featureCondition.filter { !conditions.contains($0) },
            message: text)
    }

    private var featureCondition: [Condition] {
        guard let features else { return [] }
        let isEqual = features.difference == nil
        return [
            condition(
                "FeaturesConsistent", isEqual ? .yes : .no,
                isEqual ? "SampleEqual" : "SampleDiffers", features.message)
        ]
    }
}
