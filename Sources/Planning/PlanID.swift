package import ResourceAPI
import ResourceGraph

/// Names a plan, so that everything that was done for it can be found: the first 12 hex digits of a
/// SHA-256 over the commit and over each step for which something is to be done: its id, how it is
/// planned and its fingerprint, as far as that is known. Sorted by step, in canonical JSON.
///
/// The same commit with the same recorded state has the same id wherever it is planned; what is in
/// place already is not part of it.
package struct PlanID: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    /// - Parameter steps: all of the plan, or at least those that are not cached, in any order.
    package init(of steps: some Sequence<PlannedStep>, at commit: CommitID) {
        let lines = steps.filter { !$0.isCached }.sorted { $0.step.id < $1.step.id }
            .map { planned -> JSONValue in
                [
                    .string(planned.step.id.description), .string(planned.action.word),
                    planned.fingerprint.map { .string($0.description) } ?? .null,
                ]
            }
        let plan: JSONValue = ["commit": .string(commit.hex), "steps": .array(lines)]
        description = Digest(hashing: plan.canonicalBytes).short
    }
}

extension PlannedStep {
    package var isCached: Bool {
        if case .cached = action { true } else { false }
    }
}

extension PlannedStep.Action {
    /// As JSON and tables show it.
    package var word: String {
        switch self {
        case .cached: "cached"
        case .run: "run"
        case .mayRun: "may run"
        case .failed: "failed"
        case .blocked: "blocked"
        case .missingSource: "missing source"
        }
    }
}
