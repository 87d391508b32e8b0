package import ResourceAPI

/// The online views of a graph whose values are made again as time passes, though their data stay
/// the same: latest values are what they were, windows move on. Nothing but the view's `online` step
/// depends on the time, so no model does.
package struct OnlineRefresh: Sendable {
    /// Each `online` step, and how often it is made.
    private let intervals: [(step: StepID, seconds: Int64)]

    package init(_ graph: ResourceGraph) {
        intervals = graph.resources.values.compactMap { resource in
            guard let view = resource.featureView, view.online, let refresh = view.refresh
            else { return nil }
            return (StepID(resource.id, .online), refresh.seconds)
        }
    }

    package var isEmpty: Bool { intervals.isEmpty }

    /// The instants that views have at a time: whole multiples of their intervals since 1970, so that
    /// every controller comes to the same.
    ///
    /// - Parameter time: milliseconds since 1970.
    package func instants(at time: Int64) -> [StepID: String] {
        var instants: [StepID: String] = [:]
        for (step, seconds) in intervals where seconds > 0 {
            let instant = time / 1000 / seconds * seconds
            instants[step] = InstantText.write(instant * 1_000_000)
        }
        return instants
    }

    /// The instants of the values that were made last: for who plans without being the controller.
    ///
    /// - Parameter recipe: of the newest execution of a step.
    package func instants(recorded recipe: (StepID) -> JSONValue?) -> [StepID: String] {
        var instants: [StepID: String] = [:]
        for (step, _) in intervals { instants[step] = recipe(step)?["instant"]?.string }
        return instants
    }
}

extension ResourceGraph {
    /// The same graph, in which these `online` steps are made as of an instant.
    ///
    /// - Parameter instants: ISO 8601 in UTC.
    package func refreshed(_ instants: [StepID: String]) -> ResourceGraph {
        guard !instants.isEmpty else { return self }
        var refreshed = steps
        for (id, instant) in instants {
            guard let step = steps[id] else { continue }
            var recipe = step.recipe.object ?? [:]
            recipe["instant"] = .string(instant)
            refreshed[id] = Step(
                id: id, recipeVersion: step.recipeVersion, recipe: .object(recipe),
                inputs: step.inputs, after: step.after, seed: step.seed, resources: step.resources)
        }
        return ResourceGraph(
            project: project, lock: lock, resources: resources, steps: refreshed, order: order,
            diagnostics: diagnostics, blocked: blocked, dependents: dependents,
            referrers: referrers)
    }
}
