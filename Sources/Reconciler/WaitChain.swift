import Planning
import ResourceAPI
import ResourceGraph

/// What waits for what, followed to its end.
struct WaitChain {
    private static let maximumLinks = 12
    let core: ReconcilerCore
    let desired: DesiredState

    /// `featureview/b, which waits for dataset/c`: what the resource waits for, link by link; with
    /// `including`, the resource itself first.
    func text(from id: ResourceID, including: Bool = false) -> String {
        var names: [String] = including ? [id.description] : []
        var seen: Set<ResourceID> = [id]
        var last = id
        while names.count < WaitChain.maximumLinks, let next = next(after: last),
            seen.insert(next).inserted
        {
            names.append(next.description)
            last = next
        }
        return names.joined(separator: ", which waits for ")
    }

    /// Nil if the resource waits for no other one.
    func next(after id: ResourceID) -> ResourceID? {
        switch desired.graph.blocked[id] {
        case .waitsFor(let other): return other
        case .invalid: return nil
        case nil: break
        }
        switch id.kind {
        case .model: return config(of: id)
        case .deployment:
            guard core.serving.intents[id.name] == nil else { return nil }
            return core.missingStep(of: id.name, desired)?.resource
                ?? desired.graph.resources[id]?.deployment.map { ResourceID(.model, $0.model) }
        case .dataset, .featureView, .trainingConfig:
            return desired.graph.steps(of: id).lazy.compactMap(obstacle).first
        case .project: return nil
        }
    }

    /// A model that has been trained waits for nothing more.
    private func config(of model: ResourceID) -> ResourceID? {
        switch core.registry.outcomes[model.name] {
        case .registered, .gatesFailed: nil
        case .pending, .failed, nil:
            desired.graph.resources[model]?.model.map {
                ResourceID(.trainingConfig, $0.trainingConfig)
            }
        }
    }

    /// The first resource whose step this one needs and has not got.
    private func obstacle(_ step: Step) -> ResourceID? {
        guard let planned = core.plan.step(step.id) else { return nil }
        if case .cached = planned.action { return nil }
        let needed = step.inputs.compactMap { input in
            if case .step(let id) = input.origin { id } else { nil }
        }
        return (needed + step.after).first { id in
            guard id.resource != step.id.resource else { return false }
            if case .cached? = core.plan.step(id)?.action { return false }
            return true
        }?.resource
    }
}
