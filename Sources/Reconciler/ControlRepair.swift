package import ResourceAPI
import StateStore

/// What came of reading artifacts again that may be damaged.
package struct RepairSummary: Hashable, Sendable, Codable {
    /// Damaged from now on: made again where the newest commit needs them.
    package let damaged: [Digest]
    /// Whole again.
    package let restored: [Digest]
    /// Number of files with wrong content that were moved to `store/damaged`.
    package let filesPutAside: Int

    init(_ repair: ArtifactRepair) {
        damaged = repair.damaged
        restored = repair.restored
        filesPutAside = repair.putAside.count
    }
}

extension ControlHandler {
    func repair(_ artifacts: [Digest], _ actor: String) async throws -> Outcome {
        let repair = try await store.repair(
            artifacts, origin: ChangeOrigin(actor: actor, cause: "asked to"))
        return Outcome(.repaired(RepairSummary(repair)), events: ActualState(repair).events)
    }
}

extension ActualState {
    init(_ repair: ArtifactRepair) {
        self.init(lost: Set(repair.damaged), found: repair.results)
    }

    /// None if nothing is otherwise than the loop knows.
    var events: [CoreEvent] { lost.isEmpty && found.isEmpty ? [] : [.looked(self)] }
}
