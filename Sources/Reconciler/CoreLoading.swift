package import Execution
import Planning
package import ResourceAPI
package import StateStore

/// Makes the core of a controller that starts, from what the last one recorded.
package enum CoreLoading {
    /// - Parameter served: what the gateway was told last, for deployments that cannot be resolved
    ///   at the newest commit.
    package static func core(
        from store: StateStore, budget: ResourceBudget, served: ServingPlan? = nil
    ) async throws -> ReconcilerCore {
        let models = try await models(in: store)
        var recorded = try await store.recordedState(includesDamaged: true)
        for (fingerprint, warnings) in try await store.warnings() {
            recorded.results[fingerprint]?.warnings = warnings
        }
        return ReconcilerCore(
            recorded: recorded, models: models,
            served: intents(served, models), reported: try await reported(in: store),
            suspensions: try await store.suspensions(),
            lost: try await store.damagedArtifacts(),
            budget: StepBudget(cpus: budget.cpus, memoryBytes: budget.memoryBytes))
    }

    private static func models(
        in store: StateStore
    ) async throws -> [ResourceName: ReconcilerCore.ModelRecord] {
        var models: [ResourceName: ReconcilerCore.ModelRecord] = [:]
        for record in try await store.versions() {
            models[record.version.model, default: .init()].versions.append(record.version)
        }
        for stage in try await store.currentStages() {
            if let version = stage.version {
                models[stage.model, default: .init()].stages[stage.stage] = version
            }
        }
        return models
    }

    private static func reported(
        in store: StateStore
    ) async throws -> [ResourceID: ResourceStatus] {
        var reported: [ResourceID: ResourceStatus] = [:]
        for record in try await store.statuses() {
            let status = record.status
            reported[record.resource] = ResourceStatus(
                resource: record.resource, sync: status.sync, health: status.health,
                conditions: status.conditions.map { $0.unobserved }, message: status.message)
        }
        return reported
    }

    private static func intents(
        _ plan: ServingPlan?, _ models: [ResourceName: ReconcilerCore.ModelRecord]
    ) -> [ServingIntent] {
        (plan?.deployments ?? []).compactMap { served in
            guard let name = ResourceName(served.name), let model = ResourceName(served.model),
                let version = models[model]?.versions.first(where: {
                    $0.number == served.version && $0.digest == served.digest
                })
            else { return nil }
            let online = (served.onlineDigests ?? [:]).compactMap { view, digest in
                ResourceName(view).map { ($0, digest) }
            }
            return ServingIntent(
                deployment: name, replicas: served.replicas, version: version,
                online: Dictionary(online, uniquingKeysWith: { first, _ in first }))
        }
    }
}

extension Condition {
    /// As the core has it: at which revision is the store's to say.
    fileprivate var unobserved: Condition {
        Condition(type: type, status: status, reason: reason, message: message)
    }
}
