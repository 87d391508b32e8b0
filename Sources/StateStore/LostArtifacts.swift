import GRDB
package import ResourceAPI

/// Of an artifact that is not collected yet.
enum ArtifactState: String, Hashable, Sendable {
    case present
    case damaged
}

extension StateStore {
    /// Artifacts that are recorded as present and are not: a file of theirs is missing or has
    /// another length. Sorted. Contents are not read, so it costs one `stat` for each file.
    package func lostArtifacts() async throws(StateStoreError) -> [Digest] {
        let recorded = try await recordedArtifacts(.present)
        let blobs = artifacts.blobs
        return try await artifacts.queue.run { () throws(StateStoreError) in
            try StateStoreError.translating { () throws(FileSystemError) in
                var lost: [Digest] = []
                for artifact in recorded where try !blobs.isWhole(artifact) {
                    lost.append(artifact.digest)
                }
                return lost
            }
        }
    }

    /// As they are recorded, sorted by digest.
    func recordedArtifacts(
        _ state: ArtifactState
    ) async throws(StateStoreError) -> [PublishedArtifact] {
        try await read { database in
            var artifacts: [PublishedArtifact] = []
            var files: [ArtifactFile] = []
            var current: Digest?
            let rows = try Row.fetchCursor(
                try database.cachedStatement(
                    sql: """
                        SELECT a.digest AS artifact, f.name, f.digest, f.size FROM artifacts a
                        LEFT JOIN artifact_files f ON f.artifact = a.digest
                        WHERE a.state = ? ORDER BY a.digest, f.name
                        """), arguments: [state.rawValue])
            while let row = try rows.next() {
                let record = Record("artifact_files", row)
                let artifact: Digest = try record.value("artifact")
                if let finished = current, finished != artifact {
                    artifacts.append(PublishedArtifact(digest: finished, files: files))
                    files = []
                }
                current = artifact
                guard let name: String = try record.optional("name") else { continue }
                files.append(
                    ArtifactFile(
                        name: name, digest: try record.value("digest"),
                        size: try record.value("size")))
            }
            if let current { artifacts.append(PublishedArtifact(digest: current, files: files)) }
            return artifacts
        }
    }
}

extension StateStore {
    /// The present artifact with the next larger digest, and how many there are; nil at the end.
    package func nextPresentArtifact(
        after last: Digest?
    ) async throws(StateStoreError) -> (Digest?, count: Int) {
        try await read { database in
            let record = try database.record(
                "artifacts",
                """
                SELECT digest FROM artifacts WHERE state = 'present' AND (?1 IS NULL OR digest > ?1)
                ORDER BY digest LIMIT 1
                """, [last])
            let count = try Int.fetchOne(
                database, sql: "SELECT count(*) FROM artifacts WHERE state = 'present'")
            return (try record?.value("digest"), count ?? 0)
        }
    }
}

extension BlobStore {
    fileprivate func isWhole(_ artifact: PublishedArtifact) throws(FileSystemError) -> Bool {
        let manifest = ArtifactManifest(files: artifact.files).bytes
        guard try hasFile(artifact.digest, Int64(manifest.count)) else { return false }
        for file in artifact.files where try !hasFile(file.digest, file.size) { return false }
        return true
    }

    private func hasFile(_ blob: Digest, _ size: Int64) throws(FileSystemError) -> Bool {
        guard let status = try fileSystem.status(of: path(of: blob)) else { return false }
        return status.kind == .file && status.size == size
    }
}

extension StateStore {
    /// Those among these artifacts that are recorded as damaged or collected, or not at all. Files
    /// are not looked at.
    package func lostArtifacts(
        among wanted: [Digest]
    ) async throws(StateStoreError) -> [Digest] {
        try await read { database in
            let present = Set(
                try database.records(
                    "artifacts", "SELECT digest FROM artifacts WHERE state = 'present'"
                ).map { record -> Digest in try record.value("digest") })
            return wanted.filter { !present.contains($0) }
        }
    }
}
