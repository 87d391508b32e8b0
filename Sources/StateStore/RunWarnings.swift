import GRDB
package import ResourceAPI

extension StateStore {
    /// What the profiles whose artifacts are recorded have warned of. The names of steps are looked
    /// through in an index, so that only profiles cost a row.
    package func warnings() async throws(StateStoreError) -> [Fingerprint: [String]] {
        try await read { database in
            let records = try database.records(
                "runs",
                """
                SELECT f.fingerprint, r.metadata
                FROM runs r JOIN fingerprints f ON f.fingerprint = r.fingerprint AND f.run = r.id
                WHERE r.state = 'succeeded' AND r.step LIKE 'dataset/%#profile'
                    AND r.metadata LIKE '%"warnings"%'
                """)
            var warnings: [Fingerprint: [String]] = [:]
            for record in records {
                let metadata: JSONValue? = try record.optional("metadata")
                let texts = (metadata?["warnings"]?.array ?? []).compactMap(\.string)
                if !texts.isEmpty { warnings[try record.value("fingerprint")] = texts }
            }
            return warnings
        }
    }
}
