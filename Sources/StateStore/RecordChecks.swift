/// A query for rows that must not exist, and the words for each of them.
struct RecordCheck: Sendable {
    let query: String
    /// Gets the columns of a row.
    let message: @Sendable ([String]) -> String
    var hint: String?
}

extension RecordVerification {
    static let checks = [
        RecordCheck(
            query: """
                SELECT h.model, h.stage, h.version, a.state FROM stage_history h
                JOIN (SELECT model, stage, max(seq) AS seq FROM stage_history GROUP BY model, stage)
                    USING (model, stage, seq)
                LEFT JOIN artifacts a ON a.digest = h.digest
                WHERE h.version IS NOT NULL AND a.state IS NOT 'present' ORDER BY 1, 2
                """,
            message: {
                "the stage \($0[1]) of model/\($0[0]) shows version \($0[2]), whose artifact is \($0[3] == "nothing" ? "not recorded" : $0[3])"
            }, hint: "its step runs again at the next reconcile"),
        RecordCheck(
            query: """
                SELECT h.model, h.stage, h.seq, h.version FROM stage_history h
                LEFT JOIN versions v ON v.model = h.model AND v.number = h.version
                WHERE h.version IS NOT NULL AND v.digest IS NOT h.digest ORDER BY 1, 2, 3
                """,
            message: {
                "move \($0[2]) of the stage \($0[1]) of model/\($0[0]) has another artifact than version \($0[3])"
            }),
        RecordCheck(
            query: """
                SELECT model, stage, count(*), max(seq) FROM stage_history GROUP BY model, stage
                HAVING min(seq) <> 1 OR count(*) <> max(seq) ORDER BY 1, 2
                """,
            message: {
                "the history of the stage \($0[1]) of model/\($0[0]) has gaps: \($0[2]) moves, the last one is number \($0[3])"
            }),
        RecordCheck(
            query: """
                SELECT model, count(*), max(number) FROM versions GROUP BY model
                HAVING min(number) <> 1 OR count(*) <> max(number) ORDER BY 1
                """,
            message: {
                "the versions of model/\($0[0]) have gaps: there are \($0[1]), the last one is number \($0[2])"
            }),
        RecordCheck(
            query: """
                SELECT id FROM runs WHERE state = 'succeeded'
                    AND (artifact IS NULL OR finished_at IS NULL) ORDER BY seq
                """, message: { "run \($0[0]) has succeeded without an artifact or an end" }),
        RecordCheck(
            query: """
                SELECT fingerprint, count(*) FROM runs WHERE state = 'running'
                GROUP BY fingerprint HAVING count(*) > 1 ORDER BY 1
                """,
            message: { "the fingerprint \($0[0]) is being run \($0[1]) times at once" }),
        RecordCheck(
            query: """
                SELECT f.fingerprint, f.run FROM fingerprints f LEFT JOIN runs r ON r.id = f.run
                WHERE r.artifact IS NOT f.digest OR r.fingerprint IS NOT f.fingerprint
                    OR r.state IS NOT 'succeeded' ORDER BY 1
                """,
            message: {
                "the result of the fingerprint \($0[0]) is not what its run \($0[1]) made"
            }),
        RecordCheck(
            query: """
                SELECT r.id FROM runs r LEFT JOIN fingerprints f ON f.fingerprint = r.fingerprint
                WHERE r.state = 'succeeded' AND f.fingerprint IS NULL ORDER BY r.seq
                """, message: { "run \($0[0]) has succeeded, but its result is not recorded" }),
        RecordCheck(
            query: """
                SELECT r.deployment, r.seq, r.version FROM rollouts r
                LEFT JOIN versions v ON v.model = r.model AND v.number = r.version
                WHERE v.digest IS NOT r.digest ORDER BY 1, 2
                """,
            message: {
                "rollout \($0[1]) of deployment/\($0[0]) has another artifact than version \($0[2])"
            }),
        RecordCheck(
            query: """
                SELECT deployment, count(*), max(seq) FROM rollouts GROUP BY deployment
                HAVING min(seq) <> 1 OR count(*) <> max(seq) ORDER BY 1
                """,
            message: {
                "the rollouts of deployment/\($0[0]) have gaps: there are \($0[1]), the last one is number \($0[2])"
            }),
        RecordCheck(
            query: "SELECT count(*) FROM epoch HAVING count(*) <> 1 OR max(current) < 1",
            message: { _ in "the number of the newest writer is missing" }),
        RecordCheck(
            query: "SELECT current, behind FROM epoch WHERE behind IS NOT NULL",
            message: {
                "the database is older than the store, which had already seen writer number \($0[1])"
            },
            hint:
                "nothing is collected as garbage until `ingot rebuild` has made a database from the store's records"
        ),
    ]

    /// What is recorded without its event. What a rebuilt database took over has none.
    static let eventChecks = [
        RecordCheck(
            query: """
                SELECT id FROM runs WHERE state = 'succeeded'
                    AND seq > coalesce((SELECT max(json_extract(payload, '$.lastRun')) FROM events
                        WHERE kind = 'Rebuilt'), 0)
                    AND id NOT IN (SELECT json_extract(payload, '$.run') FROM events
                        WHERE kind = 'RunSucceeded' AND json_valid(payload))
                ORDER BY seq
                """, message: { "run \($0[0]) has succeeded, but no event says so" }),
        RecordCheck(
            query: """
                SELECT h.model, h.moves, coalesce(e.told, 0) FROM
                    (SELECT model, count(*) AS moves FROM stage_history GROUP BY model) h
                LEFT JOIN (SELECT resource, count(*) AS told FROM events
                    WHERE kind IN ('StageMoved', 'StageCleared') GROUP BY resource) e
                    ON e.resource = 'model/' || h.model
                WHERE h.moves <> coalesce(e.told, 0) ORDER BY 1
                """,
            message: {
                "the stages of model/\($0[0]) have moved \($0[1]) times, but \($0[2]) events say so"
            }),
        RecordCheck(
            query: """
                SELECT v.model, v.number FROM versions v
                WHERE NOT EXISTS (SELECT 1 FROM events WHERE kind = 'Rebuilt')
                    AND (SELECT count(*) FROM versions w WHERE w.model = v.model)
                        <> (SELECT count(*) FROM events WHERE kind = 'VersionRegistered'
                            AND resource = 'model/' || v.model)
                    AND v.number = (SELECT max(number) FROM versions w WHERE w.model = v.model)
                ORDER BY 1
                """,
            message: {
                "model/\($0[0]) has versions up to \($0[1]), but the events tell of another number"
            }),
        RecordCheck(
            query: """
                SELECT digest FROM artifacts WHERE state = 'collected'
                    AND NOT EXISTS (SELECT 1 FROM events WHERE kind = 'Rebuilt')
                    AND 'sha256:' || lower(hex(digest)) NOT IN
                        (SELECT result FROM events WHERE kind = 'ArtifactCollected')
                ORDER BY 1
                """,
            message: { "the artifact \($0[0]) was collected, but no event says so" }),
    ]
}
