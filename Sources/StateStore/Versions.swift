import GRDB
package import Planning
package import ResourceAPI

/// A model version, with what is known about its making.
package struct VersionRecord: Hashable, Sendable {
    package let version: ModelVersion
    /// The training run.
    package let runID: String
    package let actor: String
    /// Milliseconds since 1970.
    package let createdAt: Int64
    /// As they stood when it was registered.
    package let gates: [GateResult]

    init(_ record: Record) throws(StateStoreError) {
        let gates: Encoded<[GateResult]> = try record.value("gates")
        version = ModelVersion(
            model: try record.value("model"), number: try record.value("number"),
            digest: try record.value("digest"), fingerprint: try record.value("fingerprint"),
            commit: try record.value("commit"), metrics: try record.value("metrics"))
        runID = try record.value("run")
        actor = try record.value("actor")
        createdAt = try record.value("created_at")
        self.gates = gates.value
    }
}

/// A version that shall have a number.
package struct NewVersion: Hashable, Sendable {
    package let model: ResourceName
    /// Of the model artifact.
    package let digest: Digest
    /// Of the training step.
    package let fingerprint: Fingerprint
    package let commit: CommitID
    /// As in metrics.json: split → metric → value.
    package let metrics: JSONValue
    package let gates: [GateResult]
    package init(
        model: ResourceName, digest: Digest, fingerprint: Fingerprint, commit: CommitID,
        metrics: JSONValue, gates: [GateResult]
    ) {
        self.model = model
        self.digest = digest
        self.fingerprint = fingerprint
        self.commit = commit
        self.metrics = metrics
        self.gates = gates
    }
}

extension StateStore {
    /// Gives a model artifact the model's next number. The same model and digest keep the number
    /// they have, and everything recorded with it.
    package func registerVersion(
        _ new: NewVersion, origin: ChangeOrigin
    ) async throws(StateStoreError) -> VersionRecord {
        let now = clock()
        let records = StoreRecords(blobs: artifacts.blobs)
        return try await write { database in
            try VersionRecording(database: database, now: now, origin: origin)
                .register(new, leaving: records)
        }
    }

    /// Sorted by model and number; of all models if none is named.
    package func versions(
        of model: ResourceName? = nil
    ) async throws(StateStoreError) -> [VersionRecord] {
        try await read { database in
            try database.records(
                "versions",
                "SELECT * FROM versions WHERE ?1 IS NULL OR model = ?1 ORDER BY model, number",
                [model]
            ).map { try VersionRecord($0) }
        }
    }

    package func version(
        _ number: Int, of model: ResourceName
    ) async throws(StateStoreError) -> VersionRecord {
        let found = try await read { database in
            try database.record(
                "versions", "SELECT * FROM versions WHERE model = ? AND number = ?",
                [model, number]
            ).map { try VersionRecord($0) }
        }
        guard let found else { throw .unknownVersion(model: model, number: number) }
        return found
    }

    /// Versions whose digest begins with these bytes (a prediction id has the first 8).
    package func versions(
        digestPrefix: [UInt8]
    ) async throws(StateStoreError) -> [VersionRecord] {
        try await read { database in
            try database.records(
                "versions",
                """
                SELECT * FROM versions WHERE digest >= ?1 AND substr(digest, 1, length(?1)) = ?1
                ORDER BY model, number
                """, [VersionRecording.data(digestPrefix)]
            ).map { try VersionRecord($0) }
        }
    }
}
