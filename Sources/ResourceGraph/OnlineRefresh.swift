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
            instants[step] = Self.text(time / 1000 / seconds * seconds)
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

    /// ISO 8601 in UTC of seconds since 1970. The days of a year are counted from March, so that the
    /// leap day is the last; an era of 400 years has 146,097 days.
    private static func text(_ seconds: Int64) -> String {
        let (days, second) = (seconds / 86_400, seconds % 86_400)
        let shifted = days + 719_468
        let (era, dayOfEra) = (shifted / 146_097, shifted % 146_097)
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let fromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * fromMarch + 2) / 5 + 1
        let month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let time = [second / 3600, second / 60 % 60, second % 60].map(two)
        return "\(year)-\(two(month))-\(two(day))T\(time.joined(separator: ":"))"
    }
}

extension ResourceGraph {
    /// The same graph, in which these `online` steps are made as of an instant.
    ///
    /// - Parameter instants: ISO 8601 in UTC, without a zone.
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
