import GRDB
package import ResourceAPI

extension StateStore {
    /// Crashes after which a file is in quarantine: the first may have been somebody else's fault.
    package static var quarantineCrashes: Int { 2 }

    /// Counts one more crash of the process while it parsed these blobs.
    ///
    /// - Parameter blobs: object ids in lower-case hex, and where the files lie.
    package func recordCrash(
        blobs: [(blob: String, path: RepositoryPath)]
    ) async throws(StateStoreError) {
        guard !blobs.isEmpty else { return }
        let now = clock()
        try await write { database in
            for (blob, path) in blobs {
                try database.change(
                    """
                    INSERT INTO crashes VALUES (?, ?, 1)
                    ON CONFLICT DO UPDATE SET path = excluded.path, count = count + 1
                    """, [blob, path])
                let record = try database.record(
                    "crashes", "SELECT count FROM crashes WHERE blob = ?", [blob])
                let count: Int? = try record?.value("count")
                guard count == Self.quarantineCrashes else { continue }
                let origin = ChangeOrigin(
                    actor: "controller", cause: "reading it ended the process twice")
                try EventChain(database: database, time: now).append(
                    NewEvent(
                        .fileQuarantined, origin: origin, result: path.display,
                        payload: ["blob": .string(blob)]))
            }
        }
    }

    /// Lets files be read again, as when a newer Ingot may read them without harm.
    package func forgetCrashes(blobs: [String]) async throws(StateStoreError) {
        guard !blobs.isEmpty else { return }
        try await write { database in
            for blob in blobs {
                try database.change("DELETE FROM crashes WHERE blob = ?", [blob])
            }
        }
    }

    /// By blob id in lower-case hex.
    package func crashCounts() async throws(StateStoreError) -> [String: Int] {
        try await read { database in
            var counts: [String: Int] = [:]
            for record in try database.records("crashes", "SELECT blob, count FROM crashes") {
                counts[try record.value("blob")] = try record.value("count")
            }
            return counts
        }
    }
}
