import Planning
package import ResourceAPI
package import StateStore

/// Looks at what exists, where somebody else than the controller could have changed it.
package struct ActualStateLook: Sendable {
    private let store: StateStore
    private let serving: ServingFile?

    package init(store: StateStore) {
        self.init(store: store, serving: nil)
    }

    private init(store: StateStore, serving: ServingFile?) {
        self.store = store
        self.serving = serving
    }

    package func watching(_ serving: ServingFile) -> ActualStateLook {
        ActualStateLook(store: store, serving: serving)
    }

    /// All but the stages, which the loop looks at itself, when it is not about to move one.
    package func look() async throws -> ActualState {
        ActualState(
            lost: try await findLost(), isServingChanged: await serving?.isChanged ?? false)
    }

    /// Artifacts whose files are missing or have another length count as not made, so that their
    /// steps run again. Contents are not read: that would take as long as the store is large.
    package func findLost() async throws -> Set<Digest> {
        let lost = try await store.lostArtifacts()
        for artifact in lost {
            try await store.markDamaged(
                artifact, problem: "its files are missing or cut",
                origin: ChangeOrigin(actor: "controller", cause: "looked at what exists"))
        }
        return Set(lost)
    }
}
