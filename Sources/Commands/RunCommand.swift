import ArgumentParser
import Foundation
import Reconciler
import ResourceAPI
import SourceControl

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Watch a branch and keep the state what its newest commit says.")

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var state: StateOptions

    @Option(
        name: .long, help: "How often a remote repository and outside data are looked at, seconds.")
    var interval = 30

    @Flag(help: "Allow commits to remove more resources than the prune budget.")
    var allowPrune = false

    func validate() throws {
        guard interval >= 1 else { throw ValidationError("--interval must be at least 1 second") }
    }

    func run() async throws {
        let session = try await ControllerSession.open(
            repository, stateDirectory: state.directory, actor: "controller",
            allowsPrune: allowPrune, hasTimes: true, stopsWhenSettled: false)
        session.console.note("watching \(repository.branch) of \(session.url)")
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await session.loop.run() }
                group.addTask { try await watch(session) }
                group.addTask { await follow(session) }
                group.addTask { await StopSignals.wait() }
                // The first to end, be it by a signal or by an error, ends all.
                try await group.next()
                group.cancelAll()
            }
        } catch {
            await session.close()
            throw error
        }
        session.console.note("stopping")
        await session.close()
    }

    /// Trouble with the repository or a commit is told, and leaves what is running as it was.
    private func watch(_ session: ControllerSession) async throws {
        let signals = try RefWatcher.signals(
            for: session.url, branch: repository.branch, interval: .seconds(interval))
        var lastTrouble = ""
        for await _ in signals {
            do {
                try await session.look(branch: repository.branch)
                lastTrouble = ""
                RunFile.clearTrouble(in: state.directory)
            } catch {
                let trouble = "\(error)"
                if trouble != lastTrouble { session.console.warn(trouble) }
                lastTrouble = trouble
                try RunFile.writeTrouble(trouble, in: state.directory)
            }
        }
    }

    private func follow(_ session: ControllerSession) async {
        var last: ServingReport?
        var isFirst = true
        for await report in ReportWatcher.reports(in: state.directory)
        where isFirst || report != last {
            isFirst = false
            last = report
            session.loop.submit(.served(report))
        }
    }
}
