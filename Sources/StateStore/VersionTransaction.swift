import Foundation
import GRDB
import Planning
import ResourceAPI

/// The changes to versions and stages, inside one transaction.
struct VersionRecording {
    let database: Database
    let now: Int64
    let origin: ChangeOrigin

    static func data(_ bytes: [UInt8]) -> Data { Data(bytes) }

    /// - Parameter records: where the version is written down before it is committed.
    func register(_ new: NewVersion, leaving records: StoreRecords) throws -> VersionRecord {
        if let existing = try version(new.model, "digest = ?", new.digest) { return existing }
        let trained = try database.record(
            "fingerprints", "SELECT run FROM fingerprints WHERE fingerprint = ? AND digest = ?",
            [new.fingerprint, new.digest])
        guard let run: String = try trained?.value("run") else {
            throw StateStoreError.untrainedVersion(model: new.model, new.fingerprint)
        }
        let last = try database.record(
            "versions", "SELECT max(number) AS number FROM versions WHERE model = ?", [new.model])
        let number: Int = (try last?.optional("number") ?? 0) + 1
        try database.change(
            "INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                new.model, number, new.digest, new.fingerprint, run, new.commit, origin.actor, now,
                new.metrics, Encoded(new.gates),
            ])
        try tell(
            .versionRegistered, new.model, "version \(number)",
            ["version": .int(Int64(number)), "digest": .string(new.digest.description)])
        guard let row = try row(new.model, "number = ?", number) else {
            throw StateStoreError.unknownVersion(model: new.model, number: number)
        }
        try records.write(StoredRow(row.row), model: new.model, number: number)
        return try VersionRecord(row)
    }

    private func version(
        _ model: ResourceName, _ condition: String, _ value: some DatabaseValueConvertible
    ) throws -> VersionRecord? {
        try row(model, condition, value).map { try VersionRecord($0) }
    }

    private func row(
        _ model: ResourceName, _ condition: String, _ value: some DatabaseValueConvertible
    ) throws -> Record? {
        try database.record(
            "versions", "SELECT * FROM versions WHERE model = ? AND \(condition)", [model, value])
    }

    func move(model: ResourceName, stage: ResourceName, to number: Int?) throws -> Bool {
        let current = try database.record(
            "stage_history",
            "SELECT * FROM stage_history WHERE model = ? AND stage = ? ORDER BY seq DESC LIMIT 1",
            [model, stage]
        ).map { try StageRecord($0) }
        // A stage that never pointed to anything is empty already.
        guard current?.version != number else { return false }
        var target: VersionRecord?
        if let number {
            target = try version(model, "number = ?", number)
            guard target != nil else {
                throw StateStoreError.unknownVersion(model: model, number: number)
            }
        }
        let digest = target?.version.digest
        if let digest, !PlantedMistake.stageWithoutArtifact.isPlanted { try isPresent(digest) }
        try database.change(
            "INSERT INTO stage_history VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                model, stage, (current?.sequence ?? 0) + 1, number, digest, origin.commit,
                origin.actor, origin.cause, now,
            ])
        let from = current?.version.map { "version \($0)" } ?? "nothing"
        let to = number.map { "version \($0)" } ?? "nothing"
        if PlantedMistake.skipEvent.isPlanted { return true }
        try tell(
            number == nil ? .stageCleared : .stageMoved, model, "\(stage): \(from) to \(to)",
            [
                "stage": .string(stage.text), "version": number.map { .int(Int64($0)) } ?? .null,
                "digest": digest.map { .string($0.description) } ?? .null,
            ])
        return true
    }

    /// Garbage collection may have come between the look at the files and this transaction.
    private func isPresent(_ artifact: Digest) throws {
        let record = try database.record(
            "artifacts", "SELECT state FROM artifacts WHERE digest = ?", [artifact])
        guard try record?.value("state") == "present" else {
            throw StateStoreError.artifactMissing(artifact)
        }
    }

    private func tell(
        _ kind: EventKind, _ model: ResourceName, _ result: String, _ payload: JSONValue
    ) throws {
        try EventChain(database: database, time: now).append(
            NewEvent(
                kind, ResourceID(.model, model), origin: origin, result: result, payload: payload))
    }
}
