import CLibGit2
import Glibc
package import ResourceAPI

/// The controller's own bare copy of the watched repository. What was reconciled stays in it, even if
/// the source rewrites its history and collects its garbage: objects are copied, never borrowed
/// (no git alternates), and `refs/ingot/seen/<commit>` keeps every commit that was ever fetched, by
/// itself or as part of the history of another one.
///
/// Branches stand under their own names (`refs/heads/…`), as they were when last fetched; a branch
/// that was deleted at the source stays as it was.
package actor Mirror {
    private let executor: BlockingExecutor
    private var handle: GitHandle
    private let fetcher: FetchChild?
    package nonisolated let url: RepositoryURL
    /// Reads the mirror.
    package nonisolated let repository: GitRepository

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        executor.asUnownedSerialExecutor()
    }

    /// Opens the mirror, or makes it (mode 0700). Blocks for some milliseconds; fetches nothing.
    ///
    /// - Parameters:
    ///   - path: `<state>/repo.git`; the folder that it is in exists.
    ///   - fetcher: needed for https and ssh.
    /// - Throws: `mirrorUnusable`; for a local URL also what `GitRepository.init` throws, so that a
    ///   wrong path is an error at once.
    package init(
        at path: String, of url: RepositoryURL, fetcher: FetchChild?
    ) throws(SourceControlError) {
        if let source = url.localPath { _ = try GitHandle.open(source) }
        RepairFolders(mirror: path).finish()
        handle = try MirrorFolder.open(path)
        FolderRemoval.sweepTemporaries(handle.commonDirectory + "objects/")
        repository = try GitRepository(opening: path)
        executor = BlockingExecutor(label: "ingot.mirror")
        self.url = url
        self.fetcher = fetcher
    }

    /// Brings one branch up to date, wherever it went (force-pushes too: what a rewind means is for
    /// the caller to decide), and keeps its commit for ever.
    ///
    /// Not to be called again before it has returned: nothing breaks, but the work is done twice.
    ///
    /// - Returns: the newest commit; all of its history is in the mirror then.
    /// - Throws: on every error the mirror's branch is as it was.
    package func update(branch: String) async throws(SourceControlError) -> CommitID {
        guard RevisionText.isName(branch) else {
            throw SourceControlError.badBranchName(name: branch)
        }
        let commit = try await bring(branch, into: handle)
        // Room is made when there is something to gain, and never at the price of an update.
        let loose = LooseObjects(handle)
        if loose.areMany { try? loose.pack() }
        return commit
    }

    private func bring(
        _ branch: String, into target: GitHandle
    ) async throws(SourceControlError) -> CommitID {
        if let source = url.localPath { return try copy(branch, from: source, to: target) }
        guard let fetcher else {
            throw SourceControlError.fetcherMissing(url: url.description)
        }
        let commit = try await fetcher.fetch(url, branch: branch, mirrorPath: target.path)
        guard try target.contains(commit) else {
            throw SourceControlError.missingObject(kind: "commit", id: commit.hex)
        }
        return commit
    }

    private func copy(
        _ branch: String, from path: String, to target: GitHandle
    ) throws(SourceControlError) -> CommitID {
        // Opened anew each time: whoever watches must notice that the folder is another one now.
        let source = try GitHandle.open(path)
        let commit = try source.tip(ofBranch: branch)
        if try target.commit(ofReference: "refs/heads/" + branch) == commit { return commit }
        guard !source.isShallow else { throw SourceControlError.shallowRepository(path: path) }
        try ObjectCopy(from: source, to: target).copy(commit)
        try target.record(commit, asBranch: branch)
        return commit
    }

    /// Looks at everything in the mirror, and if something is damaged makes the mirror anew: from the
    /// source, and with what is still whole of the old one. To be called after an object could not be
    /// read, and not together with `update`. Takes as long as a first fetch.
    ///
    /// The damaged one stays beside it as `repo.git.damaged`.
    ///
    /// - Returns: nil if nothing is damaged here (it may be the source that is).
    /// - Throws: what `update` throws; the mirror is as it was then.
    package func repair(branch: String) async throws(SourceControlError) -> MirrorRepair? {
        guard let damage = IntegrityCheck(handle).damage() else { return nil }
        if damage == .cancelled { throw damage }
        let folders = RepairFolders(mirror: handle.path)
        try FolderRemoval.remove(folders.new)
        let new = try MirrorFolder.open(folders.new)
        _ = try await bring(branch, into: new)
        var lost: [CommitID] = []
        for commit in try handle.keptCommits().sorted() {
            if try !new.contains(commit), !rescue(commit, into: new) {
                lost.append(commit)
            } else {
                try new.keepAlive(commit)
            }
        }
        try folders.exchange()
        handle = try MirrorFolder.open(folders.mirror)
        try await repository.reopen()
        return MirrorRepair(damage: damage, lost: lost)
    }

    /// From the source, where it may be part of another branch, or from the damaged mirror.
    private func rescue(_ commit: CommitID, into new: GitHandle) -> Bool {
        var sources = [handle]
        if let path = url.localPath, let source = try? GitHandle.open(path), !source.isShallow {
            sources.insert(source, at: 0)
        }
        return sources.contains { source in
            (try? ObjectCopy(from: source, to: new).copy(commit)) != nil
        }
    }

    /// Removes the locks that a killed writer has left. Only for who alone may write to the mirror.
    package func sweepLocks() {
        FolderRemoval.sweepLocks(handle.commonDirectory)
    }

    /// Keeps a commit that is in the mirror, and all that it contains, for ever.
    package func keepAlive(_ commit: CommitID) throws(SourceControlError) {
        try handle.keepAlive(commit)
    }
}

extension GitHandle {
    /// First the keeper, then the branch: a crash between them leaves a commit too many, not one too
    /// few.
    func record(_ commit: CommitID, asBranch branch: String) throws(SourceControlError) {
        try keepAlive(commit)
        do throws(SourceControlError) {
            try setReference("refs/heads/" + branch, to: commit)
        } catch {
            // A branch `a` that is gone at the source stands in the way of `a/b`.
            let others = try branches().filter {
                $0.hasPrefix(branch + "/") || branch.hasPrefix($0 + "/")
            }
            guard !others.isEmpty else { throw error }
            for other in others {
                try removeReference("refs/heads/" + other)
            }
            try setReference("refs/heads/" + branch, to: commit)
        }
    }
}

/// The folder of a mirror.
enum MirrorFolder {
    static func open(_ path: String) throws(SourceControlError) -> GitHandle {
        try LibGit2.start()
        if access(path, F_OK) != 0 { try create(path) }
        do throws(SourceControlError) {
            return try GitHandle.open(path)
        } catch {
            throw SourceControlError.mirrorUnusable(path: path, problem: error.message)
        }
    }

    private static func create(_ path: String) throws(SourceControlError) {
        // Made here and not by libgit2, so that it is never readable for others, not for a moment.
        guard mkdir(path, 0o700) == 0 else {
            throw SourceControlError.mirrorUnusable(
                path: path, problem: String(cString: strerror(errno)))
        }
        var options = git_repository_init_options()
        try LibGit2.check(
            git_repository_init_options_init(
                &options, UInt32(GIT_REPOSITORY_INIT_OPTIONS_VERSION)), "make the mirror")
        options.flags = GIT_REPOSITORY_INIT_BARE.rawValue | GIT_REPOSITORY_INIT_NO_REINIT.rawValue
        let repository = try LibGit2.acquire("make the mirror \(path)") {
            git_repository_init_ext(&$0, path, &options)
        }
        git_repository_free(repository)
    }
}
