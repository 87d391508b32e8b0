import Reconciler
import ResourceAPI
import SourceControl
import StateStore

/// How far the controller is with a commit.
struct RevisionLook {
    /// How long another commit must be in force before it counts as having replaced the one that is
    /// waited for: a branch may just be on its way back to it.
    private static let graceMilliseconds: Int64 = 2000
    private static let maximumRows = 1000

    /// Digits of a commit's id; nil: the newest that was seen.
    let wanted: String?
    let stateDirectory: String
    let skipsServing: Bool
    private var supersededSince: Int64?
    private var mirror: GitRepository?
    /// The newest commit whose history was searched for the wanted one.
    private var searched: CommitID?

    enum Verdict {
        case ready(String)
        case stalled(String)
        case held(String)
        case superseded(String)
        case waiting(String)
    }

    init(wanted: String?, stateDirectory: String, skipsServing: Bool) {
        self.wanted = wanted
        self.stateDirectory = stateDirectory
        self.skipsServing = skipsServing
    }

    /// - Parameter now: milliseconds of a clock that nobody can set.
    mutating func verdict(now: Int64) async throws -> Verdict {
        let store: StateStore
        do throws(StateStoreError) {
            store = try await StateStore.openReader(directory: stateDirectory)
        } catch {
            switch error {
            // The controller may just be about to make it.
            case .stateMissing: return .waiting("no state yet")
            // Or in the middle of making it, or of an upgrade.
            case .olderSchema where ControllerPresence.isRunning(stateDirectory: stateDirectory):
                return .waiting("the state is being brought up to date")
            default: throw error
            }
        }
        let verdict = try await verdict(store, now: now)
        try await store.close()
        return verdict
    }

    private mutating func verdict(_ store: StateStore, now: Int64) async throws -> Verdict {
        guard let newest = try await store.revisions(limit: 1).first else {
            return waitingForTheFirst()
        }
        guard let wanted, !newest.revision.commit.hex.hasPrefix(wanted) else {
            supersededSince = nil
            return try await verdict(of: newest, store)
        }
        if let held = try await held(wanted, store) { return held }
        guard try await isReplaced(wanted, by: newest, store) else {
            supersededSince = nil
            return .waiting(
                RunFile.trouble(in: stateDirectory) ?? "the revision was not seen yet")
        }
        let since = supersededSince ?? now
        supersededSince = since
        let text = "\(newest.revision.short) was reconciled instead of \(wanted.prefix(7))"
        return now - since >= Self.graceMilliseconds ? .superseded(text) : .waiting(text)
    }

    private func waitingForTheFirst() -> Verdict {
        .waiting(RunFile.trouble(in: stateDirectory) ?? "no revision was seen yet")
    }

    // MARK: Another commit is in force

    private func held(_ wanted: String, _ store: StateStore) async throws -> Verdict? {
        let events = try await store.events(
            EventFilter(kinds: [.revisionHeld, .approved, .revisionObserved]), limit: 100)
        // The newest thing that was said about any commit is about this one, and that it is held.
        guard let last = events.first, last.event.kind == .revisionHeld,
            last.event.origin.commit?.hex.hasPrefix(wanted) ?? false
        else { return nil }
        return .held(last.event.result + "\nhint: `ingot approve \(wanted.prefix(7))` confirms it")
    }

    /// It was in force before, or the controller went past it.
    private mutating func isReplaced(
        _ wanted: String, by newest: RevisionRecord, _ store: StateStore
    ) async throws -> Bool {
        if searched == newest.revision.commit { return supersededSince != nil }
        let rows = try await store.revisions(limit: Self.maximumRows)
        let isKnown = rows.contains { $0.revision.commit.hex.hasPrefix(wanted) }
        searched = newest.revision.commit
        if isKnown { return true }
        if mirror == nil { mirror = try? GitRepository(opening: stateDirectory + "/repo.git") }
        guard let mirror, let commit = try? await mirror.resolve(revision: wanted) else {
            return false
        }
        return (try? await mirror.isAncestor(commit, of: newest.revision.commit)) ?? false
    }

    // MARK: It is the newest

    private func verdict(
        of newest: RevisionRecord, _ store: StateStore
    ) async throws -> Verdict {
        switch newest.state {
        case .reconciled: return try await verdict(ofReconciled: newest, store)
        case .failed:
            let statuses = try await store.statuses()
            let bad =
                statuses.first { $0.status.health == .degraded }
                ?? statuses.first {
                    $0.status.health == .suspended && $0.status.sync == .outOfSync
                }
            return .stalled(
                bad.map { "\($0.resource): \($0.status.message)" }
                    ?? newest.diagnostics.first?.text ?? "see `ingot status`")
        default:
            return .waiting("still reconciling")
        }
    }

    private func verdict(
        ofReconciled newest: RevisionRecord, _ store: StateStore
    ) async throws -> Verdict {
        let unready = try await store.statuses()
            .filter { $0.status.conditions.first?.status != .yes }
            .filter { !skipsServing || $0.resource.kind != .deployment }
        if let stuck = unready.first(where: { isStalled($0) }) {
            return .stalled("\(stuck.resource): \(stuck.status.message)")
        }
        if let first = unready.first {
            return .waiting("\(first.resource): \(first.status.message)")
        }
        return .ready(
            "\(newest.revision.short), \(Plural.count(newest.counts.ran, "step")) ran, "
                + "\(Plural.count(newest.counts.cached, "artifact")) in place")
    }

    /// Nothing will change by itself.
    private func isStalled(_ status: StatusRecord) -> Bool {
        status.status.health == .suspended
            || status.status.conditions.contains { $0.type == "Stalled" && $0.status == .yes }
    }
}
