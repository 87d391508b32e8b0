import Dispatch
package import Planning
package import ResourceAPI
package import ResourceGraph
package import SourceControl
package import StateStore

/// Finds the local files that snapshots read: blobs of the commit, or files below a data root.
package actor SourceObserver: SourceFiles {
    private static let smallBytes = 1 << 20
    private let repository: any Repository
    private let projectPath: RepositoryPath
    /// The folder that paths of data files are relative to; nil if only the commit's files count.
    private let dataDirectory: String?
    private let store: StateStore?
    private let queue = DispatchQueue(label: "ingot.sources")
    private var blobDigests: [BlobID: Digest] = [:]
    private var blobs: [Digest: BlobID] = [:]
    private var stamps: [String: (stamp: SourceFileStamp, digest: Digest)] = [:]
    /// Files of the last commit looked at that are not part of it.
    private var outside: [RepositoryPath] = []
    private var roots: [RepositoryPath] = []

    /// - Parameter store: keeps the hashes of large files from one start to the next; nil for
    ///   commands that only look.
    package init(
        repository: any Repository, projectPath: RepositoryPath, dataDirectory: String?,
        store: StateStore?
    ) {
        self.repository = repository
        self.projectPath = projectPath
        self.dataDirectory = dataDirectory
        self.store = store
    }

    /// The state of every file that a dataset of the graph reads.
    package func observe(
        _ graph: ResourceGraph, at commit: CommitID
    ) async throws -> [RepositoryPath: SourceFile] {
        let found = try await lookUp(graph, at: commit)
        outside = found.outside
        roots = graph.project.dataRoots
        return found.files
    }

    /// The same, of any commit, beside the one that is watched.
    ///
    /// - Returns: with the files that are not part of the commit.
    package func lookUp(
        _ graph: ResourceGraph, at commit: CommitID
    ) async throws -> (files: [RepositoryPath: SourceFile], outside: [RepositoryPath]) {
        var full: [RepositoryPath: RepositoryPath] = [:]
        for resource in graph.resources.values {
            guard case .file(let source)? = resource.dataset?.source else { continue }
            full[source.path] = projectPath.appending(source.path.bytes)
        }
        let committed = try await repository.files(at: commit, paths: Array(full.values))
        try await hash(committed.values.map(\.blob))
        var result: [RepositoryPath: SourceFile] = [:]
        var outside: [RepositoryPath] = []
        for (path, fullPath) in full {
            if let file = committed[fullPath] {
                result[path] = .present(try await digest(of: file.blob))
            } else {
                outside.append(path)
                result[path] = try await outsideFile(path, graph.project.dataRoots)
            }
        }
        return (result, outside)
    }

    /// The same for the commit that was observed last: only files outside of it can have changed.
    package func observeAgain(
        _ before: [RepositoryPath: SourceFile]
    ) async throws -> [RepositoryPath: SourceFile] {
        var result = before
        for path in outside {
            let found = try await outsideFile(path, roots)
            if result[path] != found { result[path] = found }
        }
        return result
    }

    /// The files that were not part of the commit observed last.
    package var outsidePaths: [RepositoryPath] { outside }

    /// Whether files outside of the repository still have these contents.
    package func isUnchanged(
        _ files: [RepositoryPath: Digest], roots: [RepositoryPath]
    ) async throws -> Bool {
        for (path, digest) in files {
            guard try await outsideFile(path, roots) == .present(digest) else { return false }
        }
        return true
    }

    private func outsideFile(
        _ path: RepositoryPath, _ roots: [RepositoryPath]
    ) async throws -> SourceFile {
        do {
            guard let dataDirectory else {
                throw ReconcilerError.sourceMissing(path, folder: "a data directory")
            }
            guard path.isContained, roots.contains(where: path.isInside) else {
                throw ReconcilerError.sourceOutsideRoots(path, roots: roots)
            }
            return .present(try await digest(ofFile: path, in: dataDirectory))
        } catch let error as ReconcilerError {
            return .unreadable(error.message)
        }
    }

    /// Small blobs are hashed many at a time in memory: that is what makes the first look quick.
    private func hash(_ ids: [BlobID]) async throws {
        var small: [BlobID] = []
        for id in Set(ids) where blobDigests[id] == nil {
            if try await repository.blobSize(id) <= Self.smallBytes { small.append(id) }
        }
        for start in stride(from: 0, to: small.count, by: 64) {
            let part = Array(small[start..<min(start + 64, small.count)])
            let contents = try await repository.blobs(part, limit: Self.smallBytes)
            for (id, bytes) in zip(part, contents) {
                let digest = Digest(hashing: bytes)
                blobDigests[id] = digest
                blobs[digest] = id
            }
        }
    }

    private func digest(of blob: BlobID) async throws -> Digest {
        if let known = blobDigests[blob] { return known }
        let digest = try await repository.hashBlob(blob).digest
        blobDigests[blob] = digest
        blobs[digest] = blob
        return digest
    }

    private func digest(ofFile path: RepositoryPath, in directory: String) async throws -> Digest {
        let absolute = directory + "/" + path.display
        let stamp: SourceFileStamp
        do {
            stamp = try FileHashing.stamp(absolute)
        } catch .missing {
            throw ReconcilerError.sourceMissing(path, folder: directory)
        } catch {
            throw ReconcilerError.sourceUnreadable(path, reason: error.reason)
        }
        if let known = stamps[absolute], known.stamp == stamp { return known.digest }
        if let known = try await store?.sourceDigest(path: absolute, stamp: stamp) {
            stamps[absolute] = (stamp, known)
            return known
        }
        let digest = try await hash(absolute, path)
        // A file that changes while it is read has no digest; the next look will find it at rest.
        guard (try? FileHashing.stamp(absolute)) == stamp else {
            throw ReconcilerError.sourceChanged(path)
        }
        stamps[absolute] = (stamp, digest)
        if store?.isWriter == true {
            try await store?.rememberSource(path: absolute, stamp: stamp, digest: digest)
        }
        return digest
    }

    private func hash(_ absolute: String, _ path: RepositoryPath) async throws -> Digest {
        try await withCheckedThrowingContinuation { continuation in
            queue.async {
                continuation.resume(
                    with: Result {
                        do throws(FileHashing.Failure) {
                            return try FileHashing.digest(absolute)
                        } catch {
                            throw ReconcilerError.sourceUnreadable(path, reason: error.reason)
                        }
                    })
            }
        }
    }

    package func path(
        of file: RepositoryPath, digest: Digest, revision: Revision, folder: String
    ) async throws -> String {
        if let blob = blobs[digest] {
            let copy = folder + "/source"
            _ = try await repository.exportBlob(blob, toFile: copy)
            return copy
        }
        guard let dataDirectory else {
            throw ReconcilerError.sourceMissing(file, folder: "a data directory")
        }
        guard try await self.digest(ofFile: file, in: dataDirectory) == digest else {
            throw ReconcilerError.sourceChanged(file)
        }
        return dataDirectory + "/" + file.display
    }
}
