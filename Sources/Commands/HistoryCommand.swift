import ArgumentParser
import ResourceAPI
import StateStore

struct HistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "List the commits that were reconciled, or what happened to one resource.",
        discussion: "For instance: ingot history deployment/arrival-delay")

    @OptionGroup var state: StateOptions
    @OptionGroup var format: OutputOptions

    @Argument(help: "A model or deployment: its stage moves or rollouts.")
    var resource: String?

    @Option(help: "How many rows, newest first.")
    var limit = 20

    func run() async throws {
        let store = try await StateStore.openReader(directory: state.directory)
        guard let resource else { return try await revisions(store) }
        guard let id = ResourceID(resource) else {
            throw CommandError.unknownResource(resource, hint: "write it as kind/name")
        }
        switch id.kind {
        case .model: try await stages(store, of: id.name)
        case .deployment: try await rollouts(store, of: id.name)
        default: try await runs(store, of: id)
        }
    }

    private struct RevisionRow: Encodable {
        let commit: String
        let summary: String
        let author: String
        let state: String
        let ran: Int
        let cached: Int
        let failed: Int
        let firstSeen: String
        let seconds: Double?
    }

    private func revisions(_ store: StateStore) async throws {
        let rows = try await store.revisions(limit: limit).map { record in
            RevisionRow(
                commit: record.revision.commit.hex, summary: record.commit.summary,
                author: record.commit.author, state: record.state.rawValue,
                ran: record.counts.ran, cached: record.counts.cached,
                failed: record.counts.failed,
                firstSeen: TimeText.date(milliseconds: record.firstSeenAt),
                seconds: record.reconciledAt.map { Double($0 - record.firstSeenAt) / 1000 })
        }
        var table = Table("COMMIT", "STATE", "RAN", "CACHED", "FAILED", "TOOK", "AUTHOR", "SUMMARY")
        for row in rows {
            table.add(
                String(row.commit.prefix(7)), row.state, "\(row.ran)", "\(row.cached)",
                "\(row.failed)", row.seconds.map(TimeText.seconds) ?? "-", row.author, row.summary)
        }
        try format.write(["revisions": rows], text: table.text(ifEmpty: "no revisions yet"))
    }

    private struct StageRow: Encodable {
        let stage: String
        let version: Int?
        let commit: String?
        let actor: String
        let cause: String
        let time: String
    }

    private func stages(_ store: StateStore, of model: ResourceName) async throws {
        let rows = try await store.stageHistory(of: model).prefix(limit).map { record in
            StageRow(
                stage: record.stage.text, version: record.version, commit: record.commit?.hex,
                actor: record.actor, cause: record.cause,
                time: TimeText.date(milliseconds: record.time))
        }
        var table = Table("TIME", "STAGE", "VERSION", "COMMIT", "ACTOR", "CAUSE")
        for row in rows {
            table.add(
                row.time, row.stage, row.version.map { "\($0)" } ?? "-",
                String(row.commit?.prefix(7) ?? "-"), row.actor, row.cause)
        }
        try format.write(["stages": rows], text: table.text(ifEmpty: "no stage moved yet"))
    }

    private struct RolloutRow: Encodable {
        let version: Int
        let digest: Digest
        let commit: String
        let started: String
        let readyAfterSeconds: Double?
    }

    private func rollouts(_ store: StateStore, of deployment: ResourceName) async throws {
        let rows = try await store.rollouts(of: deployment, limit: limit).map { record in
            RolloutRow(
                version: record.version, digest: record.digest,
                commit: record.revision.commit.hex,
                started: TimeText.date(milliseconds: record.startedAt),
                readyAfterSeconds: record.readyAt.map {
                    Double(max(0, $0 - record.startedAt)) / 1000
                })
        }
        var table = Table("STARTED", "VERSION", "COMMIT", "READY AFTER", "DIGEST")
        for row in rows {
            table.add(
                row.started, "\(row.version)", String(row.commit.prefix(7)),
                row.readyAfterSeconds.map { "\($0)s" } ?? "-", row.digest.short)
        }
        try format.write(["rollouts": rows], text: table.text(ifEmpty: "no rollout yet"))
    }

    private func runs(_ store: StateStore, of id: ResourceID) async throws {
        let view = RunsView(try await store.runs(of: id, limit: limit))
        try format.write(view, text: view.text)
    }
}
