import Planning
import ResourceAPI
import StateStore

/// Values for scenarios of the store.
struct SampleRecords: Sendable {
    struct Unusable: Error {}

    let model: ResourceName
    let stage: ResourceName
    let deployment: ResourceName
    let revision: Revision
    let origin = ChangeOrigin(actor: "controller", cause: "simulated")

    init() throws {
        guard let model = ResourceName("delay"), let stage = ResourceName("production"),
            let deployment = ResourceName("delay-api"),
            let commit = CommitID(String(repeating: "1", count: 40))
        else { throw Unusable() }
        (self.model, self.stage, self.deployment) = (model, stage, deployment)
        revision = Revision(pointer: "main", commit: commit)
    }

    func fingerprint(_ key: String) -> Fingerprint {
        Fingerprint(Digest(hashing: "fingerprint \(key)".utf8))
    }

    func run(_ key: String, inputs: [String: Digest] = [:]) throws -> NewRun {
        guard let step = StepID("trainingconfig/delay#train") else { throw Unusable() }
        return NewRun(
            step: step, fingerprint: fingerprint(key), revision: revision, actor: "controller",
            attempt: 1, reasons: [], recipeVersion: 1, recipe: [:], inputs: inputs,
            runtime: Digest(hashing: "lock".utf8), seed: 0, threads: 1)
    }

    /// Two files of several blocks, so that they can be torn.
    func files(_ content: String) -> [String: [UInt8]] {
        let bytes = Array(String(repeating: content + "\n", count: 300).utf8)
        return ["model.onnx": bytes, "metrics.json": Array(content.utf8)]
    }

    /// A whole run.
    @discardableResult
    func make(
        _ key: String, content: String? = nil, inputs: [String: Digest] = [:],
        in world: StoreWorld, _ store: StateStore
    ) async throws -> Digest {
        let id = try await store.startRun(run(key, inputs: inputs))
        let folder = try world.output(id, files(content ?? key))
        let artifact = try await store.artifacts.publish(directory: folder)
        return try await store.finishRun(id, artifact: artifact, metadata: [:]).artifact
    }

    func digest(_ key: String, _ store: StateStore) async throws -> Digest {
        guard let result = try await store.result(of: fingerprint(key))?.artifact else {
            throw Unusable()
        }
        return result
    }

    func register(_ key: String, _ store: StateStore) async throws -> ModelVersion {
        let digest = try await digest(key, store)
        return try await store.registerVersion(
            NewVersion(
                model: model, digest: digest, fingerprint: fingerprint(key),
                commit: revision.commit, metrics: [:], gates: []), origin: origin
        ).version
    }

    func show(_ version: Int?, _ store: StateStore) async throws {
        try await store.setStage(model: model, stage: stage, version: version, origin: origin)
    }
}
