package import ResourceAPI

/// A git repository that can be read. Nothing is ever checked out: files are read from the object
/// database, so no path of a commit becomes a path on the disk.
package protocol Repository: Sendable {
    /// The newest commit of a branch; nil if there is no such branch (or it has no commits yet).
    func resolve(branch: String) async throws(SourceControlError) -> CommitID?
    /// The same, with an error that says which branches there are.
    func tip(ofBranch branch: String) async throws(SourceControlError) -> CommitID
    /// What a person typed: a commit id (7 digits or more), a branch, a tag, or HEAD.
    func resolve(revision text: String) async throws(SourceControlError) -> CommitID
    /// All local branches, sorted.
    func branches() async throws(SourceControlError) -> [String]

    func commit(_ id: CommitID) async throws(SourceControlError) -> CommitInfo
    /// Whether the commit is there and readable.
    func contains(_ id: CommitID) async throws(SourceControlError) -> Bool
    func treeID(of commit: CommitID) async throws(SourceControlError) -> TreeID
    /// The files in and below a folder (the empty path is the root) whose names end in one of the
    /// suffixes; no suffix means all files. Sorted by git's order. A folder that does not exist has
    /// no files.
    func files(
        at commit: CommitID, under folder: RepositoryPath, matching suffixes: [String]
    ) async throws(SourceControlError) -> TreeListing
    /// Nil if there is no such regular file.
    func file(
        at commit: CommitID, path: RepositoryPath
    ) async throws(SourceControlError) -> TreeFile?
    /// Those of the paths that are regular files: every folder is opened once, which costs much less
    /// than asking for one after the other.
    func files(
        at commit: CommitID, paths: [RepositoryPath]
    ) async throws(SourceControlError) -> [RepositoryPath: TreeFile]

    /// - Throws: `blobTooLarge` before anything is read if it has more than `limit` bytes.
    func blob(_ id: BlobID, limit: Int) async throws(SourceControlError) -> [UInt8]
    /// Many at once, in the order of `ids`; `limit` holds for each of them.
    func blobs(_ ids: [BlobID], limit: Int) async throws(SourceControlError) -> [[UInt8]]
    func blobSize(_ id: BlobID) async throws(SourceControlError) -> Int
    /// What `exportBlob` would say, without a file.
    func hashBlob(_ id: BlobID) async throws(SourceControlError) -> ExportedBlob
    /// Writes the content to a new file (it must not exist) with mode 0600, and hashes it. Nothing
    /// is left behind on an error. The file is not synced: whoever publishes it does that.
    func exportBlob(
        _ id: BlobID, toFile path: String
    ) async throws(SourceControlError) -> ExportedBlob

    /// What differs between two commits' files in and below a folder (the empty path is the root),
    /// sorted by path. Renames are a deletion and an addition. Nil compares with an empty repository.
    /// Folders that are equal are not read, so that the cost grows with the size of the folders on
    /// the way to what has changed.
    ///
    /// - Parameter suffixes: of regular files' names; none means all. What is or was no regular file
    ///   (a link, a submodule, an unusable name) is in the result under any name.
    func changedFiles(
        from old: CommitID?, to new: CommitID, under folder: RepositoryPath,
        matching suffixes: [String]
    ) async throws(SourceControlError) -> [FileChange]
    /// The commit that last changed each of the lines, as `git blame` says. Lines count from 1.
    func blame(
        _ path: RepositoryPath, lines: ClosedRange<Int>, at commit: CommitID
    ) async throws(SourceControlError) -> [BlamedLine]
    /// Commits that `commit` contains, newest first; with a path, those that changed it (merges only
    /// if they differ from all their parents there).
    func history(
        of path: RepositoryPath?, from commit: CommitID, limit: Int
    ) async throws(SourceControlError) -> [CommitInfo]
    /// Whether `b` contains `a`; a commit contains itself.
    func isAncestor(_ a: CommitID, of b: CommitID) async throws(SourceControlError) -> Bool
    /// Nil if the histories are unrelated.
    func mergeBase(_ a: CommitID, _ b: CommitID) async throws(SourceControlError) -> CommitID?
    /// What happened to a branch that was at `old` and is at `new`.
    ///
    /// - Throws: `missingObject` if one of the two is not there.
    func relation(
        from old: CommitID, to new: CommitID
    ) async throws(SourceControlError) -> HistoryRelation
}

extension Repository {
    /// What differs between all files of two commits.
    package func changedFiles(
        from old: CommitID?, to new: CommitID
    ) async throws(SourceControlError) -> [FileChange] {
        try await changedFiles(
            from: old, to: new, under: RepositoryPath(bytes: []), matching: [])
    }
}

/// The regular files of a commit's folder, and what else was there.
package struct TreeListing: Hashable, Sendable {
    package var files: [TreeFile] = []
    /// Symbolic links, submodules and unusable names in and below the folder: never followed, never
    /// read, to be reported once.
    package var ignored: [IgnoredEntry] = []

    package init(files: [TreeFile] = [], ignored: [IgnoredEntry] = []) {
        self.files = files
        self.ignored = ignored
    }
}

/// A regular file in a commit.
package struct TreeFile: Hashable, Sendable {
    package let path: RepositoryPath
    package let blob: BlobID
    package let isExecutable: Bool

    package init(path: RepositoryPath, blob: BlobID, isExecutable: Bool) {
        self.path = path
        self.blob = blob
        self.isExecutable = isExecutable
    }
}

/// Something in a commit that is not a file to read.
package struct IgnoredEntry: Hashable, Sendable {
    package enum Reason: String, Hashable, Sendable {
        case symbolicLink
        case submodule
        /// The name would escape on some file system (`.git`, `..`), or holds `\`, `:`, `%` or
        /// control bytes.
        case unsafeName
        case unknownMode
    }

    package let path: RepositoryPath
    package let reason: Reason

    package init(path: RepositoryPath, reason: Reason) {
        self.path = path
        self.reason = reason
    }
}

/// One difference between two commits.
package struct FileChange: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable {
        case added
        case modified
        case deleted
        /// For example a file that became a symbolic link.
        case typeChanged
    }

    package let path: RepositoryPath
    package let kind: Kind
    /// The content in the newer commit; nil if there is no regular file with a usable name.
    package let blob: BlobID?

    package init(path: RepositoryPath, kind: Kind, blob: BlobID?) {
        self.path = path
        self.kind = kind
        self.blob = blob
    }
}

/// One line of a file and where it comes from.
package struct BlamedLine: Hashable, Sendable {
    /// In the file as it is now; counts from 1.
    package let line: Int
    package let commit: CommitInfo
    /// What the file was called in that commit, and the line's number there.
    package let originalPath: RepositoryPath
    package let originalLine: Int

    package init(
        line: Int, commit: CommitInfo, originalPath: RepositoryPath, originalLine: Int
    ) {
        self.line = line
        self.commit = commit
        self.originalPath = originalPath
        self.originalLine = originalLine
    }
}

extension Repository {
    package func hashBlob(_ id: BlobID) async throws(SourceControlError) -> ExportedBlob {
        let bytes = try await blob(id, limit: GitHandle.maxExportedBytes)
        return ExportedBlob(digest: Digest(hashing: bytes), size: bytes.count)
    }
}

/// What `exportBlob` wrote.
package struct ExportedBlob: Hashable, Sendable {
    package let digest: Digest
    package let size: Int

    package init(digest: Digest, size: Int) {
        self.digest = digest
        self.size = size
    }
}
