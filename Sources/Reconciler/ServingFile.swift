import Foundation
import Planning
package import ResourceAPI
package import StateStore

/// Tells the gateway what to serve, through `run/serving.json`.
package actor ServingFile: ServingSink {
    private let store: StateStore
    /// Absolute path of libonnxruntime of the runtime with this lock digest; nil if that runtime is
    /// not on this machine.
    private let library: @Sendable (Digest) async throws -> String
    /// What was worked out before, so that one change among many deployments costs one look-up.
    private var known: [ServingIntent: ServedDeployment] = [:]
    /// As it was written last.
    private var written: [UInt8]?

    package init(
        store: StateStore, library: @escaping @Sendable (Digest) async throws -> String
    ) {
        self.store = store
        self.library = library
    }

    private var path: String { store.directory.path + "/run/serving.json" }

    package func serve(
        _ intents: [ServingIntent], revision: Revision, runtime: Digest
    ) async throws {
        var next: [ServingIntent: ServedDeployment] = [:]
        var deployments: [ServedDeployment] = []
        for intent in intents {
            let found: ServedDeployment?
            if let before = known[intent] {
                found = before
            } else {
                found = try await served(intent, runtime: runtime)
            }
            guard let found else { continue }
            next[intent] = found
            deployments.append(found)
        }
        known = next
        let plan = ServingPlan(revision: revision.description, deployments: deployments)
        do {
            try RunFile.write(plan, to: path)
        } catch {
            throw PassingTrouble(message: "\(error)")
        }
        written = FileManager.default.contents(atPath: path).map { [UInt8]($0) }
    }

    private func served(
        _ intent: ServingIntent, runtime: Digest
    ) async throws -> ServedDeployment? {
        let files: [String: StoredFile]
        do {
            files = try await store.artifacts.files(of: intent.version.digest)
        } catch {
            // Lost since it was made: the next look finds that, and has it made again.
            throw PassingTrouble(message: "\(error)")
        }
        guard let onnx = files["model.onnx"], let signature = files["signature.json"] else {
            return nil
        }
        // A version is served with the runtime that it was trained with.
        let trained = try await store.result(of: intent.version.fingerprint)
        return ServedDeployment(
            name: intent.deployment.text, replicas: intent.replicas,
            model: intent.version.model.text, version: intent.version.number,
            digest: intent.version.digest, commit: intent.version.commit.hex,
            onnxPath: onnx.path, signaturePath: signature.path, onnxDigest: onnx.digest,
            runtimeLibrary: try await library(trained?.order.runtime ?? runtime))
    }

    /// Whether somebody else changed or removed the file since it was written.
    package var isChanged: Bool {
        guard let written else { return false }
        return FileManager.default.contents(atPath: path).map { [UInt8]($0) } != written
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

    /// What the gateway was told last; nil if nothing, or not by this release.
    package static func plan(in stateDirectory: String) -> ServingPlan? {
        FileManager.default.contents(atPath: stateDirectory + "/run/serving.json")
            .flatMap { try? JSONDecoder().decode(ServingPlan.self, from: $0) }
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
