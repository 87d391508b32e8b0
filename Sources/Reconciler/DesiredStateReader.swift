import Manifests
package import ResourceAPI
import ResourceGraph
package import SourceControl
package import StateStore

/// Reads what a commit asks for. Manifests come from the object database, never from a checkout.
///
/// It keeps what it read last, and reads the next commit as a difference from that: a commit that
/// touches one file costs one tree comparison, one parsed file and what depends on its resources.
package actor DesiredStateReader {
    private let repository: any Repository
    package nonisolated let projectPath: RepositoryPath
    /// The lock file of the runtime that Ingot ships.
    private let standardLock: [UInt8]
    private let standardRuntime: Digest
    private let guardian: ParseGuardian
    private var last: (read: ReadCommit, graph: ResourceGraph)?
    private var lastLock: (blob: BlobID, parsed: SnapshotLockFile.Parsed)?

    /// - Parameters:
    ///   - projectPath: the folder of `ingot.yaml` in the repository; empty for its root.
    ///   - guardian: keeps files away whose parsing ended the process.
    package init(
        repository: any Repository, projectPath: RepositoryPath, standardLock: [UInt8],
        guardian: ParseGuardian = ParseGuardian(journal: nil)
    ) {
        self.repository = repository
        self.projectPath = projectPath
        self.standardLock = standardLock
        standardRuntime = Digest(hashing: standardLock)
        self.guardian = guardian
    }

    /// - Parameter applied: what a file that does not parse falls back to.
    package func compile(
        _ commit: CommitID, applied: [ResourceID: InventoryEntry] = [:]
    ) async throws -> CompiledCommit {
        let read = try await read(commit)
        let parsed = read.combined
        let kept = try await lastApplied(parsed, applied)
        let snapshots = try await snapshotLock(at: commit)
        let graph = GraphCompiler.compile(
            resources: parsed.resources + kept, invalid: parsed.invalid, lock: snapshots.lock,
            reusing: last?.graph)
        last = (read, graph)
        let (lock, runtime) = try await lock(of: graph.project, at: commit)
        return CompiledCommit(
            commit: commit, graph: graph,
            diagnostics: diagnostics(of: graph, read) + snapshots.diagnostics, lock: lock,
            runtime: runtime, held: Set(kept.map(\.id)), invalid: parsed.invalid, base: read.base,
            changedFiles: read.changed, blobs: read.blobs)
    }

    private func read(_ commit: CommitID) async throws -> ReadCommit {
        if let read = last?.read, read.commit == commit { return read.unchanged() }
        let entries: TreeDifference
        // It may be gone: from a mirror that was damaged, say.
        if let before = last?.read, let base = before.commit,
            try await repository.contains(base)
        {
            entries = try await difference(from: base, before, to: commit)
        } else {
            let listing = try await repository.files(
                at: commit, under: projectPath, matching: ReadCommit.suffixes)
            entries = TreeDifference(all: listing)
        }
        var next = last?.read ?? ReadCommit(root: projectPath)
        if entries.isWhole { next = ReadCommit(root: projectPath) }
        next.apply(
            entries, of: commit, parsed: try await parse(entries.files, reusing: last?.read))
        return next
    }

    /// Where a link or a submodule comes or goes, all is listed anew: they are told of in one place.
    private func difference(
        from base: CommitID, _ before: ReadCommit, to commit: CommitID
    ) async throws -> TreeDifference {
        let changes = try await repository.changedFiles(
            from: base, to: commit, under: projectPath, matching: ReadCommit.suffixes)
        if before.hasIgnored || changes.contains(where: { $0.needsListing }) {
            return TreeDifference(
                all: try await repository.files(
                    at: commit, under: projectPath, matching: ReadCommit.suffixes))
        }
        return TreeDifference(changes)
    }

    private func parse(
        _ entries: [TreeFile], reusing before: ReadCommit?
    ) async throws -> [RepositoryPath: ParsedFile] {
        var result: [RepositoryPath: ParsedFile] = [:]
        result.reserveCapacity(entries.count)
        var missing: [TreeFile] = []
        for entry in entries {
            if let known = before?.parsed(entry) {
                result[entry.path] = known
            } else {
                missing.append(entry)
            }
        }
        let bytes = try await contents(missing)
        for (entry, parsed) in zip(missing, try await guardian.parse(missing, bytes)) {
            result[entry.path] = parsed
        }
        return result
    }

    private func contents(_ entries: [TreeFile]) async throws -> [[UInt8]] {
        // One byte more than is allowed is enough for the parser to refuse the file itself.
        let limit = ManifestLimits.standard.fileBytes + 1
        do throws(SourceControlError) {
            return try await repository.blobs(entries.map(\.blob), limit: limit)
        } catch {
            guard case .blobTooLarge = error else { throw error }
        }
        var all: [[UInt8]] = []
        for entry in entries {
            do throws(SourceControlError) {
                all.append(try await repository.blob(entry.blob, limit: limit))
            } catch {
                guard case .blobTooLarge = error else { throw error }
                all.append([UInt8](repeating: UInt8(ascii: "#"), count: limit))
            }
        }
        return all
    }

    private func diagnostics(of graph: ResourceGraph, _ read: ReadCommit) -> [Diagnostic] {
        let ignored = read.ignored.map { entry in
            Diagnostic(
                severity: .warning,
                message: "\(entry.path.display) is not a regular file and is not read",
                location: nil, quotedLine: nil, hint: nil, notes: [], resource: nil)
        }
        return read.combined.diagnostics
            + graph.diagnostics.map { diagnostic in
                let file = diagnostic.location?.file
                let bytes = file.flatMap { path in read.bytes(of: path).map { [path: $0] } }
                return diagnostic.quoting(bytes ?? [:])
            } + ignored
    }

    /// The resources of files that cannot be read now, as they were last applied.
    private func lastApplied(
        _ parsed: ParsedManifests, _ applied: [ResourceID: InventoryEntry]
    ) async throws -> [Resource] {
        guard !parsed.failedFiles.isEmpty, !applied.isEmpty else { return [] }
        let known = Set(parsed.resources.map(\.id)).union(parsed.invalid)
        let fallen = applied.values.filter {
            parsed.failedFiles.contains($0.file) && !known.contains($0.resource)
        }.sorted { $0.resource < $1.resource }
        var resources: [Resource] = []
        for entry in fallen {
            if let resource = try await resource(of: entry) { resources.append(resource) }
        }
        return resources
    }

    /// A resource as it was applied last; nil if this release cannot read it.
    package func resource(of entry: InventoryEntry) async throws -> Resource? {
        guard let blob = Hex.decode(Array(entry.blob.utf8)).flatMap({ BlobID(bytes: $0) })
        else { return nil }
        let bytes = try await repository.blob(blob, limit: ManifestLimits.standard.fileBytes)
        let parsed = ManifestParser.parse(ManifestFile(path: entry.file, bytes: bytes))
        return parsed.documents.lazy.compactMap(\.resource).first { $0.id == entry.resource }
    }

    /// What `ingot.lock` pins; nothing if there is none.
    private func snapshotLock(at commit: CommitID) async throws -> SnapshotLockFile.Parsed {
        let path = projectPath.appending(SnapshotLock.path.bytes)
        guard let file = try await repository.file(at: commit, path: path) else { return .none }
        if let lastLock, lastLock.blob == file.blob { return lastLock.parsed }
        let bytes = try await contents([file])
        let parsed = SnapshotLockFile.parse(
            ManifestFile(path: path, bytes: bytes.first ?? []))
        lastLock = (file.blob, parsed)
        return parsed
    }

    private func lock(
        of project: ProjectSpec, at commit: CommitID
    ) async throws -> (bytes: [UInt8], digest: Digest) {
        guard let path = project.runtimeRequirements else {
            return (standardLock, standardRuntime)
        }
        let full = projectPath.appending(path.bytes)
        guard let file = try await repository.file(at: commit, path: full) else {
            throw ReconcilerError.lockMissing(full)
        }
        let bytes = try await repository.blob(file.blob, limit: CommittedLocks.maximumBytes)
        return (bytes, Digest(hashing: bytes))
    }
}
