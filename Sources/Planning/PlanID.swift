package import ResourceAPI
import ResourceGraph

/// Names a plan, so that everything that was done for it can be found: the first 12 hex digits of a
/// SHA-256 over the commit and the mark of all steps for which something is to be done.
///
/// The same commit with the same recorded state has the same id wherever it is planned; what is in
/// place already is not part of it.
package struct PlanID: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    /// - Parameter steps: all of the plan, or at least those that are not cached, in any order.
    package init(of steps: some Sequence<PlannedStep>, at commit: CommitID) {
        var mark = PlanMark()
        for step in steps { mark.toggle(step) }
        self.init(mark, at: commit)
    }

    init(_ mark: PlanMark, at commit: CommitID) {
        description = Digest(hashing: commit.bytes + mark.bytes).short
    }
}

/// The steps for which something is to be done, in 32 bytes: the exclusive or of a SHA-256 of each.
/// Their order does not matter, and one that changes costs no look at the others.
struct PlanMark: Sendable {
    private var bits = SIMD32<UInt8>()

    var bytes: [UInt8] { (0..<32).map { bits[$0] } }

    /// Puts a step in, or takes it out. Cached ones are not part of it.
    mutating func toggle(_ planned: PlannedStep) {
        guard !planned.isCached else { return }
        var line = Array("\(planned.step.id) \(planned.action.word) ".utf8)
        line += planned.fingerprint?.digest.bytes ?? []
        bits ^= SIMD32(Digest(hashing: line).bytes)
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
