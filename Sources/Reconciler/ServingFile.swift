import Foundation
import Planning
package import ResourceAPI
package import StateStore

/// Tells the gateway what to serve, through `run/serving.json`.
package actor ServingFile: ServingSink {
    private let store: StateStore
    private let libraries: any RuntimeLibraries
    /// What was worked out before, so that one change among many deployments costs one look-up.
    private var known: [ServingIntent: ServedDeployment] = [:]
    /// What the gateway was told last, by name; nil before the first time.
    private var told: [String: ServedDeployment]?
    /// As it was written last.
    private var written: [UInt8]?

    package init(store: StateStore, libraries: any RuntimeLibraries) {
        self.store = store
        self.libraries = libraries
    }

    private var path: String { store.directory.path + "/run/serving.json" }

    package func serve(
        _ intents: [ServingIntent], revision: Revision, runtime: Digest
    ) async throws {
        let before = told ?? toldByTheLastController()
        let lookup = ServedLookup(
            store: store, libraries: libraries, before: before, newest: runtime)
        var next: [ServingIntent: ServedDeployment] = [:]
        var deployments: [ServedDeployment] = []
        var unserved: [ResourceName: ServingTrouble] = [:]
        for intent in intents {
            do {
                let found: ServedDeployment
                if let cached = known[intent] {
                    found = cached
                } else {
                    found = try await lookup.find(intent)
                }
                next[intent] = found
                deployments.append(found)
            } catch let error as CannotServe {
                unserved[intent.deployment] = error.trouble
                if let old = before[intent.deployment.text] { deployments.append(old) }
            }
        }
        known = next
        try write(ServingPlan(revision: revision.description, deployments: deployments))
        guard unserved.isEmpty else { throw Unserved(deployments: unserved) }
    }

    private func write(_ plan: ServingPlan) throws {
        do {
            try RunFile.write(plan, to: path)
        } catch {
            throw PassingTrouble(message: "\(error)")
        }
        written = FileManager.default.contents(atPath: path).map { [UInt8]($0) }
        told = Self.byName(plan)
    }

    private func toldByTheLastController() -> [String: ServedDeployment] {
        RunFile.plan(in: store.directory.path).map(Self.byName) ?? [:]
    }

    private static func byName(_ plan: ServingPlan) -> [String: ServedDeployment] {
        Dictionary(plan.deployments.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
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
