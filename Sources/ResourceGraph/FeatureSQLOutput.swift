import ResourceAPI

/// One column that a view gives to a training set.
struct FeatureOutput: Hashable, Sendable {
    /// `<view>__<output>`.
    let name: String
    let feature: Feature
    /// Nil if rows are counted.
    let input: FeatureInput?
    /// How far before the spine's time an event may lie, in seconds: the window, or the view's time
    /// to live if that is shorter. Nil for a latest value.
    let reach: Int64?
    /// No row can ever be visible in the window, because rows become known when they have already
    /// left it.
    let isAlwaysEmpty: Bool

    /// Strings are categories; everything else is a FLOAT.
    var isCategorical: Bool {
        input?.type == .string && feature.aggregate != .count
    }

    /// The aggregates that running totals cannot give: extremes, and sums that are not exact.
    var needsRows: Bool {
        switch feature.aggregate {
        case .min, .max: true
        case .sum, .mean: input?.isExact != true
        case .count, nil: false
        }
    }

    /// How many rows or values the window holds: the result, or what tells null from zero.
    var needsCount: Bool {
        switch feature.aggregate {
        case .count, .sum, .mean: true
        case .min, .max, nil: false
        }
    }

    /// The columns of a view that a selection asks for: features by name, or single outputs.
    static func selected(_ names: [String]?, of source: ViewSource) -> [FeatureOutput] {
        let all = source.spec.features.flatMap { outputs(of: $0, in: source) }
        guard let names else { return all }
        let prefix = "\(source.name)__"
        return names.flatMap { name in
            all.filter { $0.feature.name == name || $0.name == prefix + name }
        }
    }

    private static func outputs(of feature: Feature, in source: ViewSource) -> [FeatureOutput] {
        let input = FeatureInput.of(feature, in: source)
        let delay: Int64 =
            if case .delay(let delay) = source.spec.knownAt { delay.seconds } else { 0 }
        return feature.outputs.enumerated().map { index, output in
            var reach: Int64?
            if feature.aggregate != nil {
                let window = feature.windows[index].seconds
                reach = min(window, source.spec.ttl?.seconds ?? window)
            }
            return FeatureOutput(
                name: "\(source.name)__\(output)", feature: feature, input: input, reach: reach,
                isAlwaysEmpty: reach.map { $0 <= delay } ?? false)
        }
    }
}
