import Foundation
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

    static func prepare(
        _ options: RepositoryOptions, stateDirectory: String
    ) async throws -> Replay {
        let reconciled = await reconciledCommits(options.branch, stateDirectory)
        try await StateMove.refuseIfRunning(stateDirectory)
        let url = try options.url
        // The branch must be there before anything is moved.
        if let path = url.localPath {
            _ = try await GitRepository(opening: path).tip(ofBranch: options.branch)
        }
        let movedTo = try StateMove.aside(stateDirectory)
        let pinned = PinnedRepository()
        let session = try await ControllerSession.open(
            options, stateDirectory: stateDirectory, actor: NSUserName(), allowsPrune: true,
            hasTimes: false, stopsWhenSettled: true, reading: { pinned.over($0) })
        do {
            let tip = try await session.mirror.update(branch: options.branch)
            let commits = try await firstParents(
                of: tip, session.mirror.repository, RepositoryPath(options.path), reconciled)
            return Replay(
                commits: commits, movedTo: movedTo, session: session, pinned: pinned,
                branch: options.branch)
        } catch {
            await session.close()
            throw error
        }
    }

    func run() async throws {
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

/// The state directory as a whole.
enum StateMove {
    static func refuseIfRunning(_ directory: String) async throws {
        guard ControllerPresence.isRunning(stateDirectory: directory) else { return }
        throw StateStoreError.inUse(directory: directory, process: nil)
    }

    /// Beside itself, under a name that says when.
    ///
    /// - Returns: the new path; nil if there was nothing.
    static func aside(_ directory: String) throws -> String? {
        guard FileManager.default.fileExists(atPath: directory) else { return nil }
        let target = "\(directory).before-rebuild-\(TimeText.now)"
        try FileManager.default.moveItem(atPath: directory, toPath: target)
        return target
    }
}
