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
        if let version, !PlantedMistake.stageWithoutArtifact.isPlanted {
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
