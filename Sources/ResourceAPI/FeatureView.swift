/// Features of an entity over time, defined once for training and serving.
package struct FeatureViewSpec: Hashable, Sendable {
    package enum KnownAt: Hashable, Sendable {
        /// Known this long after the event time. Zero is the default.
        case delay(ManifestDuration)
        /// Known at the time in this column.
        case column(String)
    }

    package let dataset: ResourceName
    /// The columns that name the entity; a spine has columns of the same names.
    package let entity: [String]
    /// The column of the event time.
    package let timestamp: String
    package let knownAt: KnownAt
    /// A row older than this, by event time, is not used. Nil: never too old.
    package let ttl: ManifestDuration?
    package let features: [Feature]
    /// Whether the values are made available to serving.
    package let online: Bool
    package init(
        dataset: ResourceName,
        entity: [String],
        timestamp: String,
        knownAt: KnownAt,
        ttl: ManifestDuration? = nil,
        features: [Feature],
        online: Bool = false
    ) {
        self.dataset = dataset
        self.entity = entity
        self.timestamp = timestamp
        self.knownAt = knownAt
        self.ttl = ttl
        self.features = features
        self.online = online
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

    package enum Aggregate: String, CaseIterable, Hashable, Sendable {
        case count
        case sum
        case mean
        case min
        case max
    }

    package let name: String
    package let value: Value
    /// Nil: the value of the latest visible row.
    package let aggregate: Aggregate?
    /// Not empty if and only if there is an aggregate.
    package let windows: [ManifestDuration]
    package init(
        name: String,
        value: Value,
        aggregate: Aggregate? = nil,
        windows: [ManifestDuration]
    ) {
        self.name = name
        self.value = value
        self.aggregate = aggregate
        self.windows = windows
    }

    /// The columns that this feature makes: its name, or its name with each window.
    package var outputs: [String] {
        aggregate == nil ? [name] : windows.map { "\(name)_\($0)" }
    }
}
