import ArgumentParser
import Foundation
import Reconciler
import ResourceAPI
import StateStore

struct LogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Print what a run said: its progress, and its own output.",
        discussion: """
            Give a run's id (`ingot get runs`), or a resource such as trainingconfig/arrival-delay \
            for its newest run.
            """)

    @OptionGroup var state: StateOptions
    @OptionGroup var format: OutputOptions

    @Argument(help: "A run's id, or kind/name.")
    var what: String

    func run() async throws {
        let store = try await StateStore.openReader(directory: state.directory)
        let run = try await find(in: store)
        var text = "run \(run.id): \(run.step), \(run.state.rawValue)\n"
        for reason in run.reasons { text += "because \(ReasonText.long(reason))\n" }
        if let failure = run.failure {
            text += "\(failure.code): \(failure.message)\n"
            if let hint = failure.hint { text += "hint: \(hint)\n" }
        }
        let events = log(run.id, ".jsonl")
        let output = log(run.id, ".log")
        for part in [events, output] where !part.isEmpty { text += "\n" + part }
        let logs = RunLogs(stateDirectory: state.directory)
        let isRemoved = logs.wasRemoved(run.id)
        if isRemoved {
            text +=
                "\nits log was removed to make room: those of the newest \(logs.limits.runs) runs stay, "
                + "at most \(logs.limits.bytes >> 30) GiB\n"
        }
        let row = RunsView([run]).runs.first
        try format.write(
            View(run: row, events: events, output: output, isRemoved: isRemoved), text: text)
    }

    private struct View: Encodable {
        let run: RunsView.Row?
        let events: String
        let output: String
        /// The log was there, and was removed to make room.
        let isRemoved: Bool
    }

    private func log(_ run: String, _ suffix: String) -> String {
        let path = "\(state.directory)/logs/\(run)\(suffix)"
        guard let data = FileManager.default.contents(atPath: path) else { return "" }
        return LogText.harmless(String(decoding: data, as: UTF8.self))
    }

    private func find(in store: StateStore) async throws -> RunRecord {
        if let id = ResourceID(what) {
            guard let run = try await store.runs(of: id, limit: 1).first else {
                throw CommandError.unknownResource(what, hint: "it has no runs yet")
            }
            return run
        }
        do throws(StateStoreError) {
            return try await store.run(what)
        } catch {
            guard case .unknownRun = error else { throw error }
            throw CommandError.unknownRun(what)
        }
    }
}

/// Output of strangers on a person's terminal.
enum LogText {
    /// Without control characters, which could rewrite what the terminal shows.
    static func harmless(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { scalar in
                    let isSafe =
                        scalar == "\n" || scalar == "\t"
                        || (scalar.value >= 32 && !(127...159).contains(scalar.value))
                    return isSafe ? scalar : "\u{FFFD}"
                }))
    }
}
