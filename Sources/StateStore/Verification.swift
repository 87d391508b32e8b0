import GRDB
package import ResourceAPI

/// Something in the state directory that is not as it should be.
package struct Finding: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable, Codable {
        /// Files of an artifact are missing or changed.
        case artifact
        /// A fingerprint or a version refers to an artifact that is not recorded.
        case record
        case eventChain
        /// SQLite's own check.
        case database
    }

    package let kind: Kind
    /// The artifact, where it is one.
    package let artifact: Digest?
    /// One line for people.
    package let message: String
    package init(kind: Kind, artifact: Digest? = nil, message: String) {
        self.kind = kind
        self.artifact = artifact
        self.message = message
    }
}

extension StateStore {
    /// Checks that every recorded artifact has its files, that every record's artifact exists, and
    /// that the event log is as it was written. Changes nothing.
    ///
    /// - Parameter isDeep: read every byte of every artifact again.
    /// - Returns: what is wrong, in a stable order; empty if all is well.
    package func verify(isDeep: Bool) async throws(StateStoreError) -> [Finding] {
        var findings = try await databaseFindings()
        for artifact in try await presentArtifacts() {
            do {
                try await artifacts.check(artifact, isDeep: isDeep)
            } catch {
                findings.append(
                    Finding(kind: .artifact, artifact: artifact, message: error.message))
            }
        }
        if case .broken(let sequence, let problem) = try await verifyEventChain() {
            findings.append(
                Finding(kind: .eventChain, message: "event \(sequence) is broken: \(problem)"))
        }
        return findings
    }

    private func presentArtifacts() async throws(StateStoreError) -> [Digest] {
        try await read { database in
            try database.records(
                "artifacts", "SELECT digest FROM artifacts WHERE state = 'present' ORDER BY digest"
            ).map { try $0.value("digest") }
        }
    }

    private func databaseFindings() async throws(StateStoreError) -> [Finding] {
        try await read { database in
            let verdicts = try String.fetchAll(database, sql: "PRAGMA integrity_check(20)")
            var findings = verdicts.filter { $0 != "ok" }
                .map { Finding(kind: .database, message: "the database is damaged: \($0)") }
            // Foreign keys hold these, unless another program has written with them off.
            for record in try database.records(
                "fingerprints",
                """
                SELECT fingerprint, digest FROM fingerprints
                WHERE digest NOT IN (SELECT digest FROM artifacts) ORDER BY fingerprint
                """)
            {
                let fingerprint: Fingerprint = try record.value("fingerprint")
                let digest: Digest = try record.value("digest")
                findings.append(
                    Finding(
                        kind: .record, artifact: digest,
                        message:
                            "the fingerprint \(fingerprint) has the artifact \(digest), which is not recorded"
                    ))
            }
            for record in try database.records(
                "versions",
                """
                SELECT model, number, digest FROM versions
                WHERE digest NOT IN (SELECT digest FROM artifacts) ORDER BY model, number
                """)
            {
                let model: ResourceName = try record.value("model")
                let number: Int = try record.value("number")
                let digest: Digest = try record.value("digest")
                findings.append(
                    Finding(
                        kind: .record, artifact: digest,
                        message:
                            "version \(number) of model/\(model) has the artifact \(digest), which is not recorded"
                    ))
            }
            return findings
        }
    }
}
