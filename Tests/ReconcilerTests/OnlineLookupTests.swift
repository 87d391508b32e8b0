import Foundation
import Planning
import Reconciler
import ResourceAPI
import StateStore
import Testing

@Suite("With which online features a version is served")
struct OnlineLookupTests {
    /// A store with a version that reads the view `weather`, and values of that view.
    private final class Place: RuntimeLibraries {
        let folder: String
        let store: StateStore

        init() async throws {
            folder = NSTemporaryDirectory() + "ingot-online-lookup-" + UUID().uuidString
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true)
            store = try await StateStore.openWriter(directory: folder + "/state", clock: { 0 })
        }

        deinit { try? FileManager.default.removeItem(atPath: folder) }

        func library(of runtime: Digest, trainedAt commit: CommitID) async -> RuntimeLibrary {
            .found(path: "/library.so")
        }

        /// Records a run that makes files with this content.
        func run(
            _ step: String, _ recipe: JSONValue, inputs: [String: Digest] = [:], files: [String],
            content: String
        ) async throws -> (fingerprint: Fingerprint, artifact: Digest) {
            let fingerprint = Fingerprint(
                Digest(
                    hashing: "\(step) \(String(decoding: recipe.canonicalBytes, as: UTF8.self))"
                        .utf8))
            let run = try await store.startRun(
                NewRun(
                    step: try #require(StepID(step)), fingerprint: fingerprint,
                    revision: Revision(pointer: "main", commit: try ScriptedFactory.commit(7)),
                    actor: "controller", attempt: 1, reasons: [], recipeVersion: 1, recipe: recipe,
                    inputs: inputs, runtime: Digest(hashing: "lock".utf8), seed: 0, threads: 1))
            let output = "\(folder)/\(run)"
            try FileManager.default.createDirectory(
                atPath: output, withIntermediateDirectories: true)
            for file in files {
                try Data("\(file) \(content)".utf8).write(
                    to: URL(fileURLWithPath: "\(output)/\(file)"))
            }
            let published = try await store.artifacts.publish(directory: output)
            let finished = try await store.finishRun(run, artifact: published, metadata: [:])
            return (fingerprint, finished.artifact)
        }

        func trainingSet(_ view: JSONValue) async throws -> Digest {
            try await run(
                "trainingconfig/a#training-set", ["views": ["weather": view]],
                files: ["data.parquet"], content: "rows"
            ).artifact
        }

        func values(_ view: JSONValue, content: String) async throws -> Digest {
            try await run(
                "featureview/weather#online", view, files: ["online.sqlite", "sample.json"],
                content: content
            ).artifact
        }

        func version(_ set: Digest) async throws -> ModelVersion {
            let trained = try await run(
                "trainingconfig/a#train", [:], inputs: ["training-set": set],
                files: ["model.onnx", "signature.json"], content: "model")
            return ModelVersion(
                model: try #require(ResourceName("a")), number: 1, digest: trained.artifact,
                fingerprint: trained.fingerprint, commit: try ScriptedFactory.commit(7),
                metrics: [:])
        }

        func plan() throws -> ServingPlan {
            let data = try Data(
                contentsOf: URL(fileURLWithPath: folder + "/state/run/serving.json"))
            return try JSONDecoder().decode(ServingPlan.self, from: data)
        }
    }

    private func view(_ ttl: String, _ features: [String]) -> JSONValue {
        [
            "entity": ["origin"], "timestamp": "at", "knownAt": ["delay": "0s"],
            "ttl": .string(ttl),
            "features": .object(
                Dictionary(
                    features.map { ($0, ["column": .string($0)]) }, uniquingKeysWith: { a, _ in a })
            ),
        ]
    }

    private func serve(
        _ place: Place, _ version: ModelVersion, _ online: [String: Digest]
    ) async throws -> String? {
        let views = try online.map { (try #require(ResourceName($0.key)), $0.value) }
        let intent = ServingIntent(
            deployment: version.model, replicas: 1, version: version,
            online: Dictionary(views, uniquingKeysWith: { a, _ in a }))
        let revision = Revision(pointer: "main", commit: try ScriptedFactory.commit(9))
        do {
            try await ServingFile(store: place.store, libraries: place).serve(
                [intent], revision: revision, runtime: Digest(hashing: "lock".utf8))
            return nil
        } catch let error as Unserved {
            return error.deployments.values.first?.message
        }
    }

    @Test("those of the views with which it was trained, of which it need not read every feature")
    func found() async throws {
        let place = try await Place()
        let version = try await place.version(place.trainingSet(view("3h", ["temp"])))
        let values = try await place.values(view("3h", ["temp", "wind"]), content: "1")
        let other = try await place.values(view("3h", ["x"]), content: "2")
        #expect(try await serve(place, version, ["weather": values, "other": other]) == nil)
        let served = try #require(try place.plan().deployments.first)
        #expect(served.online?.map(\.name) == ["weather"])
        #expect(served.onlineDigests == ["weather": values])
        let content = try String(
            contentsOfFile: try #require(served.online?.first?.path), encoding: .utf8)
        #expect(content == "online.sqlite 1")
        #expect(try await serve(place, version, [:]) == nil)
        #expect(try place.plan().deployments.first?.online == nil)
    }

    @Test("values of a view that is defined otherwise are not used, and what was served goes on")
    func otherDefinition() async throws {
        let place = try await Place()
        let version = try await place.version(place.trainingSet(view("3h", ["temp"])))
        let values = try await place.values(view("3h", ["temp"]), content: "1")
        #expect(try await serve(place, version, ["weather": values]) == nil)
        for (recipe, field) in [
            (view("4h", ["temp"]), "spec.ttl"), (view("3h", ["wind"]), "spec.features.temp"),
        ] {
            let changed = try await place.values(recipe, content: field)
            #expect(
                try await serve(place, version, ["weather": changed]) == """
                    version 1 of model/a was trained with another \(field) of featureview/weather \
                    than the commit has
                    """)
            #expect(try place.plan().deployments.first?.onlineDigests == ["weather": values])
        }
    }

    @Test("a definition that gave the same rows is as good as the one that was trained with")
    func sameRows() async throws {
        let place = try await Place()
        let set = try await place.trainingSet(view("3h", ["temp"]))
        let version = try await place.version(set)
        #expect(try await place.trainingSet(view("4h", ["temp"])) == set)
        let values = try await place.values(view("4h", ["temp"]), content: "1")
        #expect(try await serve(place, version, ["weather": values]) == nil)
        #expect(try place.plan().deployments.first?.onlineDigests == ["weather": values])
    }
}
