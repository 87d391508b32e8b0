import ResourceAPI
import SourceControl
import Synchronization

/// A repository whose branches all stand at one commit, chosen by whoever replays history.
final class PinnedRepository: Sendable {
    fileprivate let commit = Mutex<CommitID?>(nil)

    func pin(_ id: CommitID) {
        commit.withLock { $0 = id }
    }

    func over(_ repository: any Repository) -> any Repository {
        PinnedView(base: repository, pin: self)
    }
}

private struct PinnedView: Repository {
    let base: any Repository
    let pin: PinnedRepository

    private var pinned: CommitID? { pin.commit.withLock { $0 } }

    func resolve(branch: String) async throws(SourceControlError) -> CommitID? {
        if let pinned { return pinned }
        return try await base.resolve(branch: branch)
    }

    func tip(ofBranch branch: String) async throws(SourceControlError) -> CommitID {
        if let pinned { return pinned }
        return try await base.tip(ofBranch: branch)
    }

    func resolve(revision text: String) async throws(SourceControlError) -> CommitID {
        try await base.resolve(revision: text)
    }

    func branches() async throws(SourceControlError) -> [String] { try await base.branches() }

    func commit(_ id: CommitID) async throws(SourceControlError) -> CommitInfo {
        try await base.commit(id)
    }

    func contains(_ id: CommitID) async throws(SourceControlError) -> Bool {
        try await base.contains(id)
    }

    func treeID(of commit: CommitID) async throws(SourceControlError) -> TreeID {
        try await base.treeID(of: commit)
    }

    func files(
        at commit: CommitID, under folder: RepositoryPath, matching suffixes: [String]
    ) async throws(SourceControlError) -> TreeListing {
        try await base.files(at: commit, under: folder, matching: suffixes)
    }

    func file(
        at commit: CommitID, path: RepositoryPath
    ) async throws(SourceControlError) -> TreeFile? {
        try await base.file(at: commit, path: path)
    }

    func files(
        at commit: CommitID, paths: [RepositoryPath]
    ) async throws(SourceControlError) -> [RepositoryPath: TreeFile] {
        try await base.files(at: commit, paths: paths)
    }

    func blob(_ id: BlobID, limit: Int) async throws(SourceControlError) -> [UInt8] {
        try await base.blob(id, limit: limit)
    }

    func blobs(_ ids: [BlobID], limit: Int) async throws(SourceControlError) -> [[UInt8]] {
        try await base.blobs(ids, limit: limit)
    }

    func blobSize(_ id: BlobID) async throws(SourceControlError) -> Int {
        try await base.blobSize(id)
    }

    func hashBlob(_ id: BlobID) async throws(SourceControlError) -> ExportedBlob {
        try await base.hashBlob(id)
    }

    func exportBlob(
        _ id: BlobID, toFile path: String
    ) async throws(SourceControlError) -> ExportedBlob {
        try await base.exportBlob(id, toFile: path)
    }

    func changedFiles(
        from old: CommitID?, to new: CommitID, under folder: RepositoryPath,
        matching suffixes: [String]
    ) async throws(SourceControlError) -> [FileChange] {
        try await base.changedFiles(from: old, to: new, under: folder, matching: suffixes)
    }

    func blame(
        _ path: RepositoryPath, lines: ClosedRange<Int>, at commit: CommitID
    ) async throws(SourceControlError) -> [BlamedLine] {
        try await base.blame(path, lines: lines, at: commit)
    }

    func history(
        of path: RepositoryPath?, from commit: CommitID, limit: Int
    ) async throws(SourceControlError) -> [CommitInfo] {
        try await base.history(of: path, from: commit, limit: limit)
    }

    func isAncestor(_ a: CommitID, of b: CommitID) async throws(SourceControlError) -> Bool {
        try await base.isAncestor(a, of: b)
    }

    func mergeBase(_ a: CommitID, _ b: CommitID) async throws(SourceControlError) -> CommitID? {
        try await base.mergeBase(a, b)
    }

    func relation(
        from old: CommitID, to new: CommitID
    ) async throws(SourceControlError) -> HistoryRelation {
        try await base.relation(from: old, to: new)
    }
}
