import Foundation
import Planning
import ResourceAPI
import StateStore

/// One deployment cannot be served as it is wanted; the others may.
struct CannotServe: Error {
    let trouble: ServingTrouble
}

/// Finds the files with which a version is served: the model's, and the library of the runtime that
/// it was trained with.
struct ServedLookup: Sendable {
    private let store: StateStore
    private let libraries: any RuntimeLibraries
    /// Of the newest commit.
    private let newest: Digest
    /// By model digest, as they were served last.
    private let libraryBefore: [Digest: String]

    /// - Parameter before: what was served last, by name.
    init(
        store: StateStore, libraries: any RuntimeLibraries, before: [String: ServedDeployment],
        newest: Digest
    ) {
        self.store = store
        self.libraries = libraries
        self.newest = newest
        libraryBefore = Dictionary(
            before.values.map { ($0.digest, $0.runtimeLibrary) },
            uniquingKeysWith: { first, _ in first })
    }

    /// - Throws: `CannotServe`; `PassingTrouble`; any other error is final.
    func find(_ intent: ServingIntent) async throws -> ServedDeployment {
        let version = intent.version
        let files = try await files(of: version)
        guard let onnx = files["model.onnx"], let signature = files["signature.json"] else {
            throw CannotServe(
                trouble: ReconcilerError.noModelInArtifact(version.digest).trouble)
        }
        return ServedDeployment(
            name: intent.deployment.text, replicas: intent.replicas,
            model: version.model.text, version: version.number,
            digest: version.digest, commit: version.commit.hex,
            onnxPath: onnx.path, signaturePath: signature.path, onnxDigest: onnx.digest,
            runtimeLibrary: try await library(of: version),
            online: try await OnlineLookup(store: store).find(intent))
    }

    /// What is lost is found, and made again, by the next look at what exists.
    private func files(of version: ModelVersion) async throws -> [String: StoredFile] {
        do throws(StateStoreError) {
            return try await store.artifacts.wholeFiles(of: version.digest)
        } catch {
            guard !error.isFatal else { throw error }
            throw CannotServe(trouble: ServingTrouble(message: error.message, hint: error.hint))
        }
    }

    /// That of the runtime that the version was trained with, wherever it can be found.
    private func library(of version: ModelVersion) async throws -> String {
        if let path = libraryBefore[version.digest], FileManager.default.fileExists(atPath: path) {
            return path
        }
        let trained: Digest?
        do throws(StateStoreError) {
            trained = try await store.result(of: version.fingerprint)?.order.runtime
        } catch {
            guard error.isPassing else { throw error }
            throw PassingTrouble(message: "\(error)")
        }
        switch await libraries.library(of: trained ?? newest, trainedAt: version.commit) {
        case .found(let path): return path
        case .missing(let trouble): throw CannotServe(trouble: trouble)
        }
    }
}
