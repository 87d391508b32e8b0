import Execution
import Foundation
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
    let loop: ReconcileLoop

    static func open(
        _ options: RepositoryOptions, stateDirectory: String, actor: String, allowsPrune: Bool,
        hasTimes: Bool, stopsWhenSettled: Bool
    ) async throws -> ControllerSession {
        let url = try options.url
        let workTree = try url.localPath.flatMap {
            try GitRepository(opening: $0).workingDirectory
        }
        let store = try await StateStore.openWriter(
            directory: stateDirectory, clock: { SystemLoopClock().now })
        try prepareFolders(stateDirectory)
        try await store.abandonRunningRuns()
        let mirror = try Mirror(
            at: stateDirectory + "/repo.git", of: url,
            fetcher: url.isLocal ? nil : FetchChild(executablePath: Executable.path))
        let console = ConsoleObserver(hasTimes: hasTimes)
        let actual = ActualStateLook(store: store)
        for digest in try await actual.findLost().sorted() {
            console.warn(
                "the artifact \(digest.short) is missing from the store or damaged; it is made again where it is needed"
            )
        }
        let budget = ResourceBudget.machine()
        let runtimes = LocalRuntimes(
            provider: RuntimeProvider(environment: ProcessInfo.processInfo.environment),
            stateDirectory: stateDirectory, budget: budget, logger: quietLogger,
            progress: { console.note($0) })
        let projectPath = RepositoryPath(options.path)
        let sources = SourceObserver(
            repository: mirror.repository, projectPath: projectPath,
            dataDirectory: ProjectSource.dataDirectory(options, workTree: workTree), store: store)
        let observer = Observer(
            repository: mirror.repository, branch: options.branch,
            reader: DesiredStateReader(
                repository: mirror.repository, projectPath: projectPath,
                standardLock: try WorkerPackage.requirementsLock().bytes,
                guardian: ParseGuardian(journal: StoreParseJournal(store: store))),
            sources: sources, store: store, actor: actor, allowsPrune: allowsPrune)
        let serving = ServingFile(store: store) { digest in
            try await runtimes.runtime(for: digest).onnxRuntimeLibraryPath
        }
        let parts = ReconcileLoop.Parts(
            recorder: StoreRecorder(store: store, actor: actor), sources: sources,
            folders: LocalWorkFolders(stateDirectory: stateDirectory), executors: runtimes,
            serving: serving,
            attribution: HistoryAttribution(
                repository: mirror.repository, projectPath: projectPath,
                graph: { await observer.graph(of: $0) }), clock: SystemLoopClock(),
            observer: console)
        let core = try await CoreLoading.core(
            from: store, budget: budget, served: RunFile.plan(in: stateDirectory))
        return ControllerSession(
            store: store, mirror: mirror, url: url, observer: observer,
            actual: actual.watching(serving), runtimes: runtimes, console: console,
            loop: ReconcileLoop(core: core, parts: parts, stopsWhenSettled: stopsWhenSettled))
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

    /// Looks at the repository once and tells the loop if something changed.
    ///
    /// - Returns: whether something did.
    @discardableResult
    func look(branch: String) async throws -> Bool {
        _ = try await mirror.update(branch: branch)
        guard let desired = try await observer.look() else { return false }
        if let lock = await observer.lock { await runtimes.add(RequirementsLock(bytes: lock)) }
        loop.submit(.desired(desired))
        return true
    }

    func close() async {
        await runtimes.stop()
    }
}

/// The machine's clock.
struct SystemLoopClock: LoopClock {
    var now: Int64 { Int64(Date().timeIntervalSince1970 * 1000) }

    func sleep(until time: Int64) async {
        try? await Task.sleep(for: .milliseconds(max(0, time - now)))
    }
}
