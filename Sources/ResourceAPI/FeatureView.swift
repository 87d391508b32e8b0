/// Features of an entity over time, defined once for training and serving.
package struct FeatureViewSpec: Hashable, Sendable {
    package enum KnownAt: Hashable, Sendable {
        /// Known this long after the event time. Zero is the default.
        case delay(ManifestDuration)
        /// Known at the time in this column.
        case column(String)
    }

    package enum Source: Hashable, Sendable {
        case dataset(ResourceName)
        /// The rows of another view, with its features that have no aggregate as columns.
        case view(ResourceName)
    }

    package let source: Source
    /// The columns that name the entity; a spine has columns of the same names.
    package let entity: [String]
    /// The column of the event time. Nil if, and only if, the rows are those of a view.
    package let timestamp: String?
    /// Nil if, and only if, the rows are those of a view.
    package let knownAt: KnownAt?
    /// A row older than this, by event time, is not used. Nil: never too old.
    package let ttl: ManifestDuration?
    package let features: [Feature]
    /// Whether the values are made available to serving.
    package let online: Bool
    /// How often the values are made again though the data are the same, so that windows move on.
    package let refresh: ManifestDuration?

    /// A view of a dataset.
    package init(
        dataset: ResourceName,
        entity: [String],
        timestamp: String,
        knownAt: KnownAt,
        ttl: ManifestDuration? = nil,
        features: [Feature],
        online: Bool = false,
        refresh: ManifestDuration? = nil
    ) {
        source = .dataset(dataset)
        self.entity = entity
        self.timestamp = timestamp
        self.knownAt = knownAt
        self.ttl = ttl
        self.features = features
        self.online = online
        self.refresh = refresh
    }

    /// A view of a view.
    package init(
        view: ResourceName, entity: [String], ttl: ManifestDuration? = nil, features: [Feature],
        online: Bool = false, refresh: ManifestDuration? = nil
    ) {
        source = .view(view)
        self.entity = entity
        timestamp = nil
        knownAt = nil
        self.ttl = ttl
        self.features = features
        self.online = online
        self.refresh = refresh
    }

    package var dataset: ResourceName? {
        if case .dataset(let name) = source { name } else { nil }
    }
}

package struct Feature: Hashable, Sendable {
    package enum Value: Hashable, Sendable {
        case column(String)
        /// A row-level SQL expression over the source's columns.
        case expression(String)
        /// Nothing: for `count`, which counts rows.
        case rows
    }

    /// How the values of a window, those that are not null, become one.
    package enum Aggregate: String, CaseIterable, Hashable, Sendable {
        case count
        case sum
        case mean
        case min
        case max
        case countDistinct = "count_distinct"
        /// Computed exactly, which is within any approximation.
        case approxCountDistinct = "approx_count_distinct"
        /// Of the sample: divided by n − 1.
        case standardDeviation = "stddev"
        case variance
        case first
        case last
        /// The latest `n` values, each a column.
        case lastN = "last_n"
        /// The smallest value that at least this share of the values do not exceed.
        case approxPercentile = "approx_percentile"
        /// The most frequent value; of several, the one that came first.
        case mode

        /// Takes numbers only; the others take values of any type.
        package var isNumeric: Bool {
            switch self {
            case .sum, .mean, .min, .max, .standardDeviation, .variance, .approxPercentile: true
            case .count, .countDistinct, .approxCountDistinct, .first, .last, .lastN, .mode: false
            }
        }

        /// Says how many there are: zero, not null, of nothing.
        package var isCount: Bool {
            switch self {
            case .count, .countDistinct, .approxCountDistinct: true
            default: false
            }
        }
    }

    /// Which ends of a window belong to it. Its right end is the spine's time, less the offset.
    package enum Closed: String, CaseIterable, Hashable, Sendable {
        case left
        case right
        case both
        case neither

        package var includesLeft: Bool { self == .left || self == .both }
        package var includesRight: Bool { self == .right || self == .both }
    }

    package let name: String
    package let value: Value
    /// A SQL condition over the source's columns; the values of rows that do not meet it are null.
    package let condition: String?
    /// Nil: the value of the latest visible row.
    package let aggregate: Aggregate?
    /// Not empty if and only if there is an aggregate.
    package let windows: [ManifestDuration]
    package let closed: Closed
    /// How far before the spine's time the windows end.
    package let offset: ManifestDuration
    /// Without an aggregate: how many rows before the latest one.
    package let lag: Int
    /// Of `last_n`: how many values. 1 otherwise.
    package let count: Int
    /// Of `approx_percentile`: the share, 0 to 1.
    package let percentile: Double?

    package init(
        name: String, value: Value, condition: String? = nil, aggregate: Aggregate? = nil,
        windows: [ManifestDuration], closed: Closed = .left,
        offset: ManifestDuration = ManifestDuration(seconds: 0), lag: Int = 0, count: Int = 1,
        percentile: Double? = nil
    ) {
        self.name = name
        self.value = value
        self.condition = condition
        self.aggregate = aggregate
        self.windows = windows
        self.closed = closed
        self.offset = offset
        self.lag = lag
        self.count = count
        self.percentile = percentile
    }

    /// One column that a feature makes.
    package struct Column: Hashable, Sendable {
        /// The feature's name, `<name>_<window>`, or of `last_n` `<name>_<window>_<rank>`.
        package let name: String
        package let window: ManifestDuration?
        /// Of `last_n`: 1 for the latest value. 1 otherwise.
        package let rank: Int
    }

    package var columns: [Column] {
        guard let aggregate else { return [Column(name: name, window: nil, rank: 1)] }
        return windows.flatMap { window in
            guard aggregate == .lastN else {
                return [Column(name: "\(name)_\(window)", window: window, rank: 1)]
            }
            return (1...Swift.max(count, 1)).map {
                Column(name: "\(name)_\(window)_\($0)", window: window, rank: $0)
            }
        }
    }

    /// The names of its columns.
    package var outputs: [String] { columns.map(\.name) }
}
