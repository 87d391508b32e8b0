import ArgumentParser
import Reconciler
import ResourceAPI
import StateStore

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show whether what exists is what the commit says, and whether it works.")

    @OptionGroup var state: StateOptions
    @OptionGroup var format: OutputOptions

    @Argument(help: "Only this resource, such as deployment/arrival-delay.")
    var resource: String?

    func run() async throws {
        let store = try await StateStore.openReader(directory: state.directory)
        var statuses = try await store.statuses()
        if let resource {
            let id = ResourceID(resource)
            let names = statuses.map(\.resource.description)
            statuses = statuses.filter { $0.resource == id }
            if statuses.isEmpty {
                throw CommandError.unknownResource(
                    resource, hint: NearName.hint(for: resource, among: names))
            }
        }
        let view = StatusView(
            revision: try await store.revisions(limit: 1).first, statuses: statuses,
            trouble: RunFile.trouble(in: state.directory))
        try format.write(view, text: view.text)
    }
}

/// What `ingot status` shows.
struct StatusView: Encodable {
    struct Row: Encodable {
        let resource: ResourceID
        let sync: SyncStatus
        let health: HealthStatus
        let conditions: [Condition]
        let message: String
        let since: String
    }

    let revision: String?
    let commit: String?
    let summary: String?
    let author: String?
    let state: String?
    /// Why a newer commit could not be looked at.
    let trouble: String?
    let diagnostics: [RecordedDiagnostic]
    let resources: [Row]

    init(revision: RevisionRecord?, statuses: [StatusRecord], trouble: String?) {
        self.trouble = trouble
        self.revision = revision?.revision.description
        commit = revision?.revision.commit.hex
        summary = revision?.commit.summary
        author = revision?.commit.author
        state = revision?.state.rawValue
        diagnostics = revision?.diagnostics ?? []
        resources = statuses.map {
            Row(
                resource: $0.resource, sync: $0.status.sync, health: $0.status.health,
                conditions: $0.status.conditions, message: $0.status.message,
                since: TimeText.date(milliseconds: $0.since))
        }
    }

    var text: String {
        var text = ""
        if let commit, let summary, let author, let state {
            text += "commit    \(commit.prefix(7))  \(summary)  (\(author))\n"
            text += "state     \(state)\n"
        }
        if let trouble {
            text += "\nwarning: the repository cannot be followed; this is the last good state\n"
            text += trouble + "\n"
        }
        for diagnostic in diagnostics { text += "\n" + diagnostic.text + "\n" }
        if !text.isEmpty { text += "\n" }
        var table = Table("RESOURCE", "SYNC", "HEALTH", "MESSAGE")
        for row in resources {
            table.add(
                row.resource.description, row.sync.rawValue, row.health.rawValue, row.message)
        }
        return text + table.text(ifEmpty: "no resources")
    }
}
