import GRDB
import ResourceAPI

extension StateStore {
    /// Leaves the record of a success in the store. The first result of a fingerprint stays, also
    /// here; one of a run that was killed before its transaction is replaced.
    func leaveRecord(
        of id: String, artifact: PublishedArtifact, metadata: JSONValue, finishedAt: Int64
    ) async throws(StateStoreError) {
        let found = try await read { database in
            try RunningRow(database, id: id, artifact: artifact.digest)
        }
        // An unknown run, one that has ended and one that differs are the transaction's to judge.
        guard let found else { return }
        var row = found.row
        row.values["state"] = RunState.succeeded.rawValue.databaseValue
        row.values["finished_at"] = finishedAt.databaseValue
        row.values["artifact"] = artifact.digest.databaseValue
        row.values["metadata"] = metadata.databaseValue
        row.values["seq"] = nil
        row.values["bytes"] = artifact.bytes.databaseValue
        let (records, finished) = (StoreRecords(blobs: artifacts.blobs), row)
        try await artifacts.queue.run { () throws(StateStoreError) in
            if found.hasResult {
                let isThere = try records.contains(found.fingerprint)
                if isThere { return }
            }
            try records.write(finished, of: found.fingerprint)
        }
    }
}

/// A run that is about to succeed.
private struct RunningRow: Sendable {
    let row: StoredRow
    let fingerprint: Fingerprint
    /// The same artifact is the fingerprint's result already.
    let hasResult: Bool

    /// Nil if it does not run, or its fingerprint has another result.
    init?(_ database: Database, id: String, artifact: Digest) throws {
        guard let record = try database.record("runs", QuickQuery.run.rawValue, [id]),
            try record.value("state") == RunState.running.rawValue
        else { return nil }
        row = StoredRow(record.row)
        fingerprint = try record.value("fingerprint")
        let result = try database.record(
            "fingerprints", "SELECT digest FROM fingerprints WHERE fingerprint = ?", [fingerprint])
        let first: Digest? = try result?.value("digest")
        guard first == nil || first == artifact else { return nil }
        hasResult = first != nil
    }
}
