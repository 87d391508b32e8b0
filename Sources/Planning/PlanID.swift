package import ResourceAPI
import ResourceGraph

/// Names a plan, so that everything that was done for it can be found: the first 12 hex digits of a
/// SHA-256 over the commit and over each step for which something is to be done: its id, how it is
/// planned and its fingerprint, as far as that is known. Sorted by step, a line of canonical JSON each.
///
/// The same commit with the same recorded state has the same id wherever it is planned; what is in
/// place already is not part of it.
package struct PlanID: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    /// - Parameter steps: all of the plan, or at least those that are not cached, in any order.
    package init(of steps: some Sequence<PlannedStep>, at commit: CommitID) {
        var todo = steps.filter { !$0.isCached }
        todo.sort { $0.step.id < $1.step.id }
        // One line after the other: all of them at once are megabytes where there is much to do.
        var hash = DigestBuilder()
        hash.update(JSONValue.string(commit.hex).canonicalBytes + [UInt8(ascii: "\n")])
        for planned in todo {
            let line: JSONValue = [
                .string(planned.step.id.description), .string(planned.action.word),
                planned.fingerprint.map { .string($0.description) } ?? .null,
            ]
            hash.update(line.canonicalBytes + [UInt8(ascii: "\n")])
        }
        description = hash.finish().short
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
