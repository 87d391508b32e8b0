import Manifests
import Planning
import Reconciler
import ResourceAPI
import ResourceGraph
import SourceControl
import StateStore

// What must hold when a controller takes a commit over.

extension WorldInvariants {
    struct Before {
        let commit: CommitID?
        let inventory: [ResourceID: InventoryEntry]
    }

    func beforeLook() async throws -> Before {
        base.faults.pause(true)
        defer { base.faults.pause(false) }
        return Before(
            commit: try await reader.lastReconciledCommit(HistoryGenerator.branch),
            inventory: try await inventory())
    }

    private func inventory() async throws -> [ResourceID: InventoryEntry] {
        Dictionary(
            try await reader.inventory().map { ($0.resource, $0) },
            uniquingKeysWith: { first, _ in first })
    }

    func adopted(
        _ desired: DesiredState, _ before: Before, _ approved: Set<String>
    ) async throws -> String? {
        let commit = desired.revision.commit
        guard commit != before.commit else { return nil }
        base.faults.pause(true)
        defer { base.faults.pause(false) }
        if let found = try await rewound(to: commit, from: before.commit, approved) {
            return found
        }
        let after = try await inventory()
        let removed = before.inventory.keys.filter { after[$0] == nil }.sorted()
        return unforgiven(removed, before, approved, commit)
            ?? prunedByError(removed, before, commit) ?? leftOver(after, commit)
    }

    /// S10.
    private func rewound(
        to commit: CommitID, from before: CommitID?, _ approved: Set<String>
    ) async throws -> String? {
        guard let before, !followsHistory, !approved.contains(Approval.history) else { return nil }
        switch try await repository.relation(from: before, to: commit) {
        case .same, .forward: return nil
        case .rewound, .diverged, .unrelated:
            return "S10: \(commit.short) was followed, which leaves out \(before.short)"
        }
    }

    private func unforgiven(
        _ removed: [ResourceID], _ before: Before, _ approved: Set<String>, _ commit: CommitID
    ) -> String? {
        guard !approved.contains(Approval.prune) else { return nil }
        let count = removed.count { $0.kind != .project }
        let isOver =
            count > 10 || (count > 3 && Double(count) > 0.25 * Double(before.inventory.count))
        return isOver ? "\(commit.short) removed \(count) resources, and nobody approved it" : nil
    }

    /// S13: what stands in a file that cannot be read now stays.
    private func prunedByError(
        _ removed: [ResourceID], _ before: Before, _ commit: CommitID
    ) -> String? {
        guard let files = try? repository.content(of: commit).files else { return nil }
        for id in removed {
            guard let path = before.inventory[id]?.file, let bytes = files[path] else { continue }
            let parsed = ManifestParser.parse(ManifestFile(path: path, bytes: bytes))
            if parsed.documents.contains(where: { $0.resource == nil }) || parsed.documents.isEmpty
            {
                return "S13: \(id) was pruned because \(path.display) cannot be read"
            }
        }
        return nil
    }

    /// What is gone from the commit is gone from the inventory.
    private func leftOver(
        _ after: [ResourceID: InventoryEntry], _ commit: CommitID
    ) -> String? {
        guard let files = try? repository.content(of: commit).files else { return nil }
        let stray = after.values.first { files[$0.file] == nil }
        return stray.map { "\($0.resource) stays although \($0.file.display) is gone" }
    }
}
