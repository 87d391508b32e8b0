import ArgumentParser
import Foundation
import Reconciler
import ResourceAPI
import SourceControl
import StateStore

struct ApproveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve", abstract: "Confirm a commit that is held back.",
        discussion: """
            A commit is held if it would remove more than the prune budget or a protected \
            resource, or if its branch was rewritten; `ingot status` shows it. Approving one of \
            these does not approve the other. Exit code 1 if the commit is not held.
            """)

    @OptionGroup var state: StateOptions
    @OptionGroup var format: OutputOptions

    @Argument(help: "The commit that is held: its id, or at least 7 digits of it.")
    var commit: String

    private struct View: Encodable {
        let commit: String
        let approved: String
        let why: String
        let wasApproved: Bool
        let hasController: Bool
    }

    func run() async throws {
        let store = try await StateStore.openReader(directory: state.directory)
        let mirror = try GitRepository(opening: state.directory + "/repo.git")
        let id = try await MirrorCommit.find(commit, in: mirror)
        guard let held = try await HeldCommit.find(id, in: store, mirror) else {
            throw CommandError.notHeld(id)
        }
        let what = try await held.obstacle(in: store, mirror)
        try await store.close()
        // Twice is once, and wakes the controller in any case.
        let answer = try await StateChange(directory: state.directory).make(
            .approve(commit: id, what: what, actor: NSUserName()))
        let isNew = answer.reply == .done && !held.isApproved
        let view = View(
            commit: id.hex, approved: what, why: held.why, wasApproved: !isNew,
            hasController: answer.hasController)
        let next =
            answer.hasController
            ? "" : "no controller is running: `ingot apply` or `ingot run` follows it\n"
        try format.write(
            view,
            text: "\(isNew ? "approved" : "was approved already"): \(held.why)\n" + next)
    }
}

/// A commit that the controller would not follow without being told.
struct HeldCommit {
    let commit: CommitID
    /// As the controller said it, in one line.
    let why: String
    /// Of the event that tells of it.
    let sequence: Int64
    /// It was approved since it was held.
    let isApproved: Bool

    /// Nil if it is not held now: it never was, it was taken up since, or the branch has gone on.
    static func find(
        _ commit: CommitID, in store: StateStore, _ mirror: GitRepository
    ) async throws -> HeldCommit? {
        let moves = try await store.events(
            EventFilter(kinds: [.revisionHeld, .revisionObserved]), limit: 1)
        guard let held = moves.first, held.event.kind == .revisionHeld,
            held.event.origin.commit == commit,
            let pointer = try await store.revisions(limit: 1).first?.revision.pointer,
            try await mirror.resolve(branch: pointer) == commit
        else { return nil }
        let approvals = try await store.events(
            EventFilter(kinds: [.approved], commit: commit, after: held.sequence), limit: 1)
        return HeldCommit(
            commit: commit, why: held.event.result, sequence: held.sequence,
            isApproved: !approvals.isEmpty)
    }

    /// What of it has to be approved: one of the words in `Approval`. The controller looks at the
    /// history first, and at what the commit removes once that is approved.
    func obstacle(in store: StateStore, _ mirror: GitRepository) async throws -> String {
        guard let pointer = try await store.revisions(limit: 1).first?.revision.pointer,
            let before = try await store.lastReconciledCommit(pointer), before != commit,
            try await mirror.contains(before),
            try await !store.approvals(of: commit).contains(Approval.history)
        else { return Approval.prune }
        switch try await mirror.relation(from: before, to: commit) {
        case .same, .forward: return Approval.prune
        case .rewound, .diverged, .unrelated: return Approval.history
        }
    }
}
