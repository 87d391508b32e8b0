package import Logging
import Foundation
import Glibc
import ResourceAPI
import Synchronization

/// Keeps one Python process with all imports done, from which every step is forked: a step then
/// costs milliseconds instead of the second of imports.
///
/// The process is started when it is first needed, and again after it has died, at the earliest
/// after a delay that grows while it keeps dying.
package actor WarmParent {
    package struct Configuration: Sendable {
        package let pythonPath: String
        /// Holds the Python package `ingot_worker`.
        package let packageDirectory: String
        /// Where the workers run and put temporary files; exists.
        package let workDirectory: String
        /// Where the socket lies: `<state>/run`; exists.
        package let socketDirectory: String
        package let environment: [String: String]
        package let readyDeadline: Duration
        package let backoff: RetryPolicy

        package init(
            pythonPath: String, packageDirectory: String = WorkerPackage.directory,
            workDirectory: String, socketDirectory: String,
            environment: [String: String]? = nil, readyDeadline: Duration = .seconds(60),
            backoff: RetryPolicy = .warmParent
        ) {
            self.pythonPath = pythonPath
            self.packageDirectory = packageDirectory
            self.workDirectory = workDirectory
            self.socketDirectory = socketDirectory
            self.environment =
                environment ?? WorkerEnvironment.variables(workDirectory: workDirectory)
            self.readyDeadline = readyDeadline
            self.backoff = backoff
        }

        /// `-I` ignores PYTHONPATH, so that the package's folder is the program's first argument.
        /// `-B`: the folder belongs to the installation and may be read-only.
        func arguments(socketPath: String) -> [String] {
            let program =
                "import sys; sys.path.insert(0, sys.argv.pop(1)); "
                + "from ingot_worker.__main__ import main; sys.exit(main())"
            return ["-I", "-B", "-c", program, packageDirectory, "serve", socketPath]
        }
    }

    /// The kernel's `sun_path` has 108 bytes, one of them for the terminating zero.
    private static let socketPathBytesMax = 107
    /// Of all warm parents of this process: several may share a directory.
    private static let starts = Atomic(0)

    private let configuration: Configuration
    private let clock: any Clock<Duration>
    private let logger: Logger
    private var process: WorkerProcess?
    private var starting: Task<Result<WorkerProcess, ExecutionError>, Never>?
    private var failures = 0
    private var isStopped = false
    private var isSwept = false
    private var privateDirectory: String?

    package init(
        _ configuration: Configuration, clock: any Clock<Duration> = ContinuousClock(),
        logger: Logger = Logger(label: "ingot.execution")
    ) {
        self.configuration = configuration
        self.clock = clock
        self.logger = logger
    }

    /// Starts the process if it does not run, so that the first step does not wait for it.
    package func start() async throws(ExecutionError) {
        _ = try await running()
    }

    /// The living process; started if need be.
    func running() async throws(ExecutionError) -> WorkerProcess {
        if let process, process.isUsable { return process }
        if isStopped { throw .workerDidNotStart(reason: "it was stopped", output: []) }
        let task: Task<Result<WorkerProcess, ExecutionError>, Never>
        if let starting {
            task = starting
        } else {
            let last = process
            if let last { failures = last.isProven ? 1 : failures + 1 }
            process = nil
            task = Task { await self.launch(after: last) }
            starting = task
        }
        return try await task.value.get()
    }

    /// Ends the process and every step that runs in it. It is not started again.
    package func stop() async {
        isStopped = true
        starting?.cancel()
        if case .success(let process)? = await starting?.value { await process.stop() }
        await process?.stop()
        if let privateDirectory { try? FileManager.default.removeItem(atPath: privateDirectory) }
    }

    private func launch(
        after last: WorkerProcess?
    ) async -> Result<WorkerProcess, ExecutionError> {
        defer { starting = nil }
        await last?.waitForEnd()
        do throws(ExecutionError) {
            if failures > 0, let delay = configuration.backoff.delay(afterAttempt: failures) {
                try? await clock.sleep(for: delay)
            }
            await killStrays()
            let number = Self.starts.wrappingAdd(1, ordering: .relaxed).newValue
            let name = "worker-\(getpid())-\(number).sock"
            let path = try socketPath(name)
            let process = try await WorkerProcess.launch(
                configuration, socketPath: path,
                mark: configuration.socketDirectory + "/" + name, clock: clock)
            self.process = process
            _ = process.onExit { [logger] ending in
                for name in [path, path + WorkerProcess.lightSuffix] {
                    try? FileManager.default.removeItem(atPath: name)
                }
                logger.info("\(ending)")
            }
            return .success(process)
        } catch {
            failures += 1
            logger.warning("\(error.message)")
            return .failure(error)
        }
    }

    /// Ends what controllers that have died left in this directory: their warm parents end with
    /// them, but one that was killed in the same moment may leave something.
    private func killStrays() async {
        guard !isSwept else { return }
        isSwept = true
        let prefix = "\(WorkerProcess.markVariable)=\(configuration.socketDirectory)/worker-"
        await BlockingWork(label: "ingot.stray-sweep").run {
            ProcessTree.killAll { entry in
                guard entry.hasPrefix(prefix),
                    let controller = Int32(entry.dropFirst(prefix.count).prefix { $0 != "-" })
                else { return false }
                return controller > 1 && kill(controller, 0) != 0 && errno == ESRCH
            }
        }
    }

    /// A name that was never used before, so that an old process cannot be mistaken for a new one.
    /// A state directory whose path is too long for a socket gets a private one in /tmp instead.
    private func socketPath(_ name: String) throws(ExecutionError) -> String {
        let path = configuration.socketDirectory + "/" + name
        if (path + WorkerProcess.lightSuffix).utf8.count <= Self.socketPathBytesMax {
            try? FileManager.default.removeItem(atPath: path)
            return path
        }
        if let privateDirectory { return privateDirectory + "/" + name }
        var template = Array("/tmp/ingot-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw .socketPathUnavailable(
                path: "/tmp", problem: String(cString: strerror(errno)))
        }
        let directory = String(decoding: template.dropLast().map(UInt8.init), as: UTF8.self)
        privateDirectory = directory
        return directory + "/" + name
    }
}
