import Foundation
import Planning
import Reconciler
import ResourceAPI
import StateStore
import Synchronization
import Testing

@Suite("What the gateway is told")
struct ServingFileTests {
    /// A state directory with models in it, removed in the end.
    private final class Place {
        let folder: String
        let store: StateStore

        init() async throws {
            folder = NSTemporaryDirectory() + "ingot-serving-" + UUID().uuidString
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true)
            store = try await StateStore.openWriter(directory: folder + "/state", clock: { 0 })
        }

        deinit { try? FileManager.default.removeItem(atPath: folder) }

        var path: String { folder + "/state/run/serving.json" }

        /// Trains a model with the runtime `lock`, and wants it served under the same name.
        func intent(_ name: String, lock: String) async throws -> ServingIntent {
            let resource = try #require(ResourceName(name))
            let commit = try ScriptedFactory.commit(7)
            let fingerprint = Fingerprint(Digest(hashing: "train \(name)".utf8))
            let run = try await store.startRun(
                NewRun(
                    step: StepID(ResourceID(.trainingConfig, resource), .train),
                    fingerprint: fingerprint,
                    revision: Revision(pointer: "main", commit: commit), actor: "controller",
                    attempt: 1, reasons: [], recipeVersion: 1, recipe: [:], inputs: [:],
                    runtime: Digest(hashing: lock.utf8), seed: 0, threads: 1))
            let output = "\(folder)/\(run)"
            try FileManager.default.createDirectory(
                atPath: output, withIntermediateDirectories: true)
            for file in ["model.onnx", "signature.json"] {
                try Data("\(file) of \(name)".utf8).write(
                    to: URL(fileURLWithPath: "\(output)/\(file)"))
            }
            let artifact = try await store.artifacts.publish(directory: output)
            let finished = try await store.finishRun(run, artifact: artifact, metadata: [:])
            return ServingIntent(
                deployment: resource, replicas: 1,
                version: ModelVersion(
                    model: resource, number: 1, digest: finished.artifact,
                    fingerprint: fingerprint, commit: commit, metrics: [:]))
        }

        /// A library that is there, in the runtime `lock`.
        func library(_ lock: String) throws -> String {
            let path = "\(folder)/\(lock).so"
            try Data().write(to: URL(fileURLWithPath: path))
            return path
        }

        func plan() throws -> ServingPlan {
            let data = try Data(contentsOf: URL(fileURLWithPath: path))
            return try JSONDecoder().decode(ServingPlan.self, from: data)
        }

        /// Name and version or library of what is told.
        func libraries() throws -> [String: String] {
            Dictionary(
                try plan().deployments.map {
                    ($0.name, ($0.runtimeLibrary as NSString).lastPathComponent)
                }, uniquingKeysWith: { a, _ in a })
        }
    }

    private final class Libraries: RuntimeLibraries {
        let answers: Mutex<[Digest: RuntimeLibrary]>
        let asked = Mutex<[String]>([])

        init(_ answers: [String: RuntimeLibrary]) {
            self.answers = Mutex(
                Dictionary(
                    answers.map { (Digest(hashing: $0.key.utf8), $0.value) },
                    uniquingKeysWith: { a, _ in a }))
        }

        func library(of runtime: Digest, trainedAt commit: CommitID) async -> RuntimeLibrary {
            asked.withLock { $0.append("\(commit.short)") }
            return answers.withLock { $0[runtime] }
                ?? .missing(ServingTrouble(message: "no such runtime"))
        }
    }

    private let newest = Digest(hashing: "new".utf8)

    private func serve(
        _ file: ServingFile, _ intents: [ServingIntent]
    ) async throws -> [String: String] {
        let revision = Revision(pointer: "main", commit: try ScriptedFactory.commit(9))
        do {
            try await file.serve(intents, revision: revision, runtime: newest)
            return [:]
        } catch let error as Unserved {
            return Dictionary(
                error.deployments.map { ($0.key.text, $0.value.message) },
                uniquingKeysWith: { a, _ in a })
        }
    }

    @Test("each version is served with the runtime that it was trained with")
    func runtimes() async throws {
        let place = try await Place()
        let libraries = Libraries([
            "old": .found(path: try place.library("old")),
            "new": .found(path: try place.library("new")),
        ])
        let file = ServingFile(store: place.store, libraries: libraries)
        let intents = [
            try await place.intent("a", lock: "old"), try await place.intent("b", lock: "new"),
        ]
        #expect(try await serve(file, intents) == [:])
        #expect(try place.libraries() == ["a": "old.so", "b": "new.so"])
        #expect(libraries.asked.withLock { $0 } == ["0707070", "0707070"])
    }

    @Test("a runtime that nobody has any more is the trouble of one deployment only")
    func unknownRuntime() async throws {
        let place = try await Place()
        let libraries = Libraries(["new": .found(path: try place.library("new"))])
        let file = ServingFile(store: place.store, libraries: libraries)
        let intents = [
            try await place.intent("a", lock: "gone"), try await place.intent("b", lock: "new"),
        ]
        #expect(try await serve(file, intents) == ["a": "no such runtime"])
        #expect(try place.libraries() == ["b": "new.so"])
        libraries.answers.withLock {
            $0[Digest(hashing: "gone".utf8)] = .found(path: place.folder + "/gone.so")
        }
        #expect(try await serve(file, intents) == [:])
        #expect(try place.libraries() == ["a": "gone.so", "b": "new.so"])
    }

    @Test("after a restart a version is served as before, although its runtime cannot be looked up")
    func restart() async throws {
        let place = try await Place()
        let known = Libraries(["old": .found(path: try place.library("old"))])
        let intents = [try await place.intent("a", lock: "old")]
        let first = ServingFile(store: place.store, libraries: known)
        #expect(try await serve(first, intents) == [:])
        let forgetful = Libraries([:])
        let second = ServingFile(store: place.store, libraries: forgetful)
        #expect(try await serve(second, intents) == [:])
        #expect(try place.libraries() == ["a": "old.so"])
        #expect(forgetful.asked.withLock { $0 } == [])
        // A file that is not there any more is looked for elsewhere.
        try FileManager.default.removeItem(atPath: place.folder + "/old.so")
        let third = ServingFile(store: place.store, libraries: forgetful)
        #expect(try await serve(third, intents) == ["a": "no such runtime"])
        #expect(try place.libraries() == ["a": "old.so"])
    }

    @Test("a model whose files are missing keeps its old entry, and the others are served")
    func missingFiles() async throws {
        let place = try await Place()
        let libraries = Libraries(["new": .found(path: try place.library("new"))])
        let file = ServingFile(store: place.store, libraries: libraries)
        let old = try await place.intent("a", lock: "new")
        #expect(try await serve(file, [old]) == [:])
        let lost = try await place.intent("c", lock: "new")
        let model = try #require(
            try await place.store.artifacts.files(of: lost.version.digest)["model.onnx"])
        try FileManager.default.removeItem(atPath: model.path)
        let wanted = ServingIntent(
            deployment: old.deployment, replicas: 1, version: lost.version)
        let other = try await place.intent("b", lock: "new")
        #expect(
            try await serve(file, [wanted, other]) == [
                "a":
                    "the artifact \(lost.version.digest) is damaged: model.onnx is missing (\(model.path))"
            ])
        let told = try place.plan().deployments
        #expect(told.map(\.name) == ["a", "b"])
        #expect(told.map(\.digest) == [old.version.digest, other.version.digest])
    }
}
