import ArgumentParser
import Foundation
import Reconciler
import ResourceAPI
import SourceControl
import StateStore

struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "List what changed: when, by whom, for which commit.",
        discussion: """
            Oldest first, the newest --limit of them. With --follow new ones are printed as they \
            come (with --output json one object a line) until the command is interrupted. The log \
            is append-only and hash-chained: `ingot verify` proves it.
            """)

    private static let pollMilliseconds = 200

    @OptionGroup var state: StateOptions
    @OptionGroup var format: OutputOptions

    @Option(help: "Only events of this resource, as kind/name.")
    var resource: String?

    @Option(help: "Only events of this kind, such as StageMoved; may be repeated.")
    var kind: [String] = []

    @Option(
        help: "Only events because of this commit: its id, at least 7 digits of it, or a branch.")
    var revision: String?

    @Option(help: "Only events of the last: 10m, 2h, 7d.")
    var since: String?

    @Option(help: "At most so many, the newest.")
    var limit = 100

    @Flag(help: "Go on printing new events.")
    var follow = false

    func validate() throws {
        guard limit >= 1 else { throw ValidationError("--limit must be at least 1") }
    }

    func run() async throws {
        let store = try await StateStore.openReader(directory: state.directory)
        var filter = try await filter()
        let oldest = try since.map { text in
            guard let length = ManifestDuration(text) else { throw CommandError.badDuration(text) }
            return TimeText.now - length.seconds * 1000
        }
        // Later than anything of what is listed, so that following neither repeats nor skips.
        let newest = follow ? try await store.events(limit: 1).first?.sequence ?? 0 : 0
        let events = try await store.events(filter, limit: limit)
            .filter { $0.time >= oldest ?? 0 && (!follow || $0.sequence <= newest) }
        let rows = events.reversed().map(EventRow.init)
        guard follow else {
            return try format.write(["events": rows], text: EventRow.table(rows))
        }
        try printLines(rows)
        filter.after = newest
        while true {
            try await Task.sleep(for: .milliseconds(Self.pollMilliseconds))
            let new = try await store.events(filter, limit: 10_000).reversed()
            try printLines(new.map(EventRow.init))
            filter.after = new.last?.sequence ?? filter.after
        }
    }

    private func printLines(_ rows: [EventRow]) throws {
        for row in rows {
            switch format.output {
            case .table: Terminal.write(row.line + "\n")
            case .json: Terminal.write(try JSONText.line(row))
            }
        }
    }

    private func filter() async throws -> EventFilter {
        var filter = EventFilter(kinds: Set(try kind.map(EventWord.find)))
        if let resource {
            guard let id = ResourceID(resource) else {
                throw CommandError.unknownResource(resource, hint: "write it as kind/name")
            }
            filter.resource = id
        }
        if let revision {
            let mirror = try GitRepository(opening: state.directory + "/repo.git")
            filter.commit = try await MirrorCommit.find(revision, in: mirror)
        }
        return filter
    }
}

/// One event as tables and JSON show it.
struct EventRow: Encodable {
    let sequence: Int64
    let time: String
    let kind: String
    let resource: ResourceID?
    let commit: String?
    let plan: String?
    let actor: String
    let cause: String
    let result: String
    let payload: JSONValue
    let hash: Digest

    init(_ recorded: RecordedEvent) {
        let event = recorded.event
        sequence = recorded.sequence
        time = TimeText.date(milliseconds: recorded.time)
        kind = event.kind.rawValue
        resource = event.resource
        commit = event.origin.commit?.hex
        plan = event.origin.plan
        actor = event.origin.actor
        cause = event.origin.cause
        result = event.result
        payload = event.payload
        hash = recorded.hash
    }

    private var cells: [String] {
        [
            time, kind, resource?.description ?? "-", commit.map { String($0.prefix(7)) } ?? "-",
            actor, LogText.harmless(result.replacing("\n", with: " ")),
        ]
    }

    var line: String { cells.joined(separator: "  ") }

    static func table(_ rows: [EventRow]) -> String {
        var table = Table("TIME", "KIND", "RESOURCE", "COMMIT", "ACTOR", "RESULT")
        for row in rows { table.add(row.cells) }
        return table.text(ifEmpty: "no events")
    }
}

/// Kinds of event from the command line.
enum EventWord {
    private static let known: [EventKind] = [
        .runStarted, .runSucceeded, .runFailed, .runCancelled, .runInterrupted, .nonReproducible,
        .artifactDamaged, .artifactRestored, .artifactCollected, .failureForgotten,
        .versionRegistered, .stageMoved, .stageCleared, .rolloutStarted, .rolloutReady,
        .revisionObserved, .revisionSettled, .revisionHeld, .manifestsApplied, .resourcePruned,
        .statusChanged, .suspended, .resumed, .approved, .fileQuarantined, .driftHealed,
        .driftFound, .rebuilt,
        .mirrorRepaired,
    ]

    /// In any case.
    static func find(_ text: String) throws -> EventKind {
        if let kind = known.first(where: { $0.rawValue.lowercased() == text.lowercased() }) {
            return kind
        }
        let names = known.map(\.rawValue)
        throw CommandError.unknownEventKind(
            text,
            hint: NearName.hint(for: text, among: names)
                ?? "kinds: \(names.sorted().joined(separator: ", "))")
    }
}
