package import ResourceAPI
package import SourceControl
import Synchronization

/// A git repository in memory: commits with parents, each with all its files. Its branch can be set
/// anywhere, or deleted. Ids follow from content, so equal histories have equal ids.
package final class SimulatedRepository: Repository {
    package struct Commit: Sendable {
        package let id: CommitID
        package let parents: [CommitID]
        package let author: String
        package let summary: String
        /// Seconds since 1970.
        package let time: Int64
        package let files: [RepositoryPath: [UInt8]]
    }

    private struct State: Sendable {
        var commits: [CommitID: Commit] = [:]
        var order: [CommitID] = []
        var blobs: [BlobID: [UInt8]] = [:]
        var branches: [String: CommitID] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    /// Adds a commit without moving a branch.
    ///
    /// - Throws: never for digests of 32 bytes, which have 20.
    @discardableResult
    package func commit(
        _ files: [RepositoryPath: [UInt8]], parents: [CommitID], author: String,
        summary: String, time: Int64
    ) throws(SourceControlError) -> CommitID {
        var content = DigestBuilder()
        for parent in parents { content.update(parent.bytes) }
        content.update(Array("\(author)\n\(summary)\n\(time)\n".utf8))
        var blobs: [BlobID: [UInt8]] = [:]
        for (path, bytes) in files.sorted(by: { $0.key < $1.key }) {
            let blob = try Self.blob(bytes)
            blobs[blob] = bytes
            content.update(path.bytes + [0] + blob.bytes)
        }
        guard let id = CommitID(bytes: Array(content.finish().bytes.prefix(20))) else {
            throw .notACommit(text: summary)
        }
        let commit = Commit(
            id: id, parents: parents, author: author, summary: summary, time: time, files: files
        )
        let added = blobs
        state.withLock { state in
            if state.commits[id] == nil { state.order.append(id) }
            state.commits[id] = commit
            state.blobs.merge(added) { _, new in new }
        }
        return id
    }

    /// - Parameter commit: nil deletes the branch.
    package func set(branch: String, to commit: CommitID?) {
        state.withLock { $0.branches[branch] = commit }
    }

    /// All commits ever made, oldest first.
    package var commits: [Commit] {
        state.withLock { state in state.order.compactMap { state.commits[$0] } }
    }

    /// The commit and its files.
    package func content(of id: CommitID) throws(SourceControlError) -> Commit {
        guard let commit = state.withLock({ $0.commits[id] }) else {
            throw .missingObject(kind: "commit", id: id.hex)
        }
        return commit
    }

    static func blob(_ bytes: [UInt8]) throws(SourceControlError) -> BlobID {
        let digest = Digest(hashing: Array("blob \(bytes.count)\u{0}".utf8) + bytes)
        guard let id = BlobID(bytes: Array(digest.bytes.prefix(20))) else {
            throw .missingObject(kind: "blob", id: digest.hex)
        }
        return id
    }

    // MARK: Branches

    package func resolve(branch: String) async throws(SourceControlError) -> CommitID? {
        state.withLock { $0.branches[branch] }
    }

    package func tip(ofBranch branch: String) async throws(SourceControlError) -> CommitID {
        guard let commit = try await resolve(branch: branch) else {
            throw .missingBranch(
                branch: branch, repository: "simulated", existing: try await branches())
        }
        return commit
    }

    package func resolve(revision text: String) async throws(SourceControlError) -> CommitID {
        if let commit = try await resolve(branch: text) { return commit }
        let found = state.withLock { $0.order.filter { $0.hex.hasPrefix(text) } }
        guard text.utf8.count >= 7, let only = found.first, found.count == 1 else {
            throw .unknownRevision(
                text: text, repository: "simulated", existing: try await branches())
        }
        return only
    }

    package func branches() async throws(SourceControlError) -> [String] {
        state.withLock { $0.branches.keys.sorted() }
    }

    // MARK: Commits and files

    package func commit(_ id: CommitID) async throws(SourceControlError) -> CommitInfo {
        try info(try content(of: id))
    }

    private func info(_ commit: Commit) throws(SourceControlError) -> CommitInfo {
        let person = CommitInfo.Person(
            name: commit.author, email: "\(commit.author)@example.org", time: commit.time)
        return CommitInfo(
            id: commit.id, parents: commit.parents, author: person, committer: person,
            summary: commit.summary, message: commit.summary)
    }

    package func contains(_ id: CommitID) async throws(SourceControlError) -> Bool {
        state.withLock { $0.commits[id] != nil }
    }

    package func treeID(of commit: CommitID) async throws(SourceControlError) -> TreeID {
        // Trees have no ids here.
        throw .missingObject(kind: "tree", id: commit.hex)
    }

    package func files(
        at commit: CommitID, under folder: RepositoryPath, matching suffixes: [String]
    ) async throws(SourceControlError) -> TreeListing {
        var files: [TreeFile] = []
        for (path, bytes) in try content(of: commit).files
        where Self.isWanted(path, folder, suffixes) {
            files.append(
                TreeFile(path: path, blob: try Self.blob(bytes), isExecutable: false))
        }
        var listing = TreeListing()
        listing.files = files.sorted { $0.path < $1.path }
        return listing
    }

    private static func isWanted(
        _ path: RepositoryPath, _ folder: RepositoryPath, _ suffixes: [String]
    ) -> Bool {
        (folder.bytes.isEmpty || path.isInside(folder))
            && (suffixes.isEmpty || suffixes.contains { path.hasSuffix($0) })
    }

    package func file(
        at commit: CommitID, path: RepositoryPath
    ) async throws(SourceControlError) -> TreeFile? {
        guard let bytes = try content(of: commit).files[path] else { return nil }
        return TreeFile(path: path, blob: try Self.blob(bytes), isExecutable: false)
    }

    package func files(
        at commit: CommitID, paths: [RepositoryPath]
    ) async throws(SourceControlError) -> [RepositoryPath: TreeFile] {
        var found: [RepositoryPath: TreeFile] = [:]
        for path in paths { found[path] = try await file(at: commit, path: path) }
        return found
    }

    package func blob(_ id: BlobID, limit: Int) async throws(SourceControlError) -> [UInt8] {
        guard let bytes = state.withLock({ $0.blobs[id] }) else {
            throw .missingObject(kind: "blob", id: id.hex)
        }
        guard bytes.count <= limit else {
            throw .blobTooLarge(id: id, size: bytes.count, limit: limit)
        }
        return bytes
    }

    package func blobs(
        _ ids: [BlobID], limit: Int
    ) async throws(SourceControlError) -> [[UInt8]] {
        var all: [[UInt8]] = []
        for id in ids { all.append(try await blob(id, limit: limit)) }
        return all
    }

    package func blobSize(_ id: BlobID) async throws(SourceControlError) -> Int {
        try await blob(id, limit: .max).count
    }

    package func exportBlob(
        _ id: BlobID, toFile path: String
    ) async throws(SourceControlError) -> ExportedBlob {
        throw .cannotWrite(
            path: path, problem: "a simulated repository writes no real files",
            isDiskFull: false)
    }
}

// MARK: - History

extension SimulatedRepository {
    package func changedFiles(
        from old: CommitID?, to new: CommitID, under folder: RepositoryPath,
        matching suffixes: [String]
    ) async throws(SourceControlError) -> [FileChange] {
        let before = try old.map { id throws(SourceControlError) in try content(of: id).files }
        let after = try content(of: new).files
        var changes: [FileChange] = []
        for path in Set((before ?? [:]).keys).union(after.keys).sorted()
        where Self.isWanted(path, folder, suffixes) && before?[path] != after[path] {
            let kind: FileChange.Kind =
                after[path] == nil ? .deleted : before?[path] == nil ? .added : .modified
            let blob = try after[path].map { bytes throws(SourceControlError) in
                try Self.blob(bytes)
            }
            changes.append(FileChange(path: path, kind: kind, blob: blob))
        }
        return changes
    }

    package func blame(
        _ path: RepositoryPath, lines: ClosedRange<Int>, at commit: CommitID
    ) async throws(SourceControlError) -> [BlamedLine] { [] }

    package func history(
        of path: RepositoryPath?, from commit: CommitID, limit: Int
    ) async throws(SourceControlError) -> [CommitInfo] {
        var result: [CommitInfo] = []
        for id in try ancestry(of: commit) where result.count < limit {
            let one = try content(of: id)
            if let path {
                let parent = try one.parents.first.map { parent throws(SourceControlError) in
                    try content(of: parent).files[path]
                }
                if (parent ?? nil) == one.files[path] { continue }
            }
            result.append(try info(one))
        }
        return result
    }

    /// The commit and all that it contains, nearest first.
    private func ancestry(of commit: CommitID) throws(SourceControlError) -> [CommitID] {
        var result: [CommitID] = []
        var seen: Set<CommitID> = [commit]
        var waiting = [commit]
        while !waiting.isEmpty {
            let next = waiting.removeFirst()
            result.append(next)
            for parent in try content(of: next).parents where seen.insert(parent).inserted {
                waiting.append(parent)
            }
        }
        return result
    }

    package func isAncestor(
        _ a: CommitID, of b: CommitID
    ) async throws(SourceControlError) -> Bool {
        _ = try content(of: a)
        return try ancestry(of: b).contains(a)
    }

    package func mergeBase(
        _ a: CommitID, _ b: CommitID
    ) async throws(SourceControlError) -> CommitID? {
        let own = Set(try ancestry(of: a))
        return try ancestry(of: b).first { own.contains($0) }
    }

    package func relation(
        from old: CommitID, to new: CommitID
    ) async throws(SourceControlError) -> HistoryRelation {
        if old == new { return .same }
        guard let base = try await mergeBase(old, new) else { return .unrelated }
        if base == old { return .forward }
        if base == new { return .rewound }
        return .diverged(base: base)
    }
}
