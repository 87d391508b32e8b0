import Foundation
import Glibc
import Reconciler
import ResourceAPI
import SourceControl
import StateStore

/// Reconciles the commits of a branch again, one after the other, in a new state directory.
struct Replay {
    private static let maximumCommits = 100_000

    /// First parents only, oldest first.
    let commits: [CommitID]
    /// Where the old state is now; nil if there was none.
    let movedTo: String?
    private let session: ControllerSession
    private let pinned: PinnedRepository
    private let branch: String

    /// Everything that git must give is fetched before anything is moved.
    static func prepare(
        _ options: RepositoryOptions, stateDirectory: String
    ) async throws -> Replay {
        try await StateMove.refuseIfRunning(stateDirectory)
        let reconciled = await reconciledCommits(options.branch, stateDirectory)
        let move = StateMove(stateDirectory)
        let commits: [CommitID]
        let movedTo: String?
        do {
            try move.makeNew()
            let url = try options.url
            let mirror = try Mirror(
                at: move.new + "/repo.git", of: url, fetcher: try Remote.fetcher(for: url))
            let tip = try await mirror.update(branch: options.branch)
            commits = try await firstParents(
                of: tip, mirror.repository, RepositoryPath(options.path), reconciled)
            // A fetch takes its time.
            try await StateMove.refuseIfRunning(stateDirectory)
            movedTo = try move.exchange()
        } catch {
            move.removeNew()
            throw error
        }
        return try await naming(movedTo) {
            let pinned = PinnedRepository()
            let session = try await ControllerSession.open(
                options, stateDirectory: stateDirectory, actor: NSUserName(), allowsPrune: true,
                hasTimes: false, stopsWhenSettled: true, reading: { pinned.over($0) })
            return Replay(
                commits: commits, movedTo: movedTo, session: session, pinned: pinned,
                branch: options.branch)
        }
    }

    func run() async throws {
        try await Self.naming(movedTo) {
            do {
                for (index, commit) in commits.enumerated() {
                    try await reconcile(commit, left: commits.count - index - 1)
                }
            } catch {
                await session.close()
                throw error
            }
            await session.close()
        }
    }

    /// Every error says where the old state is.
    private static func naming<Value>(
        _ movedTo: String?, _ body: () async throws -> Value
    ) async throws -> Value {
        do {
            return try await body()
        } catch {
            guard let movedTo else { throw error }
            throw CommandError.notRebuilt(reason: "\(error)", movedTo: movedTo)
        }
    }

    /// A commit that failed then fails again, and the next one is tried all the same.
    private func reconcile(_ commit: CommitID, left: Int) async throws {
        pinned.pin(commit)
        do {
            guard try await session.lookAtMirror() else { return }
            try await session.loop.run()
        } catch let error as ReconcilerError {
            throw CommandError.rebuiltHalfway(
                commit: commit, left: left, reason: error.message)
        }
    }

    /// Empty if the old state cannot tell: it is unreadable, or was rebuilt and has forgotten.
    private static func reconciledCommits(
        _ branch: String, _ stateDirectory: String
    ) async -> Set<CommitID> {
        guard let store = try? await StateStore.openReader(directory: stateDirectory) else {
            return []
        }
        let rebuilds = try? await store.events(EventFilter(kinds: [.rebuilt]), limit: 1)
        let found = try? await store.reconciledCommits(branch, limit: maximumCommits)
        try? await store.close()
        return rebuilds?.isEmpty ?? false ? Set(found ?? []) : []
    }

    private static func firstParents(
        of tip: CommitID, _ repository: GitRepository, _ folder: RepositoryPath,
        _ reconciled: Set<CommitID>
    ) async throws -> [CommitID] {
        var commits: [CommitID] = []
        var next: CommitID? = tip
        while let id = next, commits.count < maximumCommits {
            let parent = try await repository.commit(id).parents.first
            let isWanted =
                if !reconciled.isEmpty { reconciled.contains(id) } else {
                    try await !repository.changedFiles(
                        from: parent, to: id, under: folder, matching: []
                    ).isEmpty
                }
            if isWanted || id == tip { commits.append(id) }
            next = parent
        }
        return commits.reversed()
    }
}

/// The state directory as a whole, and the one that takes its place.
struct StateMove {
    /// Where the new one is prepared. What an earlier attempt has left there is removed.
    let new: String
    private let directory: String

    init(_ directory: String) {
        self.directory = directory
        new = directory + ".rebuilding"
    }

    static func refuseIfRunning(_ directory: String) async throws {
        guard ControllerPresence.isRunning(stateDirectory: directory) else { return }
        throw StateStoreError.inUse(directory: directory, process: nil)
    }

    func makeNew() throws {
        removeNew()
        do {
            try FileManager.default.createDirectory(
                atPath: new, withIntermediateDirectories: true)
        } catch {
            throw CommandError.notMoved(path: new, reason: error.localizedDescription)
        }
    }

    func removeNew() {
        try? FileManager.default.removeItem(atPath: new)
    }

    /// Puts the new one in place of the old one, which goes beside it, under a name that says when.
    ///
    /// - Returns: where the old one is now; nil if there was none.
    func exchange() throws -> String? {
        guard FileManager.default.fileExists(atPath: directory) else {
            try rename(new, to: directory)
            return nil
        }
        let target = "\(directory).before-rebuild-\(TimeText.now)"
        try rename(directory, to: target)
        do {
            try rename(new, to: directory)
        } catch {
            try rename(target, to: directory)
            throw error
        }
        return target
    }

    private func rename(_ path: String, to target: String) throws {
        guard Glibc.rename(path, target) == 0 else {
            throw CommandError.notMoved(path: path, reason: String(cString: strerror(errno)))
        }
    }
}
