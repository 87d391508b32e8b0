import GRDB
import ResourceAPI

/// Which artifacts something needs, as the records say at this moment.
struct Reachability {
    let database: Database

    /// - Parameter roots: what the newest commit wants.
    func reachable(from roots: Set<Digest>) throws -> Set<Digest> {
        var reachable = roots
        try reachable.formUnion(served())
        try reachable.formUnion(inputsOfRunning())
        // A stage's version can be explained and made again down to its sources.
        var seen: Set<Digest> = []
        var waiting = try staged()
        while let artifact = waiting.popLast() {
            guard seen.insert(artifact).inserted else { continue }
            waiting += try inputs(of: artifact)
        }
        return reachable.union(seen)
    }

    private func staged() throws -> [Digest] {
        try database.records(
            "stage_history",
            """
            SELECT h.digest FROM stage_history h
            JOIN (SELECT model, stage, max(seq) AS seq FROM stage_history GROUP BY model, stage)
                USING (model, stage, seq)
            WHERE h.digest IS NOT NULL
            """
        ).map { try $0.value("digest") }
    }

    /// What each deployment answers with, and what it is about to.
    private func served() throws -> [Digest] {
        try database.records(
            "rollouts",
            """
            SELECT r.digest FROM rollouts r
            JOIN (SELECT deployment, max(seq) AS newest,
                    max(CASE WHEN ready_at IS NOT NULL THEN seq END) AS ready
                FROM rollouts GROUP BY deployment) n USING (deployment)
            WHERE r.seq IN (n.newest, n.ready)
                AND 'deployment/' || r.deployment IN (SELECT resource FROM inventory)
            """
        ).map { try $0.value("digest") }
    }

    private func inputsOfRunning() throws -> [Digest] {
        try database.records("runs", "SELECT inputs FROM runs WHERE state = 'running'")
            .flatMap { record in
                let inputs: InputDigests = try record.value("inputs")
                return Array(inputs.digests.values)
            }
    }

    private func inputs(of artifact: Digest) throws -> [Digest] {
        let record = try database.record(
            "runs",
            """
            SELECT inputs FROM runs WHERE artifact = ? AND state = 'succeeded'
            ORDER BY seq LIMIT 1
            """, [artifact])
        let inputs: InputDigests? = try record?.value("inputs")
        return inputs.map { Array($0.digests.values) } ?? []
    }
}

/// One look at all artifacts.
struct GarbageLook: Sendable {
    /// Sorted by digest.
    let due: [GarbageArtifact]
    /// Sorted by digest.
    let waiting: [GarbageArtifact]
    let kept: Int
    /// What `artifact_use` does not say yet.
    let newlyUnused: [Digest]
    let usedAgain: [Digest]

    init(_ database: Database, keeping roots: Set<Digest>, retention: Int64, now: Int64) throws {
        let reachable = try Reachability(database: database).reachable(from: roots)
        var (due, waiting): ([GarbageArtifact], [GarbageArtifact]) = ([], [])
        var (newlyUnused, usedAgain): ([Digest], [Digest]) = ([], [])
        var kept = 0
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT a.digest, a.bytes, a.created_at, u.unused_since,
                    (SELECT step FROM runs r WHERE r.artifact = a.digest ORDER BY seq LIMIT 1) AS step
                FROM artifacts a LEFT JOIN artifact_use u ON u.artifact = a.digest
                WHERE a.state = 'present' ORDER BY a.digest
                """)
        while let row = try rows.next() {
            let record = Record("artifacts", row)
            let digest: Digest = try record.value("digest")
            let since: Int64? = try record.optional("unused_since")
            guard !reachable.contains(digest) else {
                kept += 1
                if since != nil { usedAgain.append(digest) }
                continue
            }
            if since == nil { newlyUnused.append(digest) }
            let artifact = GarbageArtifact(
                digest: digest, bytes: try record.value("bytes"),
                step: try record.optional("step"), unusedSince: since ?? now)
            let age = now - max(artifact.unusedSince, try record.value("created_at"))
            if age >= retention { due.append(artifact) } else { waiting.append(artifact) }
        }
        (self.due, self.waiting, self.kept) = (due, waiting, kept)
        (self.newlyUnused, self.usedAgain) = (newlyUnused, usedAgain)
    }
}
