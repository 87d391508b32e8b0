import GRDB
package import Planning
package import ResourceAPI

extension StateStore {
    /// Everything that a plan depends on. Three queries, whatever the number of runs.
    ///
    /// - Parameter includesDamaged: with results whose artifact is known to be missing or damaged.
    package func recordedState(
        includesDamaged: Bool = false
    ) async throws(StateStoreError) -> RecordedState {
        try await read { database in
            RecordedState(
                results: try RecordedStateLoading.results(database, includesDamaged),
                lastExecutions: try RecordedStateLoading.lastExecutions(database),
                failures: try RecordedStateLoading.failures(database))
        }
    }

    /// Artifacts that are recorded as missing or damaged, and were not made again since.
    package func damagedArtifacts() async throws(StateStoreError) -> Set<Digest> {
        try await read { database in
            let rows = try database.records(
                "artifacts", "SELECT digest FROM artifacts WHERE state = 'damaged'")
            return Set(try rows.map { record -> Digest in try record.value("digest") })
        }
    }

    package func run(_ id: String) async throws(StateStoreError) -> RunRecord {
        let record = try await read { database in
            try database.record("runs", QuickQuery.run.rawValue, [id])
                .map { try RunRecord($0) }
        }
        guard let record else { throw .unknownRun(id) }
        return record
    }

    /// The newest runs of all steps of a resource, newest first.
    package func runs(
        of resource: ResourceID, limit: Int = 100
    ) async throws(StateStoreError) -> [RunRecord] {
        try await read { database in
            try database.records(
                "runs", QuickQuery.runsOfResource.rawValue,
                [resource, limit]
            ).map { try RunRecord($0) }
        }
    }

    /// The newest runs of a step, newest first.
    package func runs(
        of step: StepID, limit: Int = 100
    ) async throws(StateStoreError) -> [RunRecord] {
        try await read { database in
            try database.records(
                "runs", QuickQuery.runsOfStep.rawValue,
                [step, limit]
            ).map { try RunRecord($0) }
        }
    }

    /// The newest runs of everything, newest first.
    package func runs(limit: Int = 100) async throws(StateStoreError) -> [RunRecord] {
        try await read { database in
            try database.records("runs", QuickQuery.runs.rawValue, [limit])
                .map { try RunRecord($0) }
        }
    }

    /// The run whose artifact is recorded for a fingerprint; nil if none has succeeded.
    package func result(
        of fingerprint: Fingerprint
    ) async throws(StateStoreError) -> RunRecord? {
        try await read { database in
            try database.record(
                "runs",
                """
                SELECT r.* FROM fingerprints f JOIN runs r ON r.id = f.run WHERE f.fingerprint = ?
                """, [fingerprint]
            ).map { try RunRecord($0) }
        }
    }
}

/// Only the columns that are needed: reasons and metadata are most of a row.
private enum RecordedStateLoading {
    static func results(
        _ database: Database, _ includesDamaged: Bool
    ) throws -> [Fingerprint: RecordedResult] {
        var results: [Fingerprint: RecordedResult] = [:]
        let rows = try Row.fetchCursor(
            try database.cachedStatement(
                sql: """
                    SELECT f.fingerprint, f.digest, f.run, f.milliseconds
                    FROM fingerprints f JOIN artifacts a ON a.digest = f.digest
                    WHERE a.state = 'present' OR (? AND a.state = 'damaged')
                    """), arguments: [includesDamaged])
        while let row = try rows.next() {
            let record = Record("fingerprints", row)
            let milliseconds: Int64 = try record.value("milliseconds")
            results[try record.value("fingerprint")] = RecordedResult(
                digest: try record.value("digest"), runID: try record.value("run"),
                seconds: Double(max(0, milliseconds)) / 1000)
        }
        return results
    }

    static func lastExecutions(_ database: Database) throws -> [StepID: RecordedExecution] {
        var executions: [StepID: RecordedExecution] = [:]
        let rows = try Row.fetchCursor(
            try database.cachedStatement(
                sql: """
                    SELECT step, r.fingerprint, recipe_version, recipe, inputs, runtime, seed,
                        threads, f.digest, "commit",
                        max(0, finished_at - started_at) AS milliseconds
                    FROM runs r JOIN fingerprints f ON f.fingerprint = r.fingerprint
                    WHERE seq IN
                        (SELECT max(seq) FROM runs WHERE state = 'succeeded' GROUP BY step)
                    """))
        while let row = try rows.next() {
            let record = Record("runs", row)
            let inputs: InputDigests = try record.value("inputs")
            let milliseconds: Int64 = try record.value("milliseconds")
            executions[try record.value("step")] = RecordedExecution(
                fingerprint: try record.value("fingerprint"),
                recipeVersion: try record.value("recipe_version"),
                recipe: try record.value("recipe"), inputs: inputs.digests,
                runtime: try record.value("runtime"), seed: try record.value("seed"),
                threads: try record.value("threads"), digest: try record.value("digest"),
                commit: try record.value("commit"), seconds: Double(milliseconds) / 1000)
        }
        return executions
    }

    static func failures(_ database: Database) throws -> [Fingerprint: RecordedFailure] {
        var failures: [Fingerprint: RecordedFailure] = [:]
        for record in try database.records("failures", "SELECT * FROM failures") {
            failures[try record.value("fingerprint")] = RecordedFailure(
                runID: try record.value("run"), code: try record.value("code"),
                message: try record.value("message"), hint: try record.optional("hint"))
        }
        return failures
    }
}
