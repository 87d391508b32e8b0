import GRDB
package import ResourceAPI

extension StateStore {
    /// Artifacts that are collected in one transaction.
    private static var batchSize: Int { 1000 }

    /// What `collectGarbage` would do now. Writes nothing, and works beside a writer.
    ///
    /// - Parameters: as of `collectGarbage`.
    package func garbagePlan(
        keeping roots: Set<Digest>, retention: Int64, orphanGrace: Int64 = GarbageLimits.day
    ) async throws(StateStoreError) -> GarbagePlan {
        let limits = GarbageLimits(retention: retention, orphanGrace: orphanGrace)
        try await refuseOldDatabase()
        let now = clock()
        let look = try await look(keeping: roots, limits, now: now)
        let due = Set(look.due.map(\.digest))
        let sweep = GarbageSweep(store: self)
        let own = try await sweep.filesOnlyOf(due)
        let orphans = try await sweep.orphans(writtenBefore: now - limits.orphanGrace)
        return GarbagePlan(
            due: look.due, waiting: look.waiting, kept: look.kept, orphans: orphans,
            bytes: own + orphans.reduce(0) { $0 + $1.size })
    }

    /// Deletes what nothing has needed for the retention time.
    ///
    /// An artifact is needed if it is one of `roots`, in the lineage of a version that a stage shows,
    /// served by a deployment, or an input of a running run; one that is being published or read is
    /// left alone too. It is looked at twice: what became unneeded is marked, and right before it is
    /// deleted it is looked at again, in the transaction that records its end. A kill at any point
    /// leaves work for the next call and no record without its files.
    ///
    /// - Parameters:
    ///   - roots: artifacts that the plan of the newest commit has.
    ///   - retention: milliseconds since an artifact was made and last needed.
    ///   - orphanGrace: milliseconds since a file was written that no record names.
    ///   - betweenLooks: for tests.
    package func collectGarbage(
        keeping roots: Set<Digest>, retention: Int64, orphanGrace: Int64 = GarbageLimits.day,
        origin: ChangeOrigin = ChangeOrigin(actor: "controller", cause: "nothing needs it"),
        betweenLooks: @Sendable () async -> Void = {}
    ) async throws(StateStoreError) -> GarbageReport {
        guard isWriter else { throw .readOnly }
        let limits = GarbageLimits(retention: retention, orphanGrace: orphanGrace)
        try await refuseOldDatabase()
        let now = clock()
        let first = try await mark(keeping: roots, limits, now: now)
        await betweenLooks()
        var collected: [Digest] = []
        var rest = first.due.map(\.digest)[...]
        while !rest.isEmpty {
            collected += try await condemn(
                Array(rest.prefix(Self.batchSize)), keeping: roots, limits, now: now,
                origin: origin)
            rest = rest.dropFirst(Self.batchSize)
        }
        let sweep = GarbageSweep(store: self)
        let garbage = try await sweep.deleteCondemned()
        let orphans = try await sweep.deleteOrphans(writtenBefore: now - limits.orphanGrace)
        return GarbageReport(
            collected: collected, files: garbage.files + orphans.files,
            bytes: garbage.bytes + orphans.bytes, waiting: first.waiting.count, kept: first.kept)
    }

    /// A database that does not know of all that is in the store would call it garbage.
    private func refuseOldDatabase() async throws(StateStoreError) {
        let file = EpochFile(blobs: artifacts.blobs)
        let epoch = try await read { database in try Fencing.row(database) }
        let stored = try await artifacts.queue.run { () throws(StateStoreError) in
            try file.read()
        }
        // A writer that is just opening has advanced the database and not yet the store.
        guard epoch.behind == nil, stored <= epoch.current else {
            throw .databaseOlderThanStore(seen: epoch.behind ?? stored)
        }
    }

    private func look(
        keeping roots: Set<Digest>, _ limits: GarbageLimits, now: Int64
    ) async throws(StateStoreError) -> GarbageLook {
        try await read { database in
            try GarbageLook(database, keeping: roots, retention: limits.retention, now: now)
        }
    }

    /// Remembers since when things are not needed. Writes only what has changed.
    private func mark(
        keeping roots: Set<Digest>, _ limits: GarbageLimits, now: Int64
    ) async throws(StateStoreError) -> GarbageLook {
        let look = try await look(keeping: roots, limits, now: now)
        guard !look.newlyUnused.isEmpty || !look.usedAgain.isEmpty else { return look }
        try await write { database in
            for artifact in look.newlyUnused {
                try database.change(
                    "INSERT INTO artifact_use VALUES (?, ?) ON CONFLICT DO NOTHING",
                    [artifact, now])
            }
            for artifact in look.usedAgain {
                try database.change("DELETE FROM artifact_use WHERE artifact = ?", [artifact])
            }
        }
        return look
    }

    /// Looks again, and records the end of what is still not needed.
    private func condemn(
        _ batch: [Digest], keeping roots: Set<Digest>, _ limits: GarbageLimits, now: Int64,
        origin: ChangeOrigin
    ) async throws(StateStoreError) -> [Digest] {
        let leases = artifacts.blobs.leases
        return try await write { database in
            var doomed = batch
            if !PlantedMistake.collectWithoutSecondLook.isPlanted {
                let again = try GarbageLook(
                    database, keeping: roots, retention: limits.retention, now: now)
                let due = Set(again.due.map(\.digest))
                doomed = batch.filter { due.contains($0) && !leases.isLeased($0) }
            }
            for artifact in doomed {
                try GarbageRecording(database: database, now: now, origin: origin)
                    .collect(artifact)
            }
            return doomed
        }
    }
}

private struct GarbageRecording {
    let database: Database
    let now: Int64
    let origin: ChangeOrigin

    /// The files' names are kept in `garbage` until they are deleted: a kill must not lose them.
    func collect(_ artifact: Digest) throws {
        try database.change(
            "UPDATE artifacts SET state = 'collected' WHERE digest = ?", [artifact])
        try database.change("DELETE FROM artifact_use WHERE artifact = ?", [artifact])
        try database.change(
            """
            INSERT INTO garbage SELECT digest FROM artifact_files WHERE artifact = ?1
            UNION SELECT ?1 ON CONFLICT DO NOTHING
            """, [artifact])
        let record = try database.record(
            "runs", "SELECT step FROM runs WHERE artifact = ? ORDER BY seq LIMIT 1", [artifact])
        let step: StepID? = try record?.optional("step")
        try EventChain(database: database, time: now).append(
            NewEvent(
                .artifactCollected, step?.resource, origin: origin,
                result: artifact.description,
                payload: ["step": step.map { .string($0.description) } ?? .null]))
    }
}
