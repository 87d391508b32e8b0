import ArgumentParser
import Execution
import Foundation
import Logging
import Manifests
import Reconciler
import ResourceAPI
import ResourceGraph
import SourceControl
import StateStore

struct SnapshotCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshot",
        abstract: "Read sources outside the repository, and commit to ingot.lock what they hold.",
        discussion: """
            Without names: all datasets that need an entry of ingot.lock, and all that have one. \
            The rows are published in the store, and the commit is made on the branch (pushed, for \
            a remote repository); a revert of it brings the old rows back. If no source has other \
            rows than before, there is no commit. Exit code 1 if a source cannot be read; what \
            could be read is committed all the same.
            """)

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var state: StateOptions
    @OptionGroup var configuration: ConfigurationOptions

    @Argument(help: "Names of datasets.")
    var names: [String] = []

    @Option(help: "Make a new branch of this name with the commit, instead of moving the branch.")
    var proposal: String?

    @Flag(help: "Only say what has changed.")
    var dryRun = false

    @Flag(help: "Write ingot.lock into the work tree, and leave the commit to you.")
    var noCommit = false

    func validate() throws {
        guard [proposal != nil, dryRun, noCommit].filter({ $0 }).count <= 1 else {
            throw ValidationError("--proposal, --dry-run and --no-commit exclude each other")
        }
    }

    func run() async throws {
        try await prepareState()
        let tip = try await BranchTip.newest(repository, stateDirectory: state.directory)
        let source = try ProjectSource.open(repository, stateDirectory: state.directory)
        guard !noCommit || source.isCheckedOut else { throw CommandError.noWorkTree }
        let compiled = try await source.reader(nil).compile(tip)
        guard compiled.snapshots.isReadable else { throw CommandError.lockUnreadable }
        let datasets =
            names.isEmpty
            ? SnapshotTaking.standard(compiled)
            : try SnapshotTaking.named(names, in: compiled)
        let runtimes = try runtimes(compiled)
        let (taken, failed) = try await take(datasets, compiled, source, runtimes.runtimes)
        await runtimes.runtimes.stop()
        try? FileManager.default.removeItem(atPath: runtimes.folder)
        try await commit(taken, compiled, source)
        if failed > 0 { throw ExitStatus.failure }
    }

    /// A project may be snapshotted before anything of it was reconciled.
    private func prepareState() async throws {
        do throws(StateStoreError) {
            try await StateStore.openReader(directory: state.directory).close()
        } catch {
            guard case .stateMissing = error else { throw error }
            try await StateStore.openWriter(
                directory: state.directory, clock: { SystemLoopClock().now.wall }
            ).close()
        }
        SnapshotFolders.sweep(in: state.directory)
    }

    /// A Python of its own, which no controller knows of.
    private func runtimes(
        _ compiled: CompiledCommit
    ) throws -> (runtimes: LocalRuntimes, folder: String) {
        let folder =
            StateStore.snapshotFolder(in: state.directory) + "/" + SnapshotFolders.newName()
        for name in ["work", "run"] {
            try FileManager.default.createDirectory(
                atPath: folder + "/" + name, withIntermediateDirectories: true)
        }
        var logger = Logger(label: "ingot.execution", factory: LineLogHandler.init)
        logger.logLevel = .warning
        let lock = RequirementsLock(bytes: compiled.lock)
        let runtimes = LocalRuntimes(
            provider: RuntimeProvider(environment: ProcessInfo.processInfo.environment),
            stateDirectory: folder, budget: .machine(), logger: logger,
            oldLock: { digest, _ in digest == lock.digest ? lock : nil },
            progress: { Terminal.writeError($0 + "\n") })
        return (runtimes, folder)
    }

    private func take(
        _ datasets: [ResourceID], _ compiled: CompiledCommit, _ source: ProjectSource,
        _ runtimes: LocalRuntimes
    ) async throws -> (taken: [SnapshotTaking.Taken], failed: Int) {
        await runtimes.follow(RequirementsLock(bytes: compiled.lock))
        let observer = SourceObserver(
            repository: source.repository, projectPath: source.projectPath,
            dataDirectory: source.dataDirectory, lfs: source.lfs, store: nil)
        let revision = Revision(pointer: repository.branch, commit: compiled.commit)
        let free = GraphCompiler.compile(resources: Array(compiled.graph.resources.values))
        let files = try await observer.lookUp(free, at: compiled.commit).files
        let store = try await StateStore.openReader(directory: state.directory)
        let change = StateChange(directory: state.directory)
        let taking = SnapshotTaking(
            compiled: compiled, revision: revision,
            reader: SnapshotReader(
                graph: compiled.graph, revision: revision, runtime: compiled.runtime,
                sources: observer, files: files, executors: runtimes,
                credentials: configuration.credentials),
            stateDirectory: state.directory, actor: NSUserName(),
            digest: { try await store.artifacts.describe(directory: $0) },
            publish: { _ = try await change.make(.publish($0)) })
        var taken: [SnapshotTaking.Taken] = []
        var failed = 0
        for dataset in datasets {
            do {
                let one = try await taking.take(dataset, isDryRun: dryRun)
                Terminal.write(SnapshotText.line(one) + "\n")
                taken.append(one)
            } catch let error as SnapshotProblem {
                failed += 1
                Terminal.writeError("error: \(error)\n")
            } catch let error as CommandError {
                failed += 1
                Terminal.writeError("error: \(dataset): \(error)\n")
            }
        }
        try await store.close()
        return (taken, failed)
    }

    private func commit(
        _ taken: [SnapshotTaking.Taken], _ compiled: CompiledCommit, _ source: ProjectSource
    ) async throws {
        guard taken.contains(where: \.isChanged) else {
            return Terminal.write("nothing has changed\n")
        }
        let commit = SnapshotCommit(
            options: repository, stateDirectory: state.directory, taken: taken, author: nil)
        if dryRun { return Terminal.write("nothing was written\n") }
        if noCommit {
            guard
                let folder = ProjectSource.dataDirectory(
                    repositoryWithoutData, workTree: source.workTree)
            else { throw CommandError.noWorkTree }
            let bytes = SnapshotLockFile.bytes(of: commit.merged(compiled))
            try Data(bytes).write(
                to: URL(fileURLWithPath: folder + "/" + SnapshotLock.path.display),
                options: .atomic)
            return Terminal.write("wrote \(folder)/\(SnapshotLock.path.display)\n")
        }
        let target = proposal.map(SnapshotCommit.Target.proposal) ?? .branch
        guard let id = try await commit.publish(to: target) else {
            return Terminal.write("nothing has changed\n")
        }
        Terminal.write("committed as \(id.short) to \(proposal ?? repository.branch)\n")
    }

    /// Where `ingot.lock` is, which `--data` says nothing of.
    private var repositoryWithoutData: RepositoryOptions {
        var options = repository
        options.data = nil
        return options
    }
}

enum SnapshotText {
    static func line(_ one: SnapshotTaking.Taken) -> String {
        let rows = one.rows.map { Plural.count(Int($0), "row") } ?? "read"
        guard one.isChanged else { return "\(one.dataset)  \(rows), as before" }
        guard one.before?.digest != one.entry.digest else {
            return "\(one.dataset)  \(rows) as before, of a source with other columns"
                + one.newColumnsText
        }
        let before = one.before.map { " instead of \($0.digest.short)" } ?? ""
        return "\(one.dataset)  \(rows), \(one.entry.digest.short)\(before)\(one.newColumnsText)"
    }
}
