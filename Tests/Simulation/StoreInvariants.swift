import Planning
import ResourceAPI
package import StateStore

/// What must hold of a state directory at any time, whatever has happened to it.
package enum StoreInvariants {
    /// - Parameter isSwept: the store was just opened, so nothing half-written may be left.
    /// - Returns: what does not hold, each with the name of its invariant.
    package static func violations(
        _ store: StateStore, on disk: SimulatedDisk, isSwept: Bool
    ) async throws -> [String] {
        disk.faults.pause(true)
        defer { disk.faults.pause(false) }
        var found = try await store.verify(isDeep: true).findings.map { "verify: \($0.message)" }
        found += contentNames(disk)
        found += try await stages(store)
        found += try await runs(store)
        if isSwept {
            found += disk.files(below: "\(store.directory.storePath)/tmp")
                .map { "S16: \($0) was not swept" }
        }
        return found
    }

    /// S2, S3: a file's name is the digest of its bytes, whether a record names it or not.
    private static func contentNames(_ disk: SimulatedDisk) -> [String] {
        let root = "\(StoreWorld.directory)/store/sha256/"
        return disk.files(below: String(root.dropLast())).compactMap { path in
            guard let bytes = disk.bytes(of: path) else { return nil }
            let hex = String(path.dropFirst(root.utf8.count)).split(separator: "/").joined()
            return Digest(hashing: bytes).hex == hex ? nil : "S2: \(path) has other bytes"
        }
    }

    /// S4, S5, S22.
    private static func stages(_ store: StateStore) async throws -> [String] {
        var found: [String] = []
        let versions = try await store.versions()
        var numbers: [ResourceName: Int] = [:]
        for record in versions {
            let version = record.version
            let expected = numbers[version.model, default: 0] + 1
            numbers[version.model] = expected
            if version.number != expected {
                found.append("S3: version \(version.number) of \(version.model) is not \(expected)")
            }
        }
        for stage in try await store.currentStages() {
            guard let number = stage.version else { continue }
            let version = versions.first {
                $0.version.model == stage.model && $0.version.number == number
            }
            guard let version, version.version.digest == stage.digest else {
                found.append("S4: \(stage.model)/\(stage.stage) shows no version")
                continue
            }
            if await !isWhole(version.version.digest, store) {
                found.append("S4: \(stage.model)/\(stage.stage) shows a model that is not there")
            }
        }
        found += try await history(store, Set(versions.map(\.version.model)))
        return found
    }

    private static func isWhole(_ artifact: Digest, _ store: StateStore) async -> Bool {
        do {
            try await store.artifacts.verify(artifact)
            let results = try await store.recordedState().results.values
            return results.contains { $0.digest == artifact }
        } catch {
            return false
        }
    }

    private static func history(
        _ store: StateStore, _ models: Set<ResourceName>
    ) async throws -> [String] {
        var found: [String] = []
        var moves = 0
        for model in models.sorted() {
            let records = try await store.stageHistory(of: model)
            moves += records.count
            for (stage, rows) in Dictionary(grouping: records, by: \.stage)
                .sorted(by: { $0.key < $1.key })
            where rows.map(\.sequence).sorted() != Array(1...rows.count) {
                found.append("S5: the history of \(model)/\(stage) has gaps")
            }
        }
        let told = try await store.events(
            EventFilter(kinds: [.stageMoved, .stageCleared]), limit: 100_000
        ).count
        if told != moves { found.append("S22: \(moves) stage moves and \(told) events") }
        return found
    }

    /// S6, S7.
    private static func runs(_ store: StateStore) async throws -> [String] {
        var found: [String] = []
        var running: Set<Fingerprint> = []
        var first: [Fingerprint: Digest] = [:]
        for run in try await store.runs(limit: 100_000).reversed() {
            switch run.state {
            case .running:
                if !running.insert(run.fingerprint).inserted {
                    found.append("S6: two runs of \(run.fingerprint)")
                }
            case .succeeded:
                guard let artifact = run.artifact else {
                    found.append("S8: \(run.id) has succeeded without an artifact")
                    continue
                }
                if first[run.fingerprint] == nil { first[run.fingerprint] = artifact }
            case .failed, .cancelled: break
            }
        }
        for (fingerprint, result) in try await store.recordedState().results
        where first[fingerprint] != result.digest {
            found.append("S7: \(fingerprint) has another digest than it had first")
        }
        return found.sorted()
    }
}
