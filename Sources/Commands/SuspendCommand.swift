import ArgumentParser
import Foundation
import Reconciler
import ResourceAPI
import StateStore

struct SuspendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "suspend",
        abstract: "Leave a resource, or everything, as it is until it is resumed.",
        discussion: """
            Nothing new is started for it, its stages are not moved, its deployment is not \
            changed; a step that is running ends. For instance: \
            ingot suspend deployment/price --reason "incident 12" --for 2h

            Works with and without a running controller. Exit code 1 if it could not be done.
            """)

    @OptionGroup var state: StateOptions
    @OptionGroup var format: OutputOptions

    @Argument(help: "The resource, as kind/name.")
    var resource: String?

    @Flag(help: "Suspend everything.")
    var all = false

    @Option(help: "Why: shown wherever the resource is shown.")
    var reason: String

    @Option(name: .customLong("for"), help: "It ends by itself after this time: 30m, 2h, 1d.")
    var length: String?

    private struct View: Encodable {
        let resource: ResourceID?
        let actor: String
        let reason: String
        let expires: String?
        let hasController: Bool
    }

    func run() async throws {
        let reason = reason.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !reason.isEmpty else { throw CommandError.emptyReason }
        let target = try await SuspensionTarget.find(resource, isAll: all, in: state)
        let expiresAt = try length.map { text in
            guard let length = ManifestDuration(text), length.seconds > 0 else {
                throw CommandError.badDuration(text)
            }
            return TimeText.now + length.seconds * 1000
        }
        let actor = NSUserName()
        let answer = try await StateChange(directory: state.directory).make(
            .suspend(
                resource: target.resource, reason: reason, actor: actor, expiresAt: expiresAt))
        let until = expiresAt.map { "until \(TimeText.date(milliseconds: $0)) UTC" }
        let end = target.resource.map { "ingot resume \($0)" } ?? "ingot resume --all"
        try format.write(
            View(
                resource: target.resource, actor: actor, reason: reason,
                expires: expiresAt.map { TimeText.date(milliseconds: $0) },
                hasController: answer.hasController),
            text: "suspended \(target.name) \(until ?? "until `\(end)`")\n"
                + (answer.hasController ? "" : SuspensionTarget.noController))
    }
}
