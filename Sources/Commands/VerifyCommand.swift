import ArgumentParser
import ResourceAPI
import StateStore

struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Read everything again: artifacts, records and the event chain.",
        discussion: """
            Changes nothing, and works beside a running controller. Exit codes: 0 all is well, 1 \
            something is not.
            """)

    @OptionGroup var state: StateOptions
    @OptionGroup var format: OutputOptions

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
    }

    func run() async throws {
        let store = try await StateStore.openReader(directory: state.directory)
        let report = try await store.verify()
        let view = View(
            artifacts: report.artifacts, files: report.files, bytes: report.bytes,
            rows: report.rows, events: report.events, findings: report.findings.map(View.Row.init),
            notes: report.notes.map(View.Row.init))
        try format.write(view, text: text(view))
        if !view.findings.isEmpty { throw ExitStatus.failure }
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
