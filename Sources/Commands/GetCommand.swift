import ArgumentParser
import Foundation
import ResourceAPI
import StateStore

struct GetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "List resources, or runs.",
        discussion: """
            ingot get all | KIND | KIND/NAME | runs [--resource KIND/NAME]
            """)

    @OptionGroup var state: StateOptions
    @OptionGroup var format: OutputOptions

    @Argument(help: "all, a kind such as datasets, a resource such as dataset/flights, or runs.")
    var what: String

    @Option(help: "With runs: only those of this resource.")
    var resource: String?

    @Option(help: "With runs: how many, newest first.")
    var limit = 1000

    func run() async throws {
        let store = try await StateStore.openReader(directory: state.directory)
        if what == "runs" { return try await runs(store) }
        let all = try await store.statuses()
        let chosen: [StatusRecord]
        if what == "all" {
            chosen = all
        } else if let kind = ResourceKind(word: what) {
            chosen = all.filter { $0.resource.kind == kind }
        } else {
            chosen = all.filter { $0.resource == ResourceID(what) }
            if chosen.isEmpty {
                throw CommandError.unknownResource(
                    what,
                    hint: NearName.hint(for: what, among: all.map(\.resource.description)))
            }
        }
        let rows = chosen.map { ResourceRow($0) }
        var table = Table("RESOURCE", "SYNC", "HEALTH", "SINCE", "MESSAGE")
        for row in rows {
            table.add(
                row.resource.description, row.sync.rawValue, row.health.rawValue, row.since,
                row.message)
        }
        try format.write(["resources": rows], text: table.text(ifEmpty: "none"))
    }

    private struct ResourceRow: Encodable {
        let resource: ResourceID
        let sync: SyncStatus
        let health: HealthStatus
        let conditions: [Condition]
        let observedRevision: String?
        let message: String
        let since: String

        init(_ record: StatusRecord) {
            resource = record.resource
            sync = record.status.sync
            health = record.status.health
            conditions = record.status.conditions
            observedRevision = record.status.observedRevision
            message = record.status.message
            since = TimeText.date(milliseconds: record.since)
        }
    }

    private func runs(_ store: StateStore) async throws {
        let records: [RunRecord]
        if let resource {
            guard let id = ResourceID(resource) else {
                throw CommandError.unknownResource(resource, hint: "write it as kind/name")
            }
            records = try await store.runs(of: id, limit: limit)
        } else {
            records = try await store.runs(limit: limit)
        }
        let view = RunsView(records)
        try format.write(view, text: view.text)
    }
}
