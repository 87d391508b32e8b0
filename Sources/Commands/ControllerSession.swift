import Execution
import Foundation
import Glibc
import Logging
import Planning
import Reconciler
import ResourceAPI
import SourceControl
import StateStore

/// Everything that `apply` and `run` put together: the only place where the parts meet.
struct ControllerSession {
    let store: StateStore
    let mirror: Mirror
    let url: RepositoryURL
    let observer: Observer
    let actual: ActualStateLook
    let runtimes: LocalRuntimes
    let console: ConsoleObserver
    let reporter: ControllerReporter
    let loop: ReconcileLoop
    let care: MirrorCare
    /// The mirror once more, for who blames: that may take long, and must not keep anybody from
    /// looking at the branch.
    let past: GitRepository
    let credentials: ConfiguredCredentials

    /// - Parameter reading: stands between the mirror and whoever looks for the newest commit.
    static func open(
        _ options: RepositoryOptions, credentials: ConfiguredCredentials? = nil,
        stateDirectory: String, actor: String, allowsPrune: Bool,
        hasTimes: Bool, stopsWhenSettled: Bool,
        reading: (any Repository) -> any Repository = { $0 }
    ) async throws -> ControllerSession {
        let url = try options.url
        let local = try url.localPath.map { try GitRepository(opening: $0) }
        let store = try await StateStore.openWriter(
            directory: stateDirectory, clock: { SystemLoopClock().now.wall })
        try prepareFolders(stateDirectory)
        try await store.abandonRunningRuns()
        await Housekeeping(stateDirectory: stateDirectory).sweep()
        let mirror = try Mirror(
            at: stateDirectory + "/repo.git", of: url,
            fetcher: try Remote.fetcher(for: url))
        await mirror.sweepLocks()
        let console = ConsoleObserver(hasTimes: hasTimes)
        let actual = ActualStateLook(store: store)
        for digest in try await actual.findLost().sorted() {
            console.warn(
                "the artifact \(digest.short) is missing from the store or damaged; it is made again where it is needed"
            )
        }
        let credentials =
            credentials
            ?? ConfiguredCredentials(environment: ProcessInfo.processInfo.environment)
        let budget = ResourceBudget.machine()
        let projectPath = RepositoryPath(options.path)
        let standardLock = try WorkerPackage.requirementsLock().bytes
        let locks = CommittedLocks(
            repository: mirror.repository, projectPath: projectPath, standardLock: standardLock)
        let runtimes = LocalRuntimes(
            provider: RuntimeProvider(environment: ProcessInfo.processInfo.environment),
            stateDirectory: stateDirectory, budget: budget, logger: quietLogger,
            oldLock: { await locks.lock($0, at: $1).map(RequirementsLock.init(bytes:)) },
            progress: { console.note($0) })
        let sources = SourceObserver(
            repository: mirror.repository, projectPath: projectPath,
            dataDirectory: ProjectSource.dataDirectory(options, workTree: local?.workingDirectory),
            lfs: LFSStore(repository: local?.commonDirectory ?? stateDirectory + "/repo.git"),
            store: store)
        let observer = Observer(
            repository: reading(mirror.repository), branch: options.branch,
            reader: DesiredStateReader(
                repository: mirror.repository, projectPath: projectPath,
                standardLock: standardLock,
                guardian: ParseGuardian(journal: StoreParseJournal(store: store))),
            sources: sources, store: store, actor: actor, allowsPrune: allowsPrune,
            clock: SystemLoopClock())
        let serving = ServingFile(store: store, libraries: runtimes)
        let past = try GitRepository(opening: stateDirectory + "/repo.git")
        let parts = ReconcileLoop.Parts(
            recorder: StoreRecorder(store: store, actor: actor), sources: sources,
            folders: LocalWorkFolders(stateDirectory: stateDirectory), executors: runtimes,
            credentials: credentials,
            serving: serving,
            attribution: HistoryAttribution(
                repository: past, projectPath: projectPath,
                graph: { await observer.graph(of: $0) }), clock: SystemLoopClock(),
            observer: console)
        let core = try await CoreLoading.core(
            from: store, budget: budget, served: RunFile.plan(in: stateDirectory))
        let reporter = ControllerReporter(
            stateDirectory: stateDirectory, pid: ProcessInfo.processInfo.processIdentifier,
            elapsed: { ProcessClock.elapsedMilliseconds })
        return ControllerSession(
            store: store, mirror: mirror, url: url, observer: observer,
            actual: actual.watching(serving), runtimes: runtimes, console: console,
            reporter: reporter,
            loop: ReconcileLoop(
                core: core, parts: parts, stopsWhenSettled: stopsWhenSettled,
                onPlanned: {
                    await reporter.planned()
                    ProcessMemory.giveBack()
                },
                onSettled: { settlement, beliefs in
                    await rememberSettled(
                        settlement, beliefs, observer: observer, stateDirectory: stateDirectory)
                }), care: MirrorCare(mirror: mirror, store: store), past: past,
            credentials: credentials)
    }

    private static var quietLogger: Logger {
        var logger = Logger(label: "ingot.execution", factory: LineLogHandler.init)
        logger.logLevel = .warning
        return logger
    }

    /// What a run left behind when the last controller was killed is swept.
    private static func prepareFolders(_ state: String) throws {
        try? FileManager.default.removeItem(atPath: state + "/work")
        for name in ["work", "logs", "run"] {
            try FileManager.default.createDirectory(
                atPath: state + "/" + name, withIntermediateDirectories: true)
        }
        // The state never becomes part of a repository that it lies in.
        let ignore = state + "/.gitignore"
        if !FileManager.default.fileExists(atPath: ignore) {
            try "*\n".write(toFile: ignore, atomically: true, encoding: .utf8)
        }
    }

    /// Looks at the repository once and tells the loop if something changed. If the mirror turns out
    /// to be damaged, it is made anew and looked at again.
    ///
    /// - Returns: whether something did.
    @discardableResult
    func look(branch: String) async throws -> Bool {
        let start = reporter.now
        do {
            return try await look(branch, since: start)
        } catch let error as SourceControlError {
            guard let mended = await care.mend(after: error, branch: branch) else { throw error }
            console.warn(mended)
            try await past.reopen()
            return try await look(branch, since: start)
        }
    }

    private func look(_ branch: String, since start: Double) async throws -> Bool {
        _ = try await mirror.update(branch: branch)
        return try await lookAtMirror(since: start)
    }

    /// The same, at what was fetched before.
    @discardableResult
    func lookAtMirror(since start: Double? = nil) async throws -> Bool {
        let start = start ?? reporter.now
        guard let desired = try await observer.look() else {
            await reporter.unchanged(since: start)
            return false
        }
        await reporter.seen(desired.revision.commit, since: start, at: SystemLoopClock().now.wall)
        if let lock = await observer.lock { await runtimes.follow(RequirementsLock(bytes: lock)) }
        loop.submit(.desired(desired))
        return true
    }

    /// So that `ingot plan` need not find out again that there is nothing to do.
    private static func rememberSettled(
        _ settlement: Settlement, _ beliefs: Beliefs, observer: Observer, stateDirectory: String
    ) async {
        SettledPlan.remove(in: stateDirectory)
        guard settlement.failed == 0, settlement.errors == 0 else { return }
        let plan = try? await observer.settledPlan(
            for: settlement.revision.commit, artifacts: beliefs.artifacts,
            program: Executable.identity)
        plan?.write(in: stateDirectory)
    }

    func close() async {
        await runtimes.stop()
    }
}

/// The machine's clocks.
struct SystemLoopClock: LoopClock {
    var now: LoopTime {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return LoopTime(
            wall: Int64(Date().timeIntervalSince1970 * 1000),
            monotonic: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    func sleep(until monotonic: Int64) async {
        try? await Task.sleep(for: .milliseconds(max(0, monotonic - now.monotonic)))
    }
}
