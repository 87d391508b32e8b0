import GRDB
package import Planning
package import ResourceAPI

/// A version that a deployment was asked to serve.
package struct RolloutRecord: Hashable, Sendable {
    package let deployment: ResourceName
    /// From 1, without gaps.
    package let sequence: Int
    package let model: ResourceName
    package let version: Int
    package let digest: Digest
    package let revision: Revision
    /// Milliseconds since 1970.
    package let startedAt: Int64
    /// When requests were first answered by it; nil if they never were.
    package let readyAt: Int64?

    init(_ record: Record) throws(StateStoreError) {
        deployment = try record.value("deployment")
        sequence = try record.value("seq")
        model = try record.value("model")
        version = try record.value("version")
        digest = try record.value("digest")
        revision = Revision(
            pointer: try record.value("pointer"), commit: try record.value("commit"))
        startedAt = try record.value("started_at")
        readyAt = try record.optional("ready_at")
    }
}

extension StateStore {
    /// Records that a deployment shall serve a version. Writes only if its newest rollout is of
    /// another version.
    ///
    /// - Returns: whether it is a new one.
    @discardableResult
    package func startRollout(
        deployment: ResourceName, version: ModelVersion, revision: Revision, origin: ChangeOrigin
    ) async throws(StateStoreError) -> Bool {
        let now = clock()
        return try await write { database in
            let newest = try newestRollout(database, of: deployment)
            guard newest?.digest != version.digest || newest?.version != version.number else {
                return false
            }
            try database.change(
                "INSERT INTO rollouts VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)",
                [
                    deployment, (newest?.sequence ?? 0) + 1, version.model, version.number,
                    version.digest, revision.pointer, revision.commit, now,
                ])
            try EventChain(database: database, time: now).append(
                NewEvent(
                    .rolloutStarted, ResourceID(.deployment, deployment), origin: origin,
                    result: "version \(version.number) of model/\(version.model)",
                    payload: ["digest": .string(version.digest.description)]))
            return true
        }
    }

    /// Records that the newest rollout answers requests. Does nothing if that is recorded already.
    package func markRolloutReady(
        deployment: ResourceName, digest: Digest, origin: ChangeOrigin
    ) async throws(StateStoreError) {
        let now = clock()
        try await write { database in
            guard let newest = try newestRollout(database, of: deployment),
                newest.digest == digest
            else { throw StateStoreError.unknownRollout(deployment: deployment) }
            guard newest.readyAt == nil else { return }
            try database.change(
                "UPDATE rollouts SET ready_at = ? WHERE deployment = ? AND seq = ?",
                [now, deployment, newest.sequence])
            try EventChain(database: database, time: now).append(
                NewEvent(
                    .rolloutReady, ResourceID(.deployment, deployment), origin: origin,
                    result: "version \(newest.version) of model/\(newest.model)",
                    payload: [
                        "digest": .string(digest.description),
                        "milliseconds": .int(max(0, now - newest.startedAt)),
                    ]))
        }
    }

    /// Newest first.
    package func rollouts(
        of deployment: ResourceName, limit: Int = 100
    ) async throws(StateStoreError) -> [RolloutRecord] {
        try await read { database in
            try database.records(
                "rollouts",
                "SELECT * FROM rollouts WHERE deployment = ? ORDER BY seq DESC LIMIT ?",
                [deployment, limit]
            ).map { try RolloutRecord($0) }
        }
    }

    /// What answered the deployment's requests at a time (milliseconds since 1970); nil if nothing
    /// did.
    package func rollout(
        of deployment: ResourceName, at time: Int64
    ) async throws(StateStoreError) -> RolloutRecord? {
        try await read { database in
            try database.record(
                "rollouts",
                """
                SELECT * FROM rollouts WHERE deployment = ? AND ready_at <= ?
                ORDER BY seq DESC LIMIT 1
                """, [deployment, time]
            ).map { try RolloutRecord($0) }
        }
    }
}

private func newestRollout(
    _ database: Database, of deployment: ResourceName
) throws -> RolloutRecord? {
    try database.record(
        "rollouts", "SELECT * FROM rollouts WHERE deployment = ? ORDER BY seq DESC LIMIT 1",
        [deployment]
    ).map { try RolloutRecord($0) }
}
