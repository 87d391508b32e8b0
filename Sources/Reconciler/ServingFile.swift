import Foundation
import Planning
package import ResourceAPI
package import StateStore

/// Tells the gateway what to serve, through `run/serving.json`.
package struct ServingFile: ServingSink {
    private let store: StateStore
    /// Absolute path of libonnxruntime of the runtime with this lock digest; nil if that runtime is
    /// not on this machine.
    private let library: @Sendable (Digest) async throws -> String

    package init(
        store: StateStore, library: @escaping @Sendable (Digest) async throws -> String
    ) {
        self.store = store
        self.library = library
    }

    package func serve(
        _ intents: [ServingIntent], revision: Revision, runtime: Digest
    ) async throws {
        var deployments: [ServedDeployment] = []
        for intent in intents {
            let files = try await store.artifacts.files(of: intent.version.digest)
            guard let onnx = files["model.onnx"], let signature = files["signature.json"] else {
                continue
            }
            // A version is served with the runtime that it was trained with.
            let trained = try await store.result(of: intent.version.fingerprint)
            deployments.append(
                ServedDeployment(
                    name: intent.deployment.text, replicas: intent.replicas,
                    model: intent.version.model.text, version: intent.version.number,
                    digest: intent.version.digest, commit: intent.version.commit.hex,
                    onnxPath: onnx.path, signaturePath: signature.path, onnxDigest: onnx.digest,
                    runtimeLibrary: try await library(trained?.order.runtime ?? runtime)))
        }
        let plan = ServingPlan(revision: revision.description, deployments: deployments)
        try RunFile.write(plan, to: store.directory.path + "/run/serving.json")
    }
}

/// The small files in `<state>/run` by which controller and gateway talk.
package enum RunFile {
    /// Renamed into place, so that a reader sees the old content or the new one. Not synced: after
    /// a power failure the controller writes it again.
    package static func write(_ value: some Encodable, to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            try FileManager.default.createDirectory(
                atPath: (path as NSString).deletingLastPathComponent,
                withIntermediateDirectories: true)
            try encoder.encode(value).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw ReconcilerError.servingNotWritten(
                path: path, reason: error.localizedDescription)
        }
    }

    /// Why the newest commit could not be looked at, for `ingot status`.
    package static func writeTrouble(_ text: String, in stateDirectory: String) throws {
        try write(["message": text], to: stateDirectory + "/run/trouble.json")
    }

    package static func clearTrouble(in stateDirectory: String) {
        try? FileManager.default.removeItem(atPath: stateDirectory + "/run/trouble.json")
    }

    /// Nil if the last look went well.
    package static func trouble(in stateDirectory: String) -> String? {
        let path = stateDirectory + "/run/trouble.json"
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        return try? JSONDecoder().decode([String: String].self, from: data)["message"]
    }

    /// What the gateway reports; nil if none runs.
    package static func report(in stateDirectory: String) -> ServingReport? {
        let path = stateDirectory + "/run/serving-report.json"
        guard let data = FileManager.default.contents(atPath: path),
            let report = try? JSONDecoder().decode(ServingReport.self, from: data),
            // A gateway that was killed leaves its last report behind.
            FileManager.default.fileExists(atPath: "/proc/\(report.gatewayPID)")
        else { return nil }
        return report
    }
}
