package import Planning
package import ResourceAPI
package import ResourceGraph
package import SourceControl

/// Finds the commit and the author behind each reason: by blame of the field's line, or by the
/// last change of a data file that is in the repository.
package actor HistoryAttribution: ReasonAttribution {
    private struct FileKey: Hashable {
        let path: RepositoryPath
        let commit: CommitID
    }

    /// Files whose blame is kept: a commit's steps mostly ask for lines of the same few.
    private static let kept = 64
    private static let maximumBytes = 4 << 20
    private let repository: any Repository
    private let projectPath: RepositoryPath
    private let graph: @Sendable (CommitID) async -> ResourceGraph?
    private var blamed: [FileKey: [BlamedLine]] = [:]

    /// - Parameter graph: of a commit that was compiled already.
    package init(
        repository: any Repository, projectPath: RepositoryPath,
        graph: @escaping @Sendable (CommitID) async -> ResourceGraph?
    ) {
        self.repository = repository
        self.projectPath = projectPath
        self.graph = graph
    }

    package func attribute(_ reasons: [Reason], at revision: Revision) async -> [Reason] {
        guard !reasons.isEmpty, let graph = await graph(revision.commit) else { return reasons }
        var result: [Reason] = []
        for reason in reasons {
            var attributed = reason
            attributed.change = await change(behind: reason, in: graph, at: revision.commit)
            result.append(attributed)
        }
        return result
    }

    /// Nil if history does not tell: an explanation is missing then, but nothing else is lost.
    private func change(
        behind reason: Reason, in graph: ResourceGraph, at commit: CommitID
    ) async -> Reason.Change? {
        guard let id = reason.resource, let resource = graph.resources[id] else { return nil }
        switch reason.kind {
        case .fieldChanged:
            guard let field = reason.field else { return nil }
            if Self.isOfLock(FieldPath(field), of: resource) {
                return await lastChange(of: SnapshotLock.path, at: commit)
            }
            return await blame(resource.location(of: FieldPath(field)), at: commit)
        case .firstRun:
            return await blame(resource.location(of: FieldPath("kind")), at: commit)
        case .inputChanged:
            guard case .file(let source)? = resource.dataset?.source else { return nil }
            return await lastChange(of: source.path, at: commit)
        case .inputPending, .columnsChanged, .runtimeChanged, .recipeVersionChanged,
            .artifactMissing, .refreshDue, .retry:
            return nil
        }
    }

    /// What is in a recipe because `ingot.lock` says it.
    static func isOfLock(_ field: FieldPath, of resource: Resource) -> Bool {
        let path = field.components.dropFirst()
        if path == [.key("pinned")] { return true }
        guard let dataset = resource.dataset, dataset.source.isOutside,
            path.first == .key("expectations"), path.count > 2,
            case .index(let index) = path[path.startIndex + 1],
            dataset.expectations.indices.contains(index)
        else { return false }
        let expectation = dataset.expectations[index]
        return switch path[path.startIndex + 2] {
        case .key("source"): true
        case .key("asOf"): expectation.isComparedToObservation
        default: false
        }
    }

    private func blame(_ place: SourceLocation, at commit: CommitID) async -> Reason.Change? {
        let lines = await blame(place.file, at: commit)
        guard lines.indices.contains(place.line - 1) else { return nil }
        let found = lines[place.line - 1].commit
        return Reason.Change(
            commit: found.id, author: found.author.name, summary: found.summary,
            place: "\(place.file.display):\(place.line)")
    }

    /// All lines of a file. Empty if history does not tell.
    private func blame(_ path: RepositoryPath, at commit: CommitID) async -> [BlamedLine] {
        let key = FileKey(path: path, commit: commit)
        if let known = blamed[key] { return known }
        if blamed.count >= Self.kept { blamed = [:] }
        guard let file = try? await repository.file(at: commit, path: path),
            let bytes = try? await repository.blob(file.blob, limit: Self.maximumBytes),
            let last = bytes.last
        else { return [] }
        let newline = UInt8(ascii: "\n")
        let count = bytes.count { $0 == newline } + (last == newline ? 0 : 1)
        let lines = (try? await repository.blame(path, lines: 1...count, at: commit)) ?? []
        blamed[key] = lines
        return lines
    }

    private func lastChange(
        of path: RepositoryPath, at commit: CommitID
    ) async -> Reason.Change? {
        let full = projectPath.appending(path.bytes)
        let commits = try? await repository.history(of: full, from: commit, limit: 1)
        guard let found = commits?.first else { return nil }
        return Reason.Change(
            commit: found.id, author: found.author.name, summary: found.summary,
            place: full.display)
    }
}
