import GRDB
package import Planning
package import ResourceAPI

/// What came of reading artifacts again that may be damaged.
package struct ArtifactRepair: Hashable, Sendable {
    /// Recorded as present until now and not whole: damaged from now on, so that their steps run
    /// again where they are needed. Sorted.
    package let damaged: [Digest]
    /// Recorded as damaged until now and whole: present again. Sorted.
    package let restored: [Digest]
    /// The results that are there again with them.
    package let results: [Fingerprint: RecordedResult]
    /// Files whose content is not what their name says, which lie in `store/damaged` now. Sorted.
    package let putAside: [Digest]
}

extension StateStore {
    /// Reads every byte of these artifacts again, and of all that are recorded as damaged, and
    /// records what is so now. A file with wrong content is moved out of everybody's way; what is
    /// made again takes its place. Nothing that is whole is touched, so it may be called at any time,
    /// and again after it was cut off.
    package func repair(
        _ suspects: [Digest], origin: ChangeOrigin
    ) async throws(StateStoreError) -> ArtifactRepair {
        guard isWriter else { throw .readOnly }
        let present = try await recordedArtifacts(.present)
        let suspected = Set(suspects)
        let damaged = try await recordedArtifacts(.damaged)
        let blobs = artifacts.blobs
        let examined = try await artifacts.queue.run { () throws(StateStoreError) in
            try StateStoreError.translating { () throws(FileSystemError) in
                try ExaminedBlobs(
                    present.filter { suspected.contains($0.digest) } + damaged, in: blobs)
            }
        }
        let whole = damaged.filter { examined.isWhole($0) }.map(\.digest)
        let now = clock()
        let recorded = try await write { database in
            let recording = RepairRecording(database: database, now: now, origin: origin)
            let damaged = try recording.damage(examined.bad)
            let restored = try recording.restore(whole)
            return (damaged, restored, try recording.results(of: restored))
        }
        let moved = try await artifacts.queue.run { () throws(StateStoreError) in
            try StateStoreError.translating { () throws(FileSystemError) in
                try DamagedFiles(blobs: blobs).take(examined.spoiled)
            }
        }
        return ArtifactRepair(
            damaged: recorded.0, restored: recorded.1, results: recorded.2, putAside: moved)
    }
}

/// What files of the store are like, each read once.
private struct ExaminedBlobs: Sendable {
    /// Missing or spoiled.
    private(set) var bad: Set<Digest> = []
    /// With other content than their names say, as they were when they were read.
    private(set) var spoiled: [(blob: Digest, status: FileStatus)] = []
    private var seen: Set<Digest> = []

    init(_ artifacts: [PublishedArtifact], in blobs: BlobStore) throws(FileSystemError) {
        for artifact in artifacts {
            for blob in artifact.blobs where seen.insert(blob).inserted {
                try examine(blob, in: blobs)
            }
        }
    }

    private mutating func examine(_ blob: Digest, in blobs: BlobStore) throws(FileSystemError) {
        let path = blobs.path(of: blob)
        guard let status = try blobs.fileSystem.status(of: path) else {
            bad.insert(blob)
            return
        }
        if status.kind == .file, try blobs.hasContent(blob, path) { return }
        bad.insert(blob)
        spoiled.append((blob, status))
    }

    func isWhole(_ artifact: PublishedArtifact) -> Bool {
        artifact.blobs.allSatisfy { !bad.contains($0) }
    }
}

extension BlobStore {
    /// A disk that cannot read a file any more has not kept its content either.
    fileprivate func hasContent(_ blob: Digest, _ path: String) throws(FileSystemError) -> Bool {
        var builder = DigestBuilder()
        do throws(FileSystemError) {
            try fileSystem.read(path) { builder.update($0) }
        } catch {
            guard error.isUnreadableContent else { throw error }
            return false
        }
        return builder.finish() == blob
    }
}

/// The changes to records, inside one transaction.
private struct RepairRecording {
    let database: Database
    let now: Int64
    let origin: ChangeOrigin

    /// - Parameter bad: files that are not as they must be.
    /// - Returns: the artifacts that were present and have one of them, sorted.
    func damage(_ bad: Set<Digest>) throws -> [Digest] {
        var found: Set<Digest> = []
        for blob in bad {
            let artifacts = try database.records(
                "artifacts",
                """
                SELECT digest FROM artifacts WHERE state = 'present' AND (digest = ?1
                    OR digest IN (SELECT artifact FROM artifact_files WHERE digest = ?1))
                """, [blob])
            for record in artifacts { found.insert(try record.value("digest")) }
        }
        for artifact in found.sorted() {
            try database.change(
                "UPDATE artifacts SET state = 'damaged' WHERE digest = ?", [artifact])
            try tell(.artifactDamaged, artifact, "its files are missing or have changed")
        }
        return found.sorted()
    }

    /// - Parameter whole: artifacts that were recorded as damaged when they were read.
    /// - Returns: those that still were.
    func restore(_ whole: [Digest]) throws -> [Digest] {
        try whole.filter { artifact in
            try database.change(
                "UPDATE artifacts SET state = 'present' WHERE digest = ? AND state = 'damaged'",
                [artifact])
            guard database.changesCount > 0 else { return false }
            try tell(.artifactRestored, artifact, "its files are whole again")
            return true
        }
    }

    func results(of artifacts: [Digest]) throws -> [Fingerprint: RecordedResult] {
        var results: [Fingerprint: RecordedResult] = [:]
        for artifact in artifacts {
            let records = try database.records(
                "fingerprints",
                "SELECT fingerprint, run, milliseconds FROM fingerprints WHERE digest = ?",
                [artifact])
            for record in records {
                let milliseconds: Int64 = try record.value("milliseconds")
                results[try record.value("fingerprint")] = RecordedResult(
                    digest: artifact, runID: try record.value("run"),
                    seconds: Double(max(0, milliseconds)) / 1000)
            }
        }
        return results
    }

    private func tell(_ kind: EventKind, _ artifact: Digest, _ result: String) throws {
        try EventChain(database: database, time: now).append(
            NewEvent(
                kind, origin: origin, result: result,
                payload: ["artifact": .string(artifact.description)]))
    }
}
