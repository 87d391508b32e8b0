import Foundation
import Manifests
import Reconciler
import ResourceAPI
import ResourceGraph
import SourceControl

/// The commit that says in `ingot.lock` which rows are meant.
struct SnapshotCommit {
    /// Where it goes.
    enum Target {
        /// The branch that is watched.
        case branch
        /// A new one, for people to look at.
        case proposal(String)
    }

    private static let attempts = 3

    let options: RepositoryOptions
    let stateDirectory: String
    let taken: [SnapshotTaking.Taken]
    /// Nil finds it as git would.
    let author: CommitInfo.Person?

    /// Makes and publishes it on top of the branch as it is by then.
    ///
    /// - Returns: nil if the branch says the same already.
    func publish(to target: Target) async throws -> CommitID? {
        for attempt in 1... {
            do {
                return try await publishOnce(to: target)
            } catch let error as SourceControlError where error.isBranchMoved {
                // Somebody else was quicker, and what they wrote may concern other files.
                guard attempt < Self.attempts else { throw error }
            }
        }
        return nil
    }

    private func publishOnce(to target: Target) async throws -> CommitID? {
        let url = try options.url
        let path = url.localPath ?? stateDirectory + "/repo.git"
        let tip = try await BranchTip.newest(options, stateDirectory: stateDirectory)
        let source = try ProjectSource.open(options, stateDirectory: stateDirectory)
        let compiled = try await source.reader(nil).compile(tip)
        guard compiled.snapshots.isReadable else { throw CommandError.lockUnreadable }
        let lock = merged(compiled)
        guard lock != compiled.snapshots else { return nil }
        let reverter = try Reverter(opening: path)
        let person: CommitInfo.Person
        if let author {
            person = author
        } else {
            person = try await Rollback.author(reverter, isNeeded: true)
        }
        let commit = try await reverter.write(
            SnapshotLockFile.bytes(of: lock),
            to: source.projectPath.appending(SnapshotLock.path.bytes), message: message,
            onto: tip, author: person)
        switch (target, url.isLocal) {
        case (.branch, true):
            try await reverter.publish(commit, to: options.branch, author: person)
        case (.proposal(let name), true): try await reverter.propose(commit, as: name)
        case (.branch, false):
            try await Remote.fetcher().push(
                commit.id, expecting: tip, to: options.branch, of: url, mirrorPath: path)
        case (.proposal(let name), false):
            try await Remote.fetcher().push(
                commit.id, expecting: tip, to: name, of: url, creates: true, mirrorPath: path)
        }
        return commit.id
    }

    /// Without entries of datasets that are not there any more.
    func merged(_ compiled: CompiledCommit) -> SnapshotLock {
        var lock = compiled.snapshots
        for one in taken where one.isChanged { lock.entries[one.dataset.name] = one.entry }
        for name in lock.entries.keys {
            let id = ResourceID(.dataset, name)
            if compiled.graph.resources[id] == nil, !compiled.invalid.contains(id),
                compiled.diagnostics.allSatisfy({ $0.severity != .error })
            {
                lock.entries[name] = nil
            }
        }
        return lock
    }

    private var message: String {
        let names = taken.filter(\.isChanged).map(\.dataset.name.text)
        let shown = names.prefix(3).joined(separator: ", ")
        let more = names.count > 3 ? " and \(names.count - 3) more" : ""
        let lines = taken.filter(\.isChanged).map { one in
            let rows = one.rows.map { ", \(Plural.count(Int($0), "row"))" } ?? ""
            let version = one.entry.version.map { ", \($0)" } ?? ""
            let rest = rows + version + one.newColumnsText
            return "\(one.dataset.name): \(one.entry.digest.short)\(rest)\n"
        }
        return "Snapshot \(shown)\(more)\n\n" + lines.joined()
    }
}

/// Where a branch is.
enum BranchTip {
    /// Of a server: fetched into the mirror.
    static func newest(
        _ options: RepositoryOptions, stateDirectory: String
    ) async throws -> CommitID {
        let url = try options.url
        guard !url.isLocal else {
            return try await ProjectSource.open(options, stateDirectory: stateDirectory)
                .repository.tip(ofBranch: options.branch)
        }
        return try await Mirror(
            at: stateDirectory + "/repo.git", of: url, fetcher: try Remote.fetcher()
        ).update(branch: options.branch)
    }
}

extension SourceControlError {
    fileprivate var isBranchMoved: Bool {
        switch self {
        case .revert(.branchMoved): true
        case .pushRefused(_, let problem): problem.code == "BranchMoved"
        default: false
        }
    }
}
