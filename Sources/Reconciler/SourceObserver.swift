package import Planning
package import ResourceAPI
package import ResourceGraph
package import SourceControl
package import StateStore

/// Finds the local files that snapshots read: blobs of the commit, or files below a data root.
package actor SourceObserver: SourceFiles {
    /// Of one pattern.
    private static let filesMax = 10_000
    private let repository: any Repository
    private let projectPath: RepositoryPath
    private let committed: CommittedFiles
    private let data: DataFiles
    /// What the patterns stood for when they were looked at last, by the digest of all.
    private var collections: [Digest: [Member]] = [:]
    /// Files and patterns of the last commit looked at that are not part of it.
    private var outside: [RepositoryPath] = []
    private var roots: [RepositoryPath] = []

    private struct Member {
        let path: RepositoryPath
        let digest: Digest
    }

    /// - Parameters:
    ///   - dataDirectory: the folder that paths of data files are relative to; nil if only the
    ///     commit's files count.
    ///   - lfs: what git-lfs has fetched.
    ///   - store: keeps the hashes of large files from one start to the next; nil for commands that
    ///     only look.
    package init(
        repository: any Repository, projectPath: RepositoryPath, dataDirectory: String?,
        lfs: LFSStore = LFSStore(repository: nil), store: StateStore?
    ) {
        self.repository = repository
        self.projectPath = projectPath
        committed = CommittedFiles(repository: repository, lfs: lfs)
        data = DataFiles(directory: dataDirectory, store: store)
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
    /// - Returns: with the files and patterns that are not part of the commit.
    package func lookUp(
        _ graph: ResourceGraph, at commit: CommitID
    ) async throws -> (files: [RepositoryPath: SourceFile], outside: [RepositoryPath]) {
        let wanted = try await blobs(of: graph, at: commit)
        try await committed.prepare(wanted.values.flatMap { $0.map(\.blob) })
        var result: [RepositoryPath: SourceFile] = [:]
        var outside: [RepositoryPath] = []
        for (path, files) in wanted {
            if files.isEmpty {
                outside.append(path)
                result[path] = try await outsideFile(path, graph.project.dataRoots)
            } else if PathPattern(path) == nil, let file = files.first {
                result[path] = try await committed.state(of: file.blob, path)
            } else {
                result[path] = try await collection(path, files)
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

    /// The files and patterns that were not part of the commit observed last.
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

    package func files(
        of file: RepositoryPath, digest: Digest, revision: Revision, folder: String
    ) async throws -> [String: String] {
        guard PathPattern(file) != nil else {
            let member = Member(path: file, digest: digest)
            return ["file": try await path(of: member, copy: folder + "/source")]
        }
        guard let members = collections[digest] else { throw ReconcilerError.sourceChanged(file) }
        var result: [String: String] = [:]
        for (index, member) in members.enumerated() {
            result[member.path.display] = try await path(
                of: member, copy: "\(folder)/source-\(index)")
        }
        return result
    }

    private func path(of member: Member, copy: String) async throws -> String {
        if let path = try await committed.path(of: member.digest, member.path, copy: copy) {
            return path
        }
        return try await data.path(of: member.path, digest: member.digest)
    }
}

// MARK: - Looking

extension SourceObserver {
    /// What the commit has for each path or pattern that a dataset reads, with paths of the project.
    private func blobs(
        of graph: ResourceGraph, at commit: CommitID
    ) async throws -> [RepositoryPath: [TreeFile]] {
        var full: [RepositoryPath: RepositoryPath] = [:]
        var result: [RepositoryPath: [TreeFile]] = [:]
        for step in graph.steps.values where step.id.kind == .snapshot {
            for case .file(let path) in step.inputs.map(\.origin) {
                if let pattern = PathPattern(path) {
                    result[path] = try await matches(of: pattern, at: commit)
                } else {
                    full[path] = projectPath.appending(path.bytes)
                }
            }
        }
        let found = try await repository.files(at: commit, paths: Array(full.values))
        for (path, fullPath) in full { result[path] = found[fullPath].map { [$0] } ?? [] }
        return result
    }

    private func matches(
        of pattern: PathPattern, at commit: CommitID
    ) async throws -> [TreeFile] {
        let folder =
            pattern.folder.bytes.isEmpty
            ? projectPath : projectPath.appending(pattern.folder.bytes)
        let skipped = projectPath.bytes.isEmpty ? 0 : projectPath.bytes.count + 1
        return try await repository.files(at: commit, under: folder, matching: []).files.map {
            TreeFile(
                path: RepositoryPath(bytes: Array($0.path.bytes.dropFirst(skipped))),
                blob: $0.blob, isExecutable: $0.isExecutable)
        }.filter { pattern.matches($0.path) }.sorted { $0.path < $1.path }
    }

    private func collection(
        _ pattern: RepositoryPath, _ files: [TreeFile]
    ) async throws -> SourceFile {
        var members: [Member] = []
        for file in files {
            switch try await committed.state(of: file.blob, file.path) {
            case .present(let digest): members.append(Member(path: file.path, digest: digest))
            case .unreadable(let problem): return .unreadable(problem)
            }
        }
        return remember(members, of: pattern)
    }

    private func outsideFile(
        _ path: RepositoryPath, _ roots: [RepositoryPath]
    ) async throws -> SourceFile {
        do {
            guard let pattern = PathPattern(path) else {
                return .present(try await data.digest(of: path, in: roots))
            }
            var members: [Member] = []
            for file in try await data.matches(of: pattern, in: roots).prefix(Self.filesMax + 1) {
                members.append(
                    Member(path: file, digest: try await data.digest(of: file, in: roots)))
            }
            return remember(members, of: path)
        } catch let error as ReconcilerError {
            return .unreadable(error.message)
        }
    }

    /// The names are no part of the digest, only the order that they give.
    private func remember(_ members: [Member], of pattern: RepositoryPath) -> SourceFile {
        guard members.count <= Self.filesMax else {
            return .unreadable(
                ReconcilerError.tooManyMatches(pattern, limit: Self.filesMax).message)
        }
        let digest = JSONValue.object([
            "files": .array(members.map { .string($0.digest.description) })
        ]).digest
        collections[digest] = members
        return .present(digest)
    }
}
