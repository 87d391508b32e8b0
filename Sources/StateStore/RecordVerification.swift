import GRDB
import ResourceAPI

/// Checks that rows agree with each other. Every query finds nothing in a healthy database.
struct RecordVerification {
    let database: Database

    /// Whether the file is a sound database.
    func damage() throws -> [Finding] {
        try String.fetchAll(database, sql: "PRAGMA integrity_check(20)").filter { $0 != "ok" }
            .map { Finding(kind: .database, message: "the database is damaged: \($0)") }
    }

    /// In a stable order.
    func findings() throws -> [Finding] {
        var findings = try missingArtifacts()
        for check in Self.checks + Self.eventChecks {
            for row in try Row.fetchAll(try database.cachedStatement(sql: check.query)) {
                let words = Array(row.databaseValues.map { RecordVerification.text($0) })
                findings.append(
                    Finding(kind: .record, message: check.message(words), hint: check.hint))
            }
        }
        return findings
    }

    /// Of all tables.
    func rows() throws -> Int {
        let tables = try String.fetchAll(
            database,
            sql: """
                SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
                    AND name <> 'grdb_migrations'
                """)
        return try tables.reduce(0) { sum, table in
            sum + (try Int.fetchOne(database, sql: "SELECT count(*) FROM \"\(table)\"") ?? 0)
        }
    }

    /// Digests in full, as they stand in messages elsewhere.
    private static func text(_ value: DatabaseValue) -> String {
        if let digest = Digest.fromDatabaseValue(value), case .blob = value.storage {
            return digest.description
        }
        return value.isNull ? "nothing" : value.description.trimmingQuotes
    }

    /// Foreign keys hold these, unless another program has written with them off.
    private func missingArtifacts() throws -> [Finding] {
        var findings: [Finding] = []
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

extension String {
    /// GRDB describes a text with quotes.
    fileprivate var trimmingQuotes: String {
        hasPrefix("\"") && hasSuffix("\"") && utf8.count > 1 ? String(dropFirst().dropLast()) : self
    }
}
