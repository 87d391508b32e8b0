import Manifests
package import ResourceAPI
package import ResourceGraph
package import SourceControl
package import StateStore

/// A commit as a graph, before anybody looks at data.
package struct CompiledCommit: Sendable {
    package let graph: ResourceGraph
    /// Of the manifests and of the graph, with quoted lines.
    package let diagnostics: [Diagnostic]
    /// The bytes of the runtime's lock file.
    package let lock: [UInt8]
    /// Resources that keep their last applied manifest.
    package let held: Set<ResourceID>
    /// The blob that each resource's manifest stands in.
    package let inventory: [InventoryEntry]
    /// Resources whose manifest can be read but has errors.
    package let invalid: Set<ResourceID>

    package var runtime: Digest { Digest(hashing: lock) }
}

/// Reads what a commit asks for. Manifests come from the object database, never from a checkout.
package struct DesiredStateReader: Sendable {
    private let repository: any Repository
    private let projectPath: RepositoryPath
    /// The lock file of the runtime that Ingot ships.
    private let standardLock: [UInt8]
    private let cache = ParsedFileCache()

    /// - Parameter projectPath: the folder of `ingot.yaml` in the repository; empty for its root.
    package init(
        repository: any Repository, projectPath: RepositoryPath, standardLock: [UInt8]
    ) {
        self.repository = repository
        self.projectPath = projectPath
        self.standardLock = standardLock
    }

    /// - Parameter applied: what a file that does not parse falls back to.
    package func compile(
        _ commit: CommitID, applied: [InventoryEntry] = []
    ) async throws -> CompiledCommit {
        let listing = try await repository.files(
            at: commit, under: projectPath, matching: [".yaml", ".yml"])
        let files = try await parse(listing.files)
        let parsed = ManifestParser.combine(files.map(\.parsed), root: projectPath)
        let known = Set(parsed.resources.map(\.id)).union(parsed.invalid)
        let fallen = applied.filter {
            parsed.failedFiles.contains($0.file) && !known.contains($0.resource)
        }
        let kept = try await lastApplied(fallen)
        let graph = GraphCompiler.compile(
            resources: parsed.resources + kept, invalid: parsed.invalid)
        let texts = Dictionary(
            files.map { ($0.parsed.file.path, $0.parsed.file.bytes) },
            uniquingKeysWith: { a, _ in a })
        let ignored = listing.ignored.map { entry in
            Diagnostic(
                severity: .warning,
                message: "\(entry.path.display) is not a regular file and is not read",
                location: nil, quotedLine: nil, hint: nil, notes: [], resource: nil)
        }
        return CompiledCommit(
            graph: graph,
            diagnostics: parsed.diagnostics + graph.diagnostics.map { $0.quoting(texts) } + ignored,
            lock: try await lock(of: graph.project, at: commit), held: Set(kept.map(\.id)),
            inventory: inventory(parsed.resources, files, commit), invalid: parsed.invalid)
    }

    private struct File {
        let blob: BlobID
        let parsed: ParsedFile
    }

    private func parse(_ entries: [TreeFile]) async throws -> [File] {
        var files: [File] = []
        files.reserveCapacity(entries.count)
        var missing: [TreeFile] = []
        for entry in entries where await cache.file(entry) == nil { missing.append(entry) }
        // One byte more than is allowed is enough for the parser to refuse the file itself.
        let limit = ManifestLimits.standard.fileBytes + 1
        for entry in missing {
            let bytes: [UInt8]
            do throws(SourceControlError) {
                bytes = try await repository.blob(entry.blob, limit: limit)
            } catch {
                guard case .blobTooLarge = error else { throw error }
                bytes = [UInt8](repeating: UInt8(ascii: "#"), count: limit)
            }
            await cache.add(
                ManifestParser.parse(ManifestFile(path: entry.path, bytes: bytes)), for: entry)
        }
        for entry in entries {
            if let parsed = await cache.file(entry) {
                files.append(File(blob: entry.blob, parsed: parsed))
            }
        }
        await cache.keepOnly(entries)
        return files
    }

    /// The resources of files that cannot be read now, as they were last applied.
    private func lastApplied(_ entries: [InventoryEntry]) async throws -> [Resource] {
        var resources: [Resource] = []
        for entry in entries {
            guard let blob = Hex.decode(Array(entry.blob.utf8)).flatMap({ BlobID(bytes: $0) })
            else { continue }
            let bytes = try await repository.blob(blob, limit: ManifestLimits.standard.fileBytes)
            let parsed = ManifestParser.parse(ManifestFile(path: entry.file, bytes: bytes))
            resources += parsed.documents.compactMap(\.resource).filter {
                $0.id == entry.resource
            }
        }
        return resources
    }

    private func lock(of project: ProjectSpec, at commit: CommitID) async throws -> [UInt8] {
        guard let path = project.runtimeRequirements else { return standardLock }
        let full = projectPath.appending(path.bytes)
        guard let file = try await repository.file(at: commit, path: full) else {
            throw ReconcilerError.lockMissing(full)
        }
        return try await repository.blob(file.blob, limit: 4 << 20)
    }

    private func inventory(
        _ resources: [Resource], _ files: [File], _ commit: CommitID
    ) -> [InventoryEntry] {
        let blobs = Dictionary(
            files.map { ($0.parsed.file.path, $0.blob.hex) }, uniquingKeysWith: { a, _ in a })
        return resources.compactMap { resource in
            blobs[resource.file].map {
                InventoryEntry(
                    resource: resource.id, file: resource.file, blob: $0, commit: commit)
            }
        }
    }
}

/// Parsed files by path and content: a commit that touches one file parses one file.
private actor ParsedFileCache {
    private var files: [TreeFile: ParsedFile] = [:]

    func file(_ entry: TreeFile) -> ParsedFile? { files[entry] }

    func add(_ parsed: ParsedFile, for entry: TreeFile) { files[entry] = parsed }

    func keepOnly(_ entries: [TreeFile]) {
        guard files.count > entries.count else { return }
        let wanted = Set(entries)
        files = files.filter { wanted.contains($0.key) }
    }
}
