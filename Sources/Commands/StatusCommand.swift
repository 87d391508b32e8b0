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
        let statuses = try await statuses(in: store)
        let suspensions = try await store.suspensions()
            .filter { $0.expiresAt ?? .max > TimeText.now }
        let overlay = StatusOverlay(
            suspensions: suspensions, report: RunFile.report(in: state.directory),
            hasController: ControllerPresence.isRunning(stateDirectory: state.directory))
        let view = StatusView(
            revision: try await store.revisions(limit: 1).first,
            rows: statuses.map { overlay.row($0) }, suspensions: suspensions,
            trouble: RunFile.trouble(in: state.directory))
        try format.write(view, text: view.text)
    }

    private func statuses(in store: StateStore) async throws -> [StatusRecord] {
        guard let resource else { return try await store.statuses() }
        return [try await KnownResource.find(resource, in: store)]
    }
}

/// A resource from the command line.
enum KnownResource {
    /// One that a status is recorded of.
    static func find(_ text: String, in store: StateStore) async throws -> StatusRecord {
        if let id = ResourceID(text), let status = try await store.status(of: id) { return status }
        let names = try await store.statuses().map(\.resource.description)
        throw CommandError.unknownResource(text, hint: NearName.hint(for: text, among: names))
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

    struct SuspensionRow: Encodable {
        /// Nil: everything.
        let resource: ResourceID?
        let actor: String
        let reason: String
        let since: String
        let expires: String?

        init(_ suspension: Suspension) {
            resource = suspension.resource
            actor = suspension.actor
            reason = suspension.reason
            since = TimeText.date(milliseconds: suspension.since)
            expires = suspension.expiresAt.map { TimeText.date(milliseconds: $0) }
        }
    }

    let revision: String?
    let commit: String?
    let summary: String?
    let author: String?
    let state: String?
    /// Why a newer commit could not be looked at.
    let trouble: String?
    let suspensions: [SuspensionRow]
    let diagnostics: [RecordedDiagnostic]
    let resources: [Row]

    init(
        revision: RevisionRecord?, rows: [Row], suspensions: [Suspension], trouble: String?
    ) {
        self.trouble = trouble
        self.revision = revision?.revision.description
        commit = revision?.revision.commit.hex
        summary = revision?.commit.summary
        author = revision?.commit.author
        state = revision?.state.rawValue
        self.suspensions = suspensions.map(SuspensionRow.init)
        diagnostics = revision?.diagnostics ?? []
        resources = rows
    }

    var text: String {
        var text = ""
        if let commit, let summary, let author, let state {
            text += "commit    \(commit.prefix(7))  \(summary)  (\(author))\n"
            text += "state     \(state)\n"
        }
        for suspension in suspensions where suspension.resource == nil {
            text += "suspended everything, by \(suspension.actor)"
            text += suspension.expires.map { " until \($0)" } ?? ""
            text += ": \(suspension.reason)\n"
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
