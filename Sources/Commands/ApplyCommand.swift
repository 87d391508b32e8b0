import ArgumentParser
import Foundation
import Reconciler
import ResourceAPI
import StateStore

struct ApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply", abstract: "Make the state what the branch says, once, and end.",
        discussion: """
            The same as `ingot run`, without watching. Exit code 1 if something of the commit could \
            not be done.
            """)

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var state: StateOptions
    @OptionGroup var configuration: ConfigurationOptions
    @OptionGroup var format: OutputOptions

    @Flag(help: "Allow the commit to remove more resources than the prune budget.")
    var allowPrune = false

    private struct View: Encodable {
        let revision: String?
        let ran: Int?
        let cached: Int?
        let failed: Int?
        let errors: Int?

        init(_ settlement: Settlement?) {
            revision = settlement?.revision.description
            ran = settlement?.ran
            cached = settlement?.cached
            failed = settlement?.failed
            errors = settlement?.errors
        }
    }

    /// Why the commit is not followed is for `ingot status` too.
    private func look(_ session: ControllerSession) async throws {
        let trouble = TroubleNote()
        do {
            try await session.look(branch: repository.branch)
            trouble.clear(in: state.directory)
        } catch {
            _ = trouble.tell("\(error)", in: state.directory)
            throw error
        }
    }

    /// Requests of commands are served meanwhile: steps may take hours.
    private func reconcile(_ session: ControllerSession) async throws -> Settlement? {
        try await withThrowingTaskGroup(of: Settlement?.self) { group in
            group.addTask {
                try await session.serveRequests { _, _ in }
                return nil
            }
            defer { group.cancelAll() }
            return try await session.loop.run()
        }
    }

    func run() async throws {
        let session = try await ControllerSession.open(
            repository, credentials: configuration.credentials, stateDirectory: state.directory,
            actor: NSUserName(),
            allowsPrune: allowPrune, hasTimes: false, stopsWhenSettled: true)
        let settlement: Settlement?
        do {
            session.loop.submit(.served(RunFile.report(in: state.directory)))
            try await look(session)
            settlement = try await reconcile(session)
        } catch {
            await session.close()
            throw error
        }
        await session.close()
        let errors = try await session.store.revisions(limit: 1).first?.diagnostics ?? []
        for diagnostic in errors { Terminal.writeError("\n" + diagnostic.text + "\n") }
        if format.output == .json {
            Terminal.write(try JSONText.pretty(View(settlement)))
        }
        if settlement.map({ $0.failed > 0 || $0.errors > 0 }) ?? true {
            throw ExitStatus.failure
        }
    }
}
