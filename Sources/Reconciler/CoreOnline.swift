import Planning
import ResourceAPI
import ResourceGraph

// Which online features are there for a deployment.

extension ReconcilerCore {
    /// The `online` steps of the views that the model's config reads.
    func onlineSteps(of model: ResourceName, _ desired: DesiredState) -> [StepID] {
        let graph = desired.graph
        guard let config = graph.resources[ResourceID(.model, model)]?.model?.trainingConfig,
            let views = graph.resources[ResourceID(.trainingConfig, config)]?.trainingConfig?.views
        else { return [] }
        return views.map { StepID(ResourceID(.featureView, $0), .online) }
            .filter { graph.steps[$0] != nil }
    }

    /// What a version can be served with. While a view's values are being made, those from which the
    /// deployment answers go on.
    ///
    /// - Returns: nil if values are needed that are not there yet.
    func onlineViews(
        for version: ModelVersion, servedBy deployment: ResourceName, _ desired: DesiredState
    ) -> [ResourceName: Digest]? {
        guard missingStep(for: version, servedBy: deployment, desired) == nil else { return nil }
        var views: [ResourceName: Digest] = [:]
        for id in onlineSteps(of: version.model, desired) {
            views[id.resource.name] = values(of: id, servedBy: deployment)
        }
        return views
    }

    private func values(of step: StepID, servedBy deployment: ResourceName) -> Digest? {
        if case .cached(let digest)? = plan.step(step)?.action { return digest }
        return serving.intents[deployment]?.online[step.resource.name]
    }

    /// The step for whose values a version has to wait. An older version may not read the view at
    /// all, and waits for none.
    private func missingStep(
        for version: ModelVersion, servedBy deployment: ResourceName, _ desired: DesiredState
    ) -> StepID? {
        guard isNewest(version, desired) else { return nil }
        return onlineSteps(of: version.model, desired).first {
            values(of: $0, servedBy: deployment) == nil
        }
    }

    /// The step for whose values a deployment waits, so that it does not show what its stage shows.
    func missingStep(of deployment: ResourceName, _ desired: DesiredState) -> StepID? {
        guard let spec = desired.graph.resources[ResourceID(.deployment, deployment)]?.deployment,
            let number = registry.models[spec.model]?.stages[spec.stage],
            let version = registry.version(number, of: spec.model)
        else { return nil }
        return missingStep(for: version, servedBy: deployment, desired)
    }

    /// Whether it is what the model's config, as it is in this commit, has come to; then it reads
    /// just the views that are named there.
    private func isNewest(_ version: ModelVersion, _ desired: DesiredState) -> Bool {
        guard
            let config = desired.graph.resources[ResourceID(.model, version.model)]?.model?
                .trainingConfig,
            case .cached(let digest)? = plan.step(
                StepID(ResourceID(.trainingConfig, config), .train))?.action
        else { return false }
        return digest == version.digest
    }

    /// Whether what the gateway was asked for, as it reports, are the newest online features.
    func isTold(_ report: DeploymentReport) -> Bool {
        guard let desired, let name = ResourceName(report.name), let intent = serving.intents[name]
        else { return true }
        let asked = report.desiredOnline ?? [:]
        if isNewest(intent.version, desired), asked.count != intent.online.count { return false }
        return intent.online.allSatisfy {
            asked[$0.key.text] == nil || asked[$0.key.text] == $0.value
        }
    }
}

extension TrainingConfigSpec {
    /// The views that it reads, each once.
    var views: [ResourceName] {
        var seen: Set<ResourceName> = []
        return features.compactMap { selection in
            guard case .view(let name, _) = selection, seen.insert(name).inserted else {
                return nil
            }
            return name
        }
    }
}
