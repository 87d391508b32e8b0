import Foundation
import GRDB
import Planning
package import ResourceAPI

/// One move of a stage.
package struct StageRecord: Hashable, Sendable {
    package let model: ResourceName
    package let stage: ResourceName
    /// From 1, without gaps.
    package let sequence: Int
    /// Nil: the stage was emptied.
    package let version: Int?
    package let digest: Digest?
    package let commit: CommitID?
    package let actor: String
    package let cause: String
    /// Milliseconds since 1970.
    package let time: Int64

    init(_ record: Record) throws(StateStoreError) {
        model = try record.value("model")
        stage = try record.value("stage")
        sequence = try record.value("seq")
        version = try record.optional("version")
        digest = try record.optional("digest")
        commit = try record.optional("commit")
        actor = try record.value("actor")
        cause = try record.value("cause")
        time = try record.value("time")
    }
}

extension StateStore {
    /// Points a stage to a version, or to nothing. Writes only if it points elsewhere now.
    ///
    /// The version's artifact must be in the store: a stage never points to something that could
    /// not be served.
    ///
    /// - Returns: whether it moved.
    @discardableResult
    package func setStage(
        model: ResourceName, stage: ResourceName, version: Int?, origin: ChangeOrigin
    ) async throws(StateStoreError) -> Bool {
        if let version {
            let record = try await self.version(version, of: model)
            try await artifacts.check(record.version.digest, isDeep: false)
        }
        let now = clock()
        return try await write { database in
            try VersionRecording(database: database, now: now, origin: origin)
                .move(model: model, stage: stage, to: version)
        }
    }

    /// What each stage points to now, sorted by model and stage; of all models if none is named.
    /// Stages that point to nothing are included.
    package func currentStages(
        of model: ResourceName? = nil
    ) async throws(StateStoreError) -> [StageRecord] {
        try await read { database in
            try database.records(
                "stage_history",
                """
                SELECT h.* FROM stage_history h
                JOIN (SELECT model, stage, max(seq) AS seq FROM stage_history GROUP BY model, stage)
                    USING (model, stage, seq)
                WHERE ?1 IS NULL OR model = ?1 ORDER BY model, stage
                """, [model]
            ).map { try StageRecord($0) }
        }
    }

    /// All moves of a model's stages, newest first.
    package func stageHistory(
        of model: ResourceName, stage: ResourceName? = nil
    ) async throws(StateStoreError) -> [StageRecord] {
        try await read { database in
            try database.records(
                "stage_history",
                """
                SELECT * FROM stage_history WHERE model = ?1 AND (?2 IS NULL OR stage = ?2)
                ORDER BY time DESC, seq DESC, stage
                """, [model, stage]
            ).map { try StageRecord($0) }
        }
    }
}

/// The changes to versions and stages, inside one transaction.
struct VersionRecording {
    let database: Database
    let now: Int64
    let origin: ChangeOrigin

    static func data(_ bytes: [UInt8]) -> Data { Data(bytes) }

    func register(_ new: NewVersion) throws -> VersionRecord {
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
        guard let record = try version(new.model, "number = ?", number) else {
            throw StateStoreError.unknownVersion(model: new.model, number: number)
        }
        return record
    }

    private func version(
        _ model: ResourceName, _ condition: String, _ value: some DatabaseValueConvertible
    ) throws -> VersionRecord? {
        try database.record(
            "versions", "SELECT * FROM versions WHERE model = ? AND \(condition)", [model, value]
        ).map { try VersionRecord($0) }
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
        try database.change(
            "INSERT INTO stage_history VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                model, stage, (current?.sequence ?? 0) + 1, number, digest, origin.commit,
                origin.actor, origin.cause, now,
            ])
        let from = current?.version.map { "version \($0)" } ?? "nothing"
        let to = number.map { "version \($0)" } ?? "nothing"
        try tell(
            number == nil ? .stageCleared : .stageMoved, model, "\(stage): \(from) to \(to)",
            [
                "stage": .string(stage.text), "version": number.map { .int(Int64($0)) } ?? .null,
                "digest": digest.map { .string($0.description) } ?? .null,
            ])
        return true
    }

    private func tell(
        _ kind: EventKind, _ model: ResourceName, _ result: String, _ payload: JSONValue
    ) throws {
        try EventChain(database: database, time: now).append(
            NewEvent(
                kind, ResourceID(.model, model), origin: origin, result: result, payload: payload))
    }
}
