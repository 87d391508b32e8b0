import Planning
import ResourceAPI
package import StateStore

/// Something that the state store does, and that may be cut off at any point of it.
package struct CrashScenario: Sendable {
    package typealias Part = @Sendable (StoreWorld, StateStore) async throws -> Void

    package let name: String
    /// What is there before. Nothing goes wrong in it.
    let prepare: Part
    /// One after the other; each may be done again. After each the store shows a legal state.
    let parts: [Part]
    /// More that must hold whenever the store is open: what does not.
    let check: @Sendable (StoreWorld, StateStore) async throws -> [String]

    init(
        _ name: String, prepare: @escaping Part, parts: [Part],
        check: @escaping @Sendable (StoreWorld, StateStore) async throws -> [String] = { _, _ in
            []
        }
    ) {
        self.name = name
        self.prepare = prepare
        self.parts = parts
        self.check = check
    }

    /// Throws only if a sample cannot be made.
    package static func all() throws -> [CrashScenario] {
        let samples = try SampleRecords()
        return [
            publish(samples), secondDigest(samples), stage(samples), revert(samples),
            rollout(samples), lostModel(samples), garbage(samples), wantedGarbage(samples),
        ]
    }

    private static func publish(_ samples: SampleRecords) -> CrashScenario {
        CrashScenario(
            "publish", prepare: { try await samples.make("1", in: $0, $1) },
            parts: [{ try await samples.make("2", in: $0, $1) }])
    }

    /// The same fingerprint makes other bytes: the first digest stays.
    private static func secondDigest(_ samples: SampleRecords) -> CrashScenario {
        CrashScenario(
            "second digest", prepare: { try await samples.make("1", in: $0, $1) },
            parts: [{ try await samples.make("1", content: "other", in: $0, $1) }])
    }

    private static func stage(_ samples: SampleRecords) -> CrashScenario {
        CrashScenario(
            "register and stage",
            prepare: { world, store in
                try await samples.make("1", in: world, store)
                try await samples.show(samples.register("1", store).number, store)
                try await samples.make("2", in: world, store)
            },
            parts: [
                { _, store in _ = try await samples.register("2", store) },
                { _, store in try await samples.show(2, store) },
            ])
    }

    private static func revert(_ samples: SampleRecords) -> CrashScenario {
        CrashScenario(
            "revert",
            prepare: { world, store in
                for key in ["1", "2"] {
                    try await samples.make(key, in: world, store)
                    try await samples.show(samples.register(key, store).number, store)
                }
            }, parts: [{ _, store in try await samples.show(1, store) }])
    }

    private static func rollout(_ samples: SampleRecords) -> CrashScenario {
        CrashScenario(
            "rollout",
            prepare: { world, store in
                try await samples.make("1", in: world, store)
                try await samples.show(samples.register("1", store).number, store)
            },
            parts: [
                { _, store in
                    let version = try await samples.register("1", store)
                    try await store.startRollout(
                        deployment: samples.deployment, version: version,
                        revision: samples.revision, origin: samples.origin)
                },
                { _, store in
                    try await store.markRolloutReady(
                        deployment: samples.deployment,
                        digest: try await samples.digest("1", store), origin: samples.origin)
                },
            ])
    }

    /// Somebody deletes a model's file just before a stage shall show it.
    private static func lostModel(_ samples: SampleRecords) -> CrashScenario {
        CrashScenario(
            "lost model",
            prepare: { world, store in
                try await samples.make("1", in: world, store)
                _ = try await samples.register("1", store)
                let digest = try await samples.digest("1", store)
                try await store.markDamaged(digest, problem: "lost", origin: samples.origin)
                for file in try await store.artifacts.files(of: digest).values {
                    world.disk.delete(file.path)
                }
            },
            parts: [
                { _, store in
                    do {
                        try await samples.show(1, store)
                    } catch let error as StateStoreError {
                        switch error {
                        case .artifactMissing, .artifactDamaged: return
                        default: throw error
                        }
                    }
                }
            ])
    }
}

// MARK: - Garbage collection

extension CrashScenario {
    private static let retention: Int64 = 1000

    /// The input of the model that a stage shows stays; two that nothing needs go.
    private static func prepareGarbage(_ samples: SampleRecords) -> Part {
        { world, store in
            let input = try await samples.make("input", in: world, store)
            try await samples.make("1", inputs: ["training-set": input], in: world, store)
            try await samples.show(samples.register("1", store).number, store)
            try await samples.make("2", in: world, store)
            _ = try await samples.register("2", store)
            try await samples.make("3", in: world, store)
            try await collect(store)
            world.clock.advance(by: 10 * retention)
        }
    }

    @Sendable private static func collect(_ store: StateStore) async throws {
        _ = try await store.collectGarbage(
            keeping: [], retention: retention, orphanGrace: 1_000_000_000)
    }

    private static func garbage(_ samples: SampleRecords) -> CrashScenario {
        CrashScenario(
            "garbage collection", prepare: prepareGarbage(samples),
            parts: [{ _, store in try await collect(store) }],
            check: { _, store in try await kept(["1", "input"], samples, store) })
    }

    /// Between its two looks somebody promotes what the first one condemned. Nothing goes wrong with
    /// that: else it would be garbage still.
    private static func wantedGarbage(_ samples: SampleRecords) -> CrashScenario {
        CrashScenario(
            "garbage that is wanted again", prepare: prepareGarbage(samples),
            parts: [
                { world, store in
                    _ = try await store.collectGarbage(
                        keeping: [], retention: retention, orphanGrace: 1_000_000_000,
                        betweenLooks: {
                            world.faults.pause(true)
                            defer { world.faults.pause(false) }
                            await world.aside {
                                try await samples.show(2, store)
                                try await world.note(store, deployments: [])
                            }
                        })
                    try world.takeTrouble()
                }
            ],
            check: { _, store in try await kept(["1", "2", "input"], samples, store) })
    }

    /// S15: what a stage shows, and what that was made from.
    private static func kept(
        _ keys: [String], _ samples: SampleRecords, _ store: StateStore
    ) async throws -> [String] {
        var found: [String] = []
        for key in keys {
            guard let digest = try await store.result(of: samples.fingerprint(key))?.artifact,
                (try? await store.artifacts.verify(digest)) != nil
            else {
                found.append("S15: the artifact of \(key) was collected")
                continue
            }
        }
        return found
    }
}
