package import ResourceAPI

/// A feature view with what the compiler has to know about it.
package struct ViewSource: Hashable, Sendable {
    /// Of a view of a view: the other one's rows.
    struct Base: Hashable, Sendable {
        let entity: [String]
        let columns: [Column]

        /// A feature of the other view, and the quoted name of its values in that one's artifact.
        struct Column: Hashable, Sendable {
            let feature: String
            let column: String
        }
    }

    package let name: ResourceName
    package let spec: FeatureViewSpec
    /// The columns of the view's rows; empty if the dataset's manifest does not list them.
    package let schema: [DatasetSpec.Column]
    package let knownAt: FeatureViewSpec.KnownAt
    let base: Base?

    /// A view of a dataset.
    ///
    /// - Parameter schema: that of the dataset.
    package init(name: ResourceName, spec: FeatureViewSpec, schema: [DatasetSpec.Column]) {
        self.name = name
        self.spec = spec
        self.schema = schema
        knownAt = spec.knownAt ?? .delay(ManifestDuration(seconds: 0))
        base = nil
    }

    /// A view of a view.
    package init(name: ResourceName, spec: FeatureViewSpec, of view: ViewSource) {
        self.name = name
        self.spec = spec
        knownAt = view.knownAt
        let features = view.spec.features.filter(\.isRowLevel)
        let entity = view.spec.entity.compactMap { name in
            view.schema.first { $0.name == name }
        }
        schema =
            entity
            + features.map { feature in
                let type = FeatureInput.of(feature, in: view)?.type
                // What has no known type was made a double.
                return DatasetSpec.Column(
                    name: feature.name, type: type ?? .double, nullable: true)
            }
        base = Base(
            entity: view.spec.entity,
            columns: features.compactMap { feature in
                FeatureInput.of(feature, in: view).map {
                    Base.Column(feature: feature.name, column: $0.column)
                }
            })
    }
}

extension ViewSource {
    /// Views of views do not go deeper; a cycle, which is refused, ends here too.
    private static let deepest = 16

    /// The views that a training config selects from, each once, without those that cannot be found.
    static func all(
        of config: TrainingConfigSpec, among resources: [ResourceID: Resource]
    ) -> [ViewSource] {
        var seen: Set<ResourceName> = []
        return config.features.compactMap { selection in
            guard case .view(let name, _) = selection, seen.insert(name).inserted,
                let view = resources[ResourceID(.featureView, name)]?.featureView
            else { return nil }
            return resolve(name, view, among: resources)
        }
    }

    /// - Returns: nil if a view that it is of cannot be found.
    static func resolve(
        _ name: ResourceName, _ spec: FeatureViewSpec, among resources: [ResourceID: Resource],
        depth: Int = 0
    ) -> ViewSource? {
        switch spec.source {
        case .dataset(let dataset):
            let schema = resources[ResourceID(.dataset, dataset)]?.dataset?.schema ?? []
            return ViewSource(name: name, spec: spec, schema: schema)
        case .view(let view):
            guard depth < deepest,
                let base = resources[ResourceID(.featureView, view)]?.featureView,
                let source = resolve(view, base, among: resources, depth: depth + 1)
            else { return nil }
            return ViewSource(name: name, spec: spec, of: source)
        }
    }
}

extension Feature {
    /// A value of each row, which a view of this view can use as a column.
    var isRowLevel: Bool { aggregate == nil && lag == 0 }
}
