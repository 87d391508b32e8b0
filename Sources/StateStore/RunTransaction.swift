import GRDB
import Planning
import ResourceAPI

/// The changes to runs, fingerprints and failures, inside one transaction.
struct RunRecording {
    let database: Database
    let now: Int64

    func running(_ id: String) throws -> RunRecord {
        let record = try database.record("runs", QuickQuery.run.rawValue, [id])
        guard let run = try record.map({ try RunRecord($0) }) else {
            throw StateStoreError.unknownRun(id)
        }
        guard run.state == .running else { throw StateStoreError.runEnded(id, state: run.state) }
        return run
    }

    func start(_ run: NewRun, id: String) throws {
        let other = try database.record(
            "runs", QuickQuery.runningOfFingerprint.rawValue,
            [run.fingerprint])
        if let other {
            throw StateStoreError.alreadyRunning(run.fingerprint, run: try other.value("id"))
        }
        try database.change(
            """
            INSERT INTO runs (id, step, resource, kind, fingerprint, "commit", pointer, plan, actor,
                state, attempt, started_at, reasons, recipe_version, recipe, inputs, runtime, seed,
                threads)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'running', ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                id, run.step, run.step.resource, run.step.kind.rawValue, run.fingerprint,
                run.revision.commit, run.revision.pointer, run.plan, run.actor, run.attempt, now,
                Encoded(run.reasons), run.recipeVersion, run.recipe, InputDigests(run.inputs),
                run.runtime, run.seed, run.threads,
            ])
        try tell(.runStarted, run, id: id, result: "attempt \(run.attempt)")
    }

    func succeed(
        _ id: String, _ artifact: PublishedArtifact, _ metadata: JSONValue
    ) throws -> FinishedRun {
        let run = try running(id)
        try insert(artifact)
        let earlier = try database.record(
            "fingerprints",
            """
            SELECT f.digest, a.state FROM fingerprints f JOIN artifacts a ON a.digest = f.digest
            WHERE f.fingerprint = ?
            """, [run.fingerprint])
        let first: Digest = try earlier?.value("digest") ?? artifact.digest
        if first != artifact.digest {
            try tellNonReproducible(run, first: first, second: artifact.digest)
            if try earlier?.value("state") != "present" {
                let error = StateStoreError.notReproducible(
                    run.fingerprint, first: first, second: artifact.digest)
                let failure = RunFailure(
                    class: "data", code: "NonReproducible", message: error.message,
                    hint: error.hint)
                try fail(run, failure, isDeterministic: true, .runFailed)
                return try finished(run, artifact: first, produced: artifact.digest)
            }
        }
        try database.change(
            """
            UPDATE runs SET state = 'succeeded', finished_at = ?, artifact = ?, metadata = ?
            WHERE id = ?
            """, [now, artifact.digest, metadata, id])
        let conflict =
            PlantedMistake.replaceDigest.isPlanted
            ? "UPDATE SET digest = excluded.digest" : "NOTHING"
        try database.change(
            "INSERT INTO fingerprints VALUES (?, ?, ?, ?) ON CONFLICT DO \(conflict)",
            [run.fingerprint, artifact.digest, id, max(0, now - run.startedAt)])
        try database.change("DELETE FROM failures WHERE fingerprint = ?", [run.fingerprint])
        try tell(
            .runSucceeded, run.order, id: id, result: artifact.digest.description,
            payload: ["files": .int(Int64(artifact.files.count)), "bytes": .int(artifact.bytes)])
        return try finished(run, artifact: first, produced: artifact.digest)
    }

    /// An artifact that is there already was just published again, so it is whole again too.
    private func insert(_ artifact: PublishedArtifact) throws {
        try database.change(
            """
            INSERT INTO artifacts VALUES (?, ?, 'present', ?)
            ON CONFLICT DO UPDATE SET state = 'present', created_at = excluded.created_at
                WHERE state <> 'present'
            """, [artifact.digest, artifact.bytes, now])
        // Its time as garbage, if it was any, begins anew.
        try database.change("DELETE FROM artifact_use WHERE artifact = ?", [artifact.digest])
        for file in artifact.files {
            try database.change(
                "INSERT INTO artifact_files VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                [artifact.digest, file.name, file.digest, file.size])
        }
    }

    private func finished(
        _ run: RunRecord, artifact: Digest, produced: Digest
    ) throws -> FinishedRun {
        guard
            let record = try database.record("runs", QuickQuery.run.rawValue, [run.id])
        else { throw StateStoreError.unknownRun(run.id) }
        return FinishedRun(run: try RunRecord(record), artifact: artifact, produced: produced)
    }

    func fail(
        _ run: RunRecord, _ failure: RunFailure, isDeterministic: Bool, _ kind: EventKind
    ) throws {
        try database.change(
            """
            UPDATE runs SET state = 'failed', finished_at = ?, failure = ?, deterministic = ?
            WHERE id = ?
            """, [now, Encoded(failure), isDeterministic, run.id])
        if isDeterministic {
            try database.change(
                "INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?, ?)",
                [run.fingerprint, run.id, failure.code, failure.message, failure.hint])
        }
        try tell(
            kind, run.order, id: run.id, result: "\(failure.code): \(failure.message)",
            payload: ["class": .string(failure.class), "deterministic": .bool(isDeterministic)])
    }

    func cancel(_ run: RunRecord, cause: String) throws {
        try database.change(
            "UPDATE runs SET state = 'cancelled', finished_at = ? WHERE id = ?", [now, run.id])
        try tell(.runCancelled, run.order, id: run.id, cause: cause, result: "cancelled")
    }

    func forgetFailure(_ fingerprint: Fingerprint, origin: ChangeOrigin) throws -> Bool {
        let found = try database.record(
            "runs",
            """
            SELECT r.step, f.code FROM failures f JOIN runs r ON r.id = f.run
            WHERE f.fingerprint = ?
            """, [fingerprint])
        guard let found else { return false }
        try database.change("DELETE FROM failures WHERE fingerprint = ?", [fingerprint])
        let step: StepID = try found.value("step")
        try EventChain(database: database, time: now).append(
            NewEvent(
                .failureForgotten, step.resource, origin: origin, result: try found.value("code"),
                payload: [
                    "step": .string(step.description),
                    "fingerprint": .string(fingerprint.description),
                ]))
        return true
    }

    private func tellNonReproducible(_ run: RunRecord, first: Digest, second: Digest) throws {
        try tell(
            .nonReproducible, run.order, id: run.id,
            result: "made \(second) where the fingerprint first made \(first)",
            payload: [
                "first": .string(first.description), "second": .string(second.description),
            ])
    }

    private func tell(
        _ kind: EventKind, _ run: NewRun, id: String, cause: String? = nil, result: String,
        payload: JSONValue = [:]
    ) throws {
        var fields = payload.object ?? [:]
        fields["run"] = .string(id)
        fields["step"] = .string(run.step.description)
        fields["fingerprint"] = .string(run.fingerprint.description)
        let origin = ChangeOrigin(
            actor: run.actor, commit: run.revision.commit, plan: run.plan,
            cause: cause ?? run.cause)
        try EventChain(database: database, time: now).append(
            NewEvent(
                kind, run.step.resource, origin: origin, result: result, payload: .object(fields)))
    }
}
