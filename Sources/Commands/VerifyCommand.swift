import ArgumentParser
import Foundation
import Reconciler
import ResourceAPI
import StateStore

struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Read everything again: artifacts, records and the event chain.",
        discussion: """
            Works beside a running controller, and changes nothing without --repair. With it, files \
            with wrong content are put aside (store/damaged), their artifacts are made again where \
            the newest commit needs them, and artifacts whose files are whole again count as present. \
            Exit codes: 0 all is well, or was repaired; 1 something is not.
            """)

    @OptionGroup var state: StateOptions
    @OptionGroup var format: OutputOptions

    @Flag(help: "Put damaged files aside and have their artifacts made again.")
    var repair = false

    private struct View: Encodable {
        struct Row: Encodable {
            let kind: Finding.Kind
            let artifact: Digest?
            let message: String
            let hint: String

            init(_ finding: Finding) {
                kind = finding.kind
                artifact = finding.artifact
                message = finding.message
                hint = finding.hint
            }
        }

        let artifacts: Int
        let files: Int
        let bytes: Int64
        let rows: Int
        let events: Int
        let findings: [Row]
        let notes: [Row]
        /// Nil if nothing was to be repaired, or it was not asked for.
        let repaired: RepairSummary?
    }

    func run() async throws {
        let store = try await StateStore.openReader(directory: state.directory)
        let report = try await store.verify()
        try await store.close()
        let answer = try await handOver(report)
        let view = View(
            artifacts: report.artifacts, files: report.files, bytes: report.bytes,
            rows: report.rows, events: report.events, findings: report.findings.map(View.Row.init),
            notes: report.notes.map(View.Row.init), repaired: answer?.summary)
        try format.write(view, text: text(view) + (answer?.text ?? ""))
        let damaged = Set(answer?.summary.damaged ?? [])
        let left = report.findings.filter { finding in
            finding.kind != .artifact || !(finding.artifact.map(damaged.contains) ?? false)
        }
        if !left.isEmpty { throw ExitStatus.failure }
    }

    /// Nil if there is nothing to repair.
    private func handOver(_ report: VerificationReport) async throws -> RepairAnswer? {
        let suspects = report.findings.filter { $0.kind == .artifact }.compactMap(\.artifact)
        guard repair, !suspects.isEmpty || report.damaged > 0 else { return nil }
        let answer = try await StateChange(directory: state.directory).make(
            .repair(artifacts: suspects, actor: NSUserName()), timeout: StateChange.repairTimeout)
        guard case .repaired(let summary) = answer.reply else { return nil }
        return RepairAnswer(summary: summary, hasController: answer.hasController)
    }

    private func text(_ view: View) -> String {
        var text = ""
        for finding in view.findings {
            text += "error: \(finding.message)\nhint: \(finding.hint)\n\n"
        }
        for note in view.notes { text += "note: \(note.message); \(note.hint)\n" }
        text +=
            "\(Plural.count(view.artifacts, "artifact")), \(Plural.count(view.files, "file")), "
            + "\(ByteText.of(view.bytes)), \(Plural.count(view.rows, "row")), "
            + "\(Plural.count(view.events, "event")): "
        return text
            + (view.findings.isEmpty
                ? "all is well\n" : "\(Plural.count(view.findings.count, "finding"))\n")
    }
}

/// What was done about damaged artifacts, and by whom.
private struct RepairAnswer {
    let summary: RepairSummary
    let hasController: Bool

    var text: String {
        var text = summary.restored.map { "restored: \($0) is whole again\n" }.joined()
        guard !summary.damaged.isEmpty else { return text }
        text += summary.damaged.map { "damaged: \($0) counts as not made\n" }.joined()
        text += "\(Plural.count(summary.filesPutAside, "file")) put aside in store/damaged; "
        return text
            + (hasController
                ? "the controller makes again what the newest commit needs\n"
                : "`ingot apply` or `ingot run` makes again what the newest commit needs\n")
    }
}
