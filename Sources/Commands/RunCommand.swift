import ArgumentParser
import Reconciler
import ResourceAPI
import StateStore

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Watch a branch and keep the state what its newest commit says.",
        discussion: """
            SIGTERM and SIGINT stop it within 10 s; what was running is tried again at the next \
            start. SIGHUP looks at the repository at once. One controller may use a state \
            directory: a second one ends with exit code 1.
            """)

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var state: StateOptions
    @OptionGroup var configuration: ConfigurationOptions

    @Option(
        name: .long, help: "How often a remote repository and outside data are looked at, seconds.")
    var interval = 30

    @Option(
        help: "How often artifacts, stages and the gateway's orders are looked at, seconds.")
    var driftInterval = 60

    @Flag(help: "Allow commits to remove more resources than the prune budget.")
    var allowPrune = false

    func validate() throws {
        guard interval >= 1 else { throw ValidationError("--interval must be at least 1 second") }
        guard driftInterval >= 1 else {
            throw ValidationError("--drift-interval must be at least 1 second")
        }
    }

    func run() async throws {
        let session = try await ControllerSession.open(
            repository, credentials: configuration.credentials, stateDirectory: state.directory,
            actor: "controller",
            allowsPrune: allowPrune, hasTimes: true, stopsWhenSettled: false)
        session.console.note("watching \(repository.branch) of \(session.url)")
        do {
            try await ControllerRun(
                session: session, stateDirectory: state.directory, repository: repository,
                interval: .seconds(interval), driftInterval: .seconds(driftInterval)
            ).run()
        } catch {
            await session.close()
            throw error
        }
        session.console.note("stopping")
        await session.close()
    }
}
