import Planning
import ResourceAPI
import ResourceGraph
import StateStore

/// A plan as text and JSON show it.
struct PlanView: Encodable {
    struct Row: Encodable {
        let step: StepID
        /// `cached`, `run`, `may run`, `failed`, `blocked` or `missing source`.
        let action: String
        let reasons: [Reason]
        let problem: String?
        let artifact: Digest?
        let estimatedSeconds: Double?
        let sql: JSONValue?

        init(_ planned: PlannedStep, reasons: [Reason], program: JSONValue?) {
            step = planned.step.id
            self.reasons = reasons
            estimatedSeconds = planned.estimatedSeconds
            sql = program?["sql"]
            var artifact: Digest?
            var problem: String?
            action = planned.action.word
            switch planned.action {
            case .cached(let digest): artifact = digest
            case .run, .mayRun: break
            case .failed(let failure): problem = failure.message
            case .blocked(let other): problem = "waits for \(other), which cannot succeed"
            case .missingSource(let path, let why):
                problem = why.hasPrefix(path.display) ? why : "\(path.display): \(why)"
            }
            self.artifact = artifact
            self.problem = problem
        }
    }

    let revision: String
    let short: String
    /// As runs and events of this plan have it.
    let plan: String
    let resources: [ResourceChange]
    let steps: [Row]
    let diagnostics: [RecordedDiagnostic]

    private enum CodingKeys: String, CodingKey {
        case revision
        case plan
        case resources
        case steps
        case diagnostics
    }

    var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }

    var hasWork: Bool { steps.contains { $0.action != "cached" } }

    /// Up to so many steps, those for which nothing is to be done are listed as well.
    static let completeSteps = 50

    static func nothingToDo(short: String, steps: Int) -> String {
        """
        plan for \(short)

        steps
          cached    all \(steps)

        Plan: 0 to run, 0 may run, \(steps) cached.

        """
    }

    /// - Parameter isComplete: every step is listed, however many there are.
    func text(isComplete: Bool) -> String {
        var text = "plan for \(short)\n"
        for diagnostic in diagnostics { text += "\n" + diagnostic.text + "\n" }
        if !resources.isEmpty {
            text += "\nresources\n"
            for change in resources {
                let sign =
                    switch change.action {
                    case .create: "+"
                    case .update: "~"
                    case .delete: "-"
                    }
                text += "  \(sign) \(change.resource)\n"
            }
        }
        text += "\nsteps\n"
        let omitted = isComplete || steps.count <= PlanView.completeSteps ? 0 : cachedCount
        if omitted > 0 {
            text += "  cached    \(omitted == steps.count ? "all " : "")\(omitted)\n"
        }
        for row in steps where omitted == 0 || row.action != "cached" { text += line(row) }
        return text + "\n" + summary + "\n"
    }

    private func line(_ row: Row) -> String {
        var text = "  \(pad(row.action, 9)) \(row.step)"
        if row.action != "cached", let seconds = row.estimatedSeconds {
            text += "  (took \(TimeText.seconds(seconds)) last time)"
        }
        text += "\n"
        if let problem = row.problem { text += "            \(problem)\n" }
        for reason in row.reasons { text += "            \(ReasonText.long(reason))\n" }
        if let sql = row.sql.flatMap(SQLProgram.text) {
            text += sql.split(separator: "\n", omittingEmptySubsequences: false)
                .map { "            | \($0)\n" }.joined()
        }
        return text
    }

    private var cachedCount: Int { steps.count { $0.action == "cached" } }

    private func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private var summary: String {
        func count(_ action: String) -> Int { steps.filter { $0.action == action }.count }
        let blocked = steps.count - count("run") - count("may run") - count("cached")
        let known = steps.filter { $0.action == "run" || $0.action == "may run" }
            .compactMap(\.estimatedSeconds).reduce(0, +)
        var text =
            "Plan: \(count("run")) to run, \(count("may run")) may run, \(count("cached")) cached"
        if blocked > 0 { text += ", \(blocked) blocked" }
        if known > 0 { text += "; about \(TimeText.seconds(known)) going by the last time" }
        return text + "."
    }
}
