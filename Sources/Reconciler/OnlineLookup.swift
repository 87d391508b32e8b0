import Planning
import ResourceAPI
import StateStore

/// Finds the files of the online features with which a version is served: of the views with which
/// it was trained, and only as they were defined then.
struct OnlineLookup: Sendable {
    let store: StateStore

    /// - Returns: sorted by name; nil if there are none.
    /// - Throws: `CannotServe`; `PassingTrouble`; any other error is final.
    func find(_ intent: ServingIntent) async throws -> [ServedView]? {
        guard !intent.online.isEmpty else { return nil }
        let trained = try await definitions(of: intent.version)
        var views: [ServedView] = []
        for (name, digest) in intent.online.sorted(by: { $0.key < $1.key }) {
            let definitions = trained.compactMap { $0[name.text] }
            guard !definitions.isEmpty else { continue }
            let values = try await reading { () throws(StateStoreError) in
                try await store.producers(of: digest).map(\.order.recipe)
            }
            if let field = OnlineLookup.difference(definitions, values) {
                throw CannotServe(
                    trouble: ReconcilerError.otherDefinition(
                        intent.version, view: name, field: field
                    ).trouble)
            }
            views.append(try await served(name, digest))
        }
        return views.isEmpty ? nil : views
    }

    /// What the recipes of the version's training set say of its views: several, if other
    /// definitions gave the same rows.
    private func definitions(of version: ModelVersion) async throws -> [[String: JSONValue]] {
        try await reading { () throws(StateStoreError) in
            guard let train = try await store.result(of: version.fingerprint),
                let set = train.order.inputs["training-set"]
            else { return [] }
            return try await store.producers(of: set).compactMap {
                $0.order.recipe["views"]?.object
            }
        }
    }

    /// Nil if any of the definitions that led to the version fits any that led to the values.
    private static func difference(_ trained: [JSONValue], _ values: [JSONValue]) -> String? {
        let found = trained.flatMap { one in values.map { difference(one, $0) } }
        return found.contains(nil) ? nil : found.first ?? nil
    }

    /// The first field of a view in which training and online values differ; nil if they fit.
    /// Features that the version does not read do not matter.
    static func difference(_ trained: JSONValue, _ values: JSONValue) -> String? {
        for field in ["entity", "timestamp", "knownAt", "ttl"] where trained[field] != values[field]
        {
            return "spec.\(field)"
        }
        let now = values["features"]?.object ?? [:]
        let changed = (trained["features"]?.object ?? [:]).filter { now[$0.key] != $0.value }
        return changed.keys.min().map { "spec.features.\($0)" }
    }

    private func served(_ name: ResourceName, _ digest: Digest) async throws -> ServedView {
        let files: [String: StoredFile]
        do throws(StateStoreError) {
            files = try await store.artifacts.wholeFiles(of: digest)
        } catch {
            guard !error.isFatal else { throw error }
            throw CannotServe(trouble: ServingTrouble(message: error.message, hint: error.hint))
        }
        guard let values = files["online.sqlite"], let sample = files["sample.json"] else {
            throw CannotServe(trouble: ReconcilerError.noValuesInArtifact(digest).trouble)
        }
        return ServedView(
            name: name.text, digest: digest, path: values.path, fileDigest: values.digest,
            samplePath: sample.path, sampleDigest: sample.digest)
    }

    private func reading<Value>(
        _ body: () async throws(StateStoreError) -> Value
    ) async throws -> Value {
        do throws(StateStoreError) {
            return try await body()
        } catch {
            guard error.isPassing else { throw error }
            throw PassingTrouble(message: "\(error)")
        }
    }
}
