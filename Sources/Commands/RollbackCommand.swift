import ArgumentParser
import StateStore

struct RollbackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback",
        abstract: "Take the branch back to an earlier commit, with a new commit on top.",
        discussion: """
            Without a revision: to the one that was reconciled before the newest. History is not \
            rewritten. Without --push nothing is changed and the git commands are printed; with \
            --push the commit is made and the branch moved (pushed, for a remote repository). \
            Artifacts that still exist are used again, so nothing is trained anew. \
            Exit code 1 if it cannot be done.
            """)

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var state: StateOptions
    @OptionGroup var format: OutputOptions

    @Argument(help: "The commit to go back to: its id, at least 7 digits of it, a tag or a branch.")
    var revision: String?

    @Flag(help: "Make the commit and move the branch.")
    var push = false

    @Flag(help: "Only say what would happen: the default.")
    var dryRun = false

    func validate() throws {
        guard !(push && dryRun) else {
            throw ValidationError("--push and --dry-run exclude each other")
        }
    }

    func run() async throws {
        let store = try await StateStore.openReader(directory: state.directory)
        let rollback = try await Rollback.prepare(
            to: revision, repository, stateDirectory: state.directory, store: store,
            needsAuthor: push)
        let outlook = try await RollbackOutlook(
            rollback, repository, stateDirectory: state.directory, store: store)
        if push { try await rollback.publish(repository) }
        let view = RollbackView(rollback, outlook, isPushed: push)
        try format.write(view, text: view.text)
    }
}
