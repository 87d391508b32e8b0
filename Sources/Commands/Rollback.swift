import Foundation
import Reconciler
import ResourceAPI
import SourceControl
import StateStore

/// A commit that takes a branch back: made in the object database, and not yet in the branch.
struct Rollback {
    let target: CommitInfo
    let commit: RevertCommit
    let author: CommitInfo.Person
    /// For a person who does it by hand.
    let commands: [String]
    /// The repository that the commit was made in: a local one, or the mirror.
    let source: ProjectSource
    private let reverter: Reverter
    private let path: String

    static func prepare(
        to revision: String?, _ options: RepositoryOptions, stateDirectory: String,
        store: StateStore, needsAuthor: Bool
    ) async throws -> Rollback {
        let url = try options.url
        let path = url.localPath ?? stateDirectory + "/repo.git"
        let source = try ProjectSource.open(options, stateDirectory: stateDirectory)
        let tip: CommitID
        if url.isLocal {
            tip = try await source.repository.tip(ofBranch: options.branch)
        } else {
            tip = try await Mirror(
                at: path, of: url, fetcher: try Remote.fetcher()
            ).update(branch: options.branch)
        }
        let id = try await target(revision, tip: tip, source, store)
        let target = try await source.repository.commit(id)
        let reverter = try Reverter(opening: path)
        let author = try await author(reverter, isNeeded: needsAuthor)
        let undone = try await source.repository.commit(tip)
        // One step back has git's own name.
        if undone.parents.first == id {
            return Rollback(
                target: target,
                commit: try await reverter.revert(tip, onto: tip, author: author), author: author,
                commands: RevertCommands.revert(tip, isMerge: undone.parents.count > 1),
                source: source, reverter: reverter, path: path)
        }
        return Rollback(
            target: target,
            commit: try await reverter.restore(
                source.projectPath, from: id, onto: tip, author: author), author: author,
            commands: RevertCommands.restore(
                source.projectPath, from: id, summary: target.summary), source: source,
            reverter: reverter, path: path)
    }

    /// What is only looked at may be nobody's.
    static func author(
        _ reverter: Reverter, isNeeded: Bool
    ) async throws -> CommitInfo.Person {
        let time = TimeText.now / 1000
        do throws(SourceControlError) {
            return try await reverter.author(
                environment: ProcessInfo.processInfo.environment, time: time)
        } catch {
            guard case .revert(.identityMissing) = error, !isNeeded else { throw error }
            return CommitInfo.Person(name: "nobody", email: "nobody@localhost", time: time)
        }
    }

    /// The newest commit that was reconciled without trouble and is not the branch's newest.
    private static func target(
        _ revision: String?, tip: CommitID, _ source: ProjectSource, _ store: StateStore
    ) async throws -> CommitID {
        if let revision { return try await source.repository.resolve(revision: revision) }
        let rows = try await store.revisions(limit: 1000)
        let before = rows.first {
            $0.state == .reconciled && $0.revision.commit != tip
        }
        guard let before else { throw CommandError.nothingBefore(tip) }
        return before.revision.commit
    }

    func publish(_ options: RepositoryOptions) async throws {
        let url = try options.url
        if url.isLocal {
            try await reverter.publish(commit, to: options.branch, author: author)
        } else {
            try await Remote.fetcher().push(
                commit.id, expecting: commit.tip, to: options.branch, of: url,
                mirrorPath: path)
        }
    }
}
