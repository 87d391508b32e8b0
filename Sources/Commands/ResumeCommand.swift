import ArgumentParser
import Foundation
import Reconciler
import ResourceAPI
import StateStore

struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "End a suspension.",
        discussion: """
            `ingot resume --all` ends the suspension of everything; resources that were suspended \
            by name stay suspended. Exit code 0 also if nothing was suspended.
            """)

    @OptionGroup var state: StateOptions
    @OptionGroup var format: OutputOptions

    @Argument(help: "The resource, as kind/name.")
    var resource: String?

    @Flag(help: "End the suspension of everything.")
    var all = false

    private struct View: Encodable {
        let resource: ResourceID?
        let wasSuspended: Bool
        let hasController: Bool
    }

    func run() async throws {
        // What is suspended may be gone from the commit by now: no look at the statuses.
        let target = try SuspensionTarget(resource, isAll: all)
        let answer = try await StateChange(directory: state.directory).make(
            .resume(resource: target.resource, actor: NSUserName()))
        let wasSuspended = answer.reply == .done
        let text: String
        if wasSuspended {
            text =
                "resumed \(target.name)\n"
                + (answer.hasController ? "" : SuspensionTarget.noController)
        } else {
            text = "\(target.name) was not suspended\(try await others(target))\n"
        }
        try format.write(
            View(
                resource: target.resource, wasSuspended: wasSuspended,
                hasController: answer.hasController),
            text: text)
    }

    /// ` (suspended: …)`: what was meant, perhaps.
    private func others(_ target: SuspensionTarget) async throws -> String {
        let store = try await StateStore.openReader(directory: state.directory)
        let names = try await store.suspensions().map { suspension in
            suspension.resource.map { "\($0)" } ?? "everything (--all)"
        }
        return names.isEmpty ? "" : " (suspended: \(names.sorted().joined(separator: ", ")))"
    }
}
