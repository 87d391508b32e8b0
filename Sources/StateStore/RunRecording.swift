import GRDB
import Planning
package import ResourceAPI

extension StateStore {
    /// Records that a run begins.
    ///
    /// - Returns: its id.
    package func startRun(_ run: NewRun) async throws(StateStoreError) -> String {
        let now = clock()
        let id = runID(now)
        try await write { database in
            let recording = RunRecording(database: database, now: now)
            try recording.start(run, id: id)
        }
        return id
    }

    /// Records a success: artifact, run, fingerprint and event in one transaction. A fingerprint
    /// keeps the digest it had first; if this run made another, that is an event, and an error if
    /// the first one is no longer in the store.
    package func finishRun(
        _ id: String, artifact: PublishedArtifact, metadata: JSONValue
    ) async throws(StateStoreError) -> FinishedRun {
        let leases = artifacts.blobs.leases
        leases.take(artifact.blobs)
        defer {
            leases.release(artifact.blobs)
            leases.endPublication(artifact)
        }
        // Rows never without files.
        if !PlantedMistake.rowBeforeFile.isPlanted {
            try await artifacts.check(artifact.digest, isDeep: false)
        }
        let now = clock()
        try await leaveRecord(of: id, artifact: artifact, metadata: metadata, finishedAt: now)
        let finished = try await write { database in
            let recording = RunRecording(database: database, now: now)
            return try recording.succeed(id, artifact, metadata)
        }
        if PlantedMistake.rowBeforeFile.isPlanted { try await artifacts.publishLate(artifact) }
        if finished.run.state == .failed {
            throw .notReproducible(
                finished.run.fingerprint, first: finished.artifact, second: finished.produced)
        }
        return finished
    }

    /// - Parameter isDeterministic: remember the fingerprint, so that it is not tried again until
    ///   something in it changes.
    package func failRun(
        _ id: String, _ failure: RunFailure, isDeterministic: Bool
    ) async throws(StateStoreError) {
        let now = clock()
        try await write { database in
            let recording = RunRecording(database: database, now: now)
            let run = try recording.running(id)
            try recording.fail(run, failure, isDeterministic: isDeterministic, .runFailed)
        }
    }

    package func cancelRun(_ id: String, cause: String) async throws(StateStoreError) {
        let now = clock()
        try await write { database in
            let recording = RunRecording(database: database, now: now)
            try recording.cancel(try recording.running(id), cause: cause)
        }
    }

    /// For the start of a writer: whatever is still recorded as running was cut off with the last
    /// one. It is tried again.
    ///
    /// - Returns: the runs' ids.
    @discardableResult
    package func abandonRunningRuns() async throws(StateStoreError) -> [String] {
        let now = clock()
        return try await write { database in
            let recording = RunRecording(database: database, now: now)
            let runs = try database.records(
                "runs", "SELECT * FROM runs WHERE state = 'running' ORDER BY seq"
            ).map { try RunRecord($0) }
            let failure = RunFailure(
                class: "interrupted", code: "Interrupted",
                message: "the controller ended while the step ran")
            for run in runs {
                try recording.fail(run, failure, isDeterministic: false, .runInterrupted)
            }
            return runs.map(\.id)
        }
    }

    /// Lets a step that failed deterministically be tried again.
    ///
    /// - Returns: false if no failure of that fingerprint is remembered.
    @discardableResult
    package func forgetFailure(
        _ fingerprint: Fingerprint, origin: ChangeOrigin
    ) async throws(StateStoreError) -> Bool {
        let now = clock()
        return try await write { database in
            let recording = RunRecording(database: database, now: now)
            return try recording.forgetFailure(fingerprint, origin: origin)
        }
    }

    /// Records that an artifact's files are missing or changed: its fingerprint runs again, and
    /// publishing the same artifact again mends it.
    package func markDamaged(
        _ artifact: Digest, problem: String, origin: ChangeOrigin
    ) async throws(StateStoreError) {
        let now = clock()
        try await write { database in
            try database.change(
                "UPDATE artifacts SET state = 'damaged' WHERE digest = ? AND state = 'present'",
                [artifact])
            guard database.changesCount > 0 else { return }
            try EventChain(database: database, time: now).append(
                NewEvent(
                    .artifactDamaged, origin: origin, result: problem,
                    payload: ["artifact": .string(artifact.description)]))
        }
    }
}
