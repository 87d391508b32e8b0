import ResourceAPI

/// One column that a view gives to a training set.
struct FeatureOutput: Hashable, Sendable {
    /// `<view>__<output>`.
    let name: String
    let feature: Feature
    /// Nil if all rows are counted.
    let input: FeatureInput?
    /// Nil for a latest value.
    let window: FeatureWindow?
    /// Of `last_n`: 1 for the latest value.
    let rank: Int
    /// No row can ever be visible in the window, because rows become known when they have already
    /// left it.
    let isAlwaysEmpty: Bool

    /// Strings are categories; everything else is a FLOAT.
    var isCategorical: Bool {
        input?.type == .string && feature.aggregate?.isCount != true
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
        let delay: Int64? =
            if case .delay(let delay) = source.knownAt { delay.seconds } else { nil }
        return feature.columns.map { column in
            let window = column.window.map {
                FeatureWindow($0, of: feature, ttl: source.spec.ttl)
            }
            let isKnownTooLate =
                if let window, let delay { window.reach <= delay } else { false }
            return FeatureOutput(
                name: "\(source.name)__\(column.name)", feature: feature, input: input,
                window: window, rank: column.rank,
                isAlwaysEmpty: isKnownTooLate || window?.isEmpty == true)
        }
    }
}

// MARK: - How it is computed

extension FeatureOutput {
    /// What a column of a window is computed from.
    enum Method: Hashable, Sendable {
        /// The latest row, or one that lags behind it.
        case latest
        /// Running totals before and at the end of the window.
        case totals
        /// The value at a place in the order of the values, which running counts find.
        case rank
        /// The rows of the window, one by one.
        case rows(RowAggregate)
    }

    var method: Method {
        let isExact = input?.isExact == true
        return switch feature.aggregate {
        case nil: .latest
        case .count: .totals
        case .first, .last, .lastN: .rank
        case .sum, .mean: isExact ? .totals : .rows(.sum)
        case .min: .rows(.min)
        case .max: .rows(.max)
        case .countDistinct, .approxCountDistinct: .rows(.countDistinct)
        case .standardDeviation, .variance: .rows(.variance(isExact: isExact))
        case .approxPercentile: .rows(.percentile(feature.percentile ?? 0.5))
        case .mode: .rows(.mode)
        }
    }

    /// Of the latest visible row, not of one before it.
    var isLatest: Bool { method == .latest && feature.lag == 0 }

    var rowAggregate: RowAggregate? {
        if case .rows(let aggregate) = method { aggregate } else { nil }
    }

    /// How many rows or values the window holds: the result, what tells null from zero, or the rank
    /// of a value.
    var needsCount: Bool {
        switch feature.aggregate {
        case .count, .sum, .mean, .first, .last, .lastN: true
        default: false
        }
    }
}

/// An aggregate that is computed over the rows of a window.
enum RowAggregate: Hashable, Sendable {
    case sum
    case min
    case max
    case countDistinct
    case variance(isExact: Bool)
    case percentile(Double)
    case mode

    var text: String {
        switch self {
        case .sum: "sum"
        case .min: "min"
        case .max: "max"
        case .countDistinct: "count_distinct"
        case .variance: "variance"
        case .percentile(let share): "percentile \(share)"
        case .mode: "mode"
        }
    }

    /// - Parameters:
    ///   - value: a column, null where there is no value.
    ///   - order: ` ORDER BY …`, where the rows are not in order already.
    ///   - frame: ` OVER …`, or nothing for an aggregate of a group.
    func sql(_ value: String, type: ColumnType?, order: String = "", frame: String = "") -> String {
        let number = type == .boolean ? "CAST(\(value) AS TINYINT)" : value
        let isReal = type == nil || type == .double
        return switch self {
        case .sum: "sum(\(value)\(order))\(frame)"
        case .min: "min(\(value))\(frame)"
        case .max: "max(\(value))\(frame)"
        case .countDistinct: "count(DISTINCT \(value))\(frame)"
        case .variance(let isExact):
            // DuckDB refuses the variance of what is not finite.
            isExact
                ? "var_samp(CAST(\(value) AS DOUBLE)\(order))\(frame)"
                : "CASE WHEN count(\(value))\(frame) < 2 THEN NULL"
                    + " WHEN bool_or(NOT isfinite(\(value)))\(frame) THEN 'NaN'::DOUBLE"
                    + " ELSE var_samp(CASE WHEN isfinite(\(value)) THEN \(value) END\(order))"
                    + "\(frame) END"
        case .percentile(let share):
            "quantile_disc(\(number), \(share))\(frame)"
        case .mode:
            // To DuckDB's mode a NaN is never the same as another.
            isReal
                ? "mode(CASE WHEN NOT isnan(\(value)) THEN \(value) END\(order))\(frame)"
                : "mode(\(value)\(order))\(frame)"
        }
    }
}
