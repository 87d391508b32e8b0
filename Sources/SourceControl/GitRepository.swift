package import ResourceAPI

/// A git repository on this machine, bare or not, read through libgit2.
///
/// An actor on its own queue: libgit2 blocks, and calls wait for each other, never for the
/// cooperative pool. Open a second one where two things shall be read at the same time.
package actor GitRepository: Repository {
    private let executor: BlockingExecutor
    private var handle: GitHandle
    /// As it was named, for messages.
    package nonisolated let path: String
    package nonisolated let isBare: Bool
    /// The working tree's root, absolute and with a slash at its end; nil if there is none.
    package nonisolated let workingDirectory: String?
    /// The folder with objects and refs; of a linked working tree, the main repository's.
    package nonisolated let commonDirectory: String

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        executor.asUnownedSerialExecutor()
    }

    /// Opens the repository in a folder. Blocks for about 0.1 ms.
    ///
    /// - Parameter searchesParents: also accept a folder somewhere inside of a working tree.
    /// - Throws: `pathMissing`, `notARepository`, `foreignOwner` (owned by another user),
    ///   `unreadable`, `unsupportedRepository`.
    package init(opening path: String, searchesParents: Bool = false) throws(SourceControlError) {
        let handle = try GitHandle.open(path, searchesParents: searchesParents)
        self.path = path
        isBare = handle.isBare
        workingDirectory = handle.workingDirectory
        commonDirectory = handle.commonDirectory
        executor = BlockingExecutor(label: "ingot.git")
        self.handle = handle
    }

    /// After the folder became another repository.
    package func reopen() throws(SourceControlError) {
        handle = try GitHandle.open(handle.path)
    }

    package func resolve(branch: String) throws(SourceControlError) -> CommitID? {
        try handle.resolve(branch: branch)
    }

    package func tip(ofBranch branch: String) throws(SourceControlError) -> CommitID {
        try handle.tip(ofBranch: branch)
    }

    package func resolve(revision text: String) throws(SourceControlError) -> CommitID {
        try handle.resolve(revision: text)
    }

    package func branches() throws(SourceControlError) -> [String] {
        try handle.branches()
    }

    package func commit(_ id: CommitID) throws(SourceControlError) -> CommitInfo {
        try handle.commit(id)
    }

    package func contains(_ id: CommitID) throws(SourceControlError) -> Bool {
        try handle.contains(id)
    }

    package func treeID(of commit: CommitID) throws(SourceControlError) -> TreeID {
        TreeID(try handle.treeID(of: commit))
    }

    package func files(
        at commit: CommitID, under folder: RepositoryPath, matching suffixes: [String]
    ) throws(SourceControlError) -> TreeListing {
        try handle.files(at: commit, under: folder, matching: suffixes)
    }

    package func file(
        at commit: CommitID, path: RepositoryPath
    ) throws(SourceControlError) -> TreeFile? {
        try handle.file(at: commit, path: path)
    }

    package func blob(_ id: BlobID, limit: Int) throws(SourceControlError) -> [UInt8] {
        try handle.blob(id, limit: limit)
    }

    package func blobs(_ ids: [BlobID], limit: Int) throws(SourceControlError) -> [[UInt8]] {
        try handle.blobs(ids, limit: limit)
    }

    package func blobSize(_ id: BlobID) throws(SourceControlError) -> Int {
        try handle.blobSize(id)
    }

    package func hashBlob(_ id: BlobID) throws(SourceControlError) -> ExportedBlob {
        try handle.hashBlob(id)
    }

    package func exportBlob(
        _ id: BlobID, toFile path: String
    ) throws(SourceControlError) -> ExportedBlob {
        try handle.exportBlob(id, toFile: path)
    }

    package func files(
        at commit: CommitID, paths: [RepositoryPath]
    ) throws(SourceControlError) -> [RepositoryPath: TreeFile] {
        try handle.files(at: commit, paths: paths)
    }

    package func changedFiles(
        from old: CommitID?, to new: CommitID, under folder: RepositoryPath,
        matching suffixes: [String]
    ) throws(SourceControlError) -> [FileChange] {
        try handle.changedFiles(from: old, to: new, under: folder, matching: suffixes)
    }

    package func blame(
        _ path: RepositoryPath, lines: ClosedRange<Int>, at commit: CommitID
    ) throws(SourceControlError) -> [BlamedLine] {
        try handle.blame(path, lines: lines, at: commit)
    }

    package func history(
        of path: RepositoryPath?, from commit: CommitID, limit: Int
    ) throws(SourceControlError) -> [CommitInfo] {
        try handle.history(of: path, from: commit, limit: limit)
    }

    package func isAncestor(
        _ a: CommitID, of b: CommitID
    ) throws(SourceControlError) -> Bool {
        try handle.isAncestor(a, of: b)
    }

    package func mergeBase(
        _ a: CommitID, _ b: CommitID
    ) throws(SourceControlError) -> CommitID? {
        try handle.mergeBase(a, b)
    }

    package func relation(
        from old: CommitID, to new: CommitID
    ) throws(SourceControlError) -> HistoryRelation {
        try handle.relation(from: old, to: new)
    }
}
