import Reconciler
import ResourceAPI
import StateStore

/// What changed since a controller wrote the statuses, while none runs that could write them anew:
/// suspensions, and what the gateway reports.
struct StatusOverlay {
    /// Those in force.
    let suspensions: [Suspension]
    let report: ServingReport?
    let hasController: Bool

    func row(_ record: StatusRecord) -> StatusView.Row {
        let status = record.status
        let shown = StatusView.Row(
            resource: record.resource, sync: status.sync, health: status.health,
            conditions: status.conditions, message: status.message,
            since: TimeText.date(milliseconds: record.since))
        guard !hasController else { return shown }
        if let suspension = suspension(of: record.resource) {
            return status.health == .suspended ? shown : suspended(shown, suspension)
        }
        if status.health == .suspended {
            return shown.with(
                health: .unknown, message: "was resumed, but no controller has run since")
        }
        return record.resource.kind == .deployment ? served(shown) : shown
    }

    private func suspension(of resource: ResourceID) -> Suspension? {
        suspensions.first { $0.resource == nil || $0.resource == resource }
    }

    private func suspended(
        _ row: StatusView.Row, _ suspension: Suspension
    ) -> StatusView.Row {
        let until = suspension.expiresAt.map { " until \(TimeText.date(milliseconds: $0))" } ?? ""
        let what = "suspended by \(suspension.actor)\(until): \(suspension.reason)"
        return row.with(
            health: .suspended,
            message: row.sync == .synced ? what : "\(what); \(row.message)")
    }

    /// Only where the record says that the gateway was, or was not, there: everything else is known
    /// to the controller alone.
    private func served(_ row: StatusView.Row) -> StatusView.Row {
        guard let reason = row.conditions.first(where: { $0.type == "Ready" })?.reason,
            ["GatewayDown", "Succeeded", "Progressing", "RolloutFailed"].contains(reason)
        else { return row }
        guard let report else {
            guard reason != "GatewayDown" else { return row }
            return row.with(
                sync: .outOfSync, health: .missing,
                message: "no gateway is running: start it with `ingot gateway`")
        }
        guard let actual = report.deployments.first(where: { $0.name == row.resource.name.text })
        else { return row }
        let version = actual.version.map { "v\($0)" } ?? "nothing"
        let text =
            "serving \(version), \(actual.readyReplicas)/\(actual.desiredReplicas) replicas"
        if let failure = actual.failure {
            return row.with(
                sync: .outOfSync, health: .degraded, message: "\(failure); \(text)")
        }
        let isReady =
            actual.digest == actual.desiredDigest
            && actual.readyReplicas >= actual.desiredReplicas
        return isReady
            ? row.with(sync: .synced, health: .healthy, message: text)
            : row.with(sync: .outOfSync, health: .progressing, message: text)
    }
}

extension StatusView.Row {
    /// The same with another verdict. The conditions are those of the last controller, without
    /// those that the verdict contradicts.
    fileprivate func with(
        sync: SyncStatus? = nil, health: HealthStatus, message: String
    ) -> StatusView.Row {
        let ready: Condition.Status =
            switch health {
            case .healthy: .yes
            case .degraded: .no
            default: .unknown
            }
        let isSuspension = health == .suspended
        let condition = Condition(
            type: isSuspension ? "Suspended" : "Ready", status: isSuspension ? .yes : ready,
            reason: isSuspension ? "Suspended" : "Observed", message: message)
        let kept = conditions.filter { isSuspension ? $0.type != "Reconciling" : false }
        return StatusView.Row(
            resource: resource, sync: sync ?? self.sync, health: health,
            conditions: isSuspension ? kept + [condition] : [condition], message: message,
            since: since)
    }
}
