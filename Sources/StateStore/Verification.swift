import GRDB
import Planning
import ResourceAPI

extension StateStore {
    /// Checks that every present artifact has its files, that rows agree with each other and with
    /// the event log, and that the log is as it was written. Changes nothing, and works beside a
    /// writer.
    ///
    /// - Parameter isDeep: read every byte of the store again.
    package func verify(isDeep: Bool = true) async throws(StateStoreError) -> VerificationReport {
        var report = VerificationReport()
        let (findings, rows, verdict) = try await read { database in
            let check = RecordVerification(database: database)
            return (
                try check.damage() + check.findings(), try check.rows(),
                try EventChainCheck(database: database).verdict()
            )
        }
        report.findings = findings
        report.rows = rows
        try await verifyStore(isDeep: isDeep, &report)
        switch verdict {
        case .intact(let events): report.events = Int(events)
        case .broken(let sequence, let problem):
            report.events = Int(sequence - 1)
            report.findings.append(
                Finding(kind: .eventChain, message: "event \(sequence) is broken: \(problem)"))
        }
        return report
    }

    /// Only whether rows agree with each other and with the events: cheap, and without the store.
    package func verifyRecords() async throws(StateStoreError) -> [Finding] {
        try await read { database in try RecordVerification(database: database).findings() }
    }

    private func noteDamaged(_ report: inout VerificationReport) async throws(StateStoreError) {
        report.damaged = try await recordedArtifacts(.damaged).count
        guard report.damaged > 0 else { return }
        report.notes.append(
            Finding(
                kind: .artifact, message: "\(report.damaged) artifacts are recorded as damaged",
                hint:
                    "they are made again when a commit needs them; `ingot verify --repair` takes back those whose files are whole again"
            ))
    }

    /// Results of an older Ingot have none.
    private func noteMissingRecords(
        _ report: inout VerificationReport
    ) async throws(StateStoreError) {
        let results = Array(try await recordedState().results.keys)
        let records = StoreRecords(blobs: artifacts.blobs)
        let missing = try await artifacts.queue.run { () throws(StateStoreError) in
            var missing = 0
            for result in results {
                let isThere = try records.contains(result)
                if !isThere { missing += 1 }
            }
            return missing
        }
        guard missing > 0 else { return }
        report.notes.append(
            Finding(
                kind: .record, message: "\(missing) results have no record in the store",
                hint: "`ingot rebuild` would not know of them: their steps would run again"))
    }

    private func verifyStore(
        isDeep: Bool, _ report: inout VerificationReport
    ) async throws(StateStoreError) {
        let present = try await recordedArtifacts(.present)
        let check = StoreVerification(blobs: artifacts.blobs, isDeep: isDeep)
        let found = try await artifacts.queue.run { () throws(StateStoreError) in
            try check.report(on: present)
        }
        report.artifacts = found.artifacts
        report.files = found.files
        report.bytes = found.bytes
        report.notes = found.notes
        try await noteDamaged(&report)
        try await noteMissingRecords(&report)
        guard !found.findings.isEmpty else { return }
        // Garbage collection may have deleted files while they were looked at.
        let still = Set(try await recordedArtifacts(.present).map(\.digest))
        report.findings += found.findings.filter { finding in
            finding.artifact.map(still.contains) ?? true
        }
    }
}

/// Looks at the files of the store. Blocks.
struct StoreVerification: Sendable {
    private static let namedStrays = 20
    let blobs: BlobStore
    let isDeep: Bool

    func report(on present: [PublishedArtifact]) throws(StateStoreError) -> VerificationReport {
        var report = VerificationReport()
        report.artifacts = present.count
        let inspector = ArtifactInspector(blobs: blobs)
        for artifact in present {
            if let problem = problem(of: artifact, inspector) {
                report.findings.append(
                    Finding(kind: .artifact, artifact: artifact.digest, message: problem))
            }
        }
        try lookAtFiles(Set(present.flatMap(\.blobs)), &report)
        return report
    }

    private func problem(
        of artifact: PublishedArtifact, _ inspector: ArtifactInspector
    ) -> String? {
        guard Digest(hashing: ArtifactManifest(files: artifact.files).bytes) == artifact.digest
        else {
            return
                "the artifact \(artifact.digest) is damaged: the database lists other files than it has"
        }
        do throws(StateStoreError) {
            try inspector.check(artifact.digest, isDeep: isDeep)
            return nil
        } catch {
            return error.message
        }
    }

    /// Counts all files, and looks into those that no present artifact has.
    private func lookAtFiles(
        _ named: Set<Digest>, _ report: inout VerificationReport
    ) throws(StateStoreError) {
        let inventory = try StateStoreError.translating { () throws(FileSystemError) in
            try blobs.inventory()
        }
        var (orphans, orphanBytes) = (0, Int64(0))
        for blob in inventory.blobs {
            let path = blobs.path(of: blob)
            let status = try StateStoreError.translating { () throws(FileSystemError) in
                try blobs.fileSystem.status(of: path)
            }
            guard let status else { continue }
            report.files += 1
            report.bytes += status.size
            guard !named.contains(blob) else { continue }
            orphans += 1
            orphanBytes += status.size
            if isDeep, let problem = problem(ofOrphan: blob, path) {
                report.notes.append(Finding(kind: .stray, message: problem))
            }
        }
        if orphans > 0 {
            report.notes.append(
                Finding(
                    kind: .stray,
                    message:
                        "\(orphans) files (\(orphanBytes) bytes) belong to no present artifact",
                    hint: "`ingot gc` deletes them once they are old enough"))
        }
        for path in inventory.strays.prefix(Self.namedStrays) {
            report.notes.append(
                Finding(kind: .stray, message: "\(path) is not a file that Ingot has made"))
        }
    }

    private func problem(ofOrphan blob: Digest, _ path: String) -> String? {
        do throws(StateStoreError) {
            let (digest, _) = try blobs.content(of: path)
            return digest == blob ? nil : "\(path) does not have the content that its name says"
        } catch {
            return error.message
        }
    }
}
