import ArgumentParser
import Foundation
import Reconciler
import ResourceAPI
import StateStore

struct WaitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wait", abstract: "Wait until a revision is reconciled and ready.",
        discussion: """
            Exit codes: 0 ready, 1 error, 2 stalled (something needs a human), 124 time-out.
            """)

    @OptionGroup var state: StateOptions
    @OptionGroup var format: OutputOptions

    @Option(
        help:
            "The commit: its id, or at least 7 digits of it. Default: the newest that the controller has seen."
    )
    var revision: String?

    @Option(help: "How long to wait: 90s, 5m, 1h.")
    var timeout = "10m"

    @Flag(help: "Do not wait for deployments to be served.")
    var skipServing = false

    func run() async throws {
        guard let limit = ManifestDuration(timeout) else {
            throw CommandError.badDuration(timeout)
        }
        let deadline = TimeText.now + limit.seconds * 1000
        var last = "no state yet"
        while true {
            switch try await look(&last) {
            case .ready(let text):
                try tell("ready", text)
                return
            case .stalled(let text):
                try tell("stalled", text)
                throw ExitStatus.stalled
            case .waiting: break
            }
            guard TimeText.now < deadline else {
                try tell("timeout", "not ready after \(timeout): \(last)")
                throw ExitStatus.timeout
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// What went wrong goes to standard error, unless a program asked.
    private func tell(_ outcome: String, _ message: String) throws {
        switch format.output {
        case .json:
            Terminal.write(try JSONText.pretty(["outcome": outcome, "message": message]))
        case .table where outcome == "ready": Terminal.write("ready: \(message)\n")
        case .table where outcome == "stalled": Terminal.writeError("stalled: \(message)\n")
        case .table: Terminal.writeError(message + "\n")
        }
    }

    private enum Verdict {
        case ready(String)
        case stalled(String)
        case waiting
    }

    private func look(_ last: inout String) async throws -> Verdict {
        let store: StateStore
        do throws(StateStoreError) {
            store = try await StateStore.openReader(directory: state.directory)
        } catch {
            // The controller may just be about to make it.
            guard case .stateMissing = error else { throw error }
            return .waiting
        }
        guard let newest = try await store.revisions(limit: 1).first, isWanted(newest) else {
            last = RunFile.trouble(in: state.directory) ?? "the revision was not seen yet"
            return .waiting
        }
        let statuses = try await store.statuses()
        switch newest.state {
        case .reconciled: break
        case .failed:
            let bad = statuses.first { $0.status.health == .degraded }
            return .stalled(
                bad.map { "\($0.resource): \($0.status.message)" }
                    ?? newest.diagnostics.first?.text ?? "see `ingot status`")
        default:
            last = "still reconciling"
            return .waiting
        }
        let unready = statuses.filter { $0.status.conditions.first?.status != .yes }
            .filter { !skipServing || $0.resource.kind != .deployment }
        if let stuck = unready.first(where: { isStalled($0) }) {
            return .stalled("\(stuck.resource): \(stuck.status.message)")
        }
        if let first = unready.first {
            last = "\(first.resource): \(first.status.message)"
            return .waiting
        }
        return .ready(
            "\(newest.revision.short), \(Plural.count(newest.counts.ran, "step")) ran, "
                + "\(Plural.count(newest.counts.cached, "artifact")) in place")
    }

    private func isStalled(_ status: StatusRecord) -> Bool {
        status.status.conditions.contains { $0.type == "Stalled" && $0.status == .yes }
    }

    private func isWanted(_ record: RevisionRecord) -> Bool {
        guard let revision else { return true }
        return revision.count >= 7
            && record.revision.commit.hex.hasPrefix(revision.lowercased())
    }
}
