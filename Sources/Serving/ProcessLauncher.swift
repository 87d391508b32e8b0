#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
import Glibc
import Subprocess
import Synchronization
import SystemPackage

/// Starts instances as child processes: `<executable> instance --config <file>`, each in a session of
/// its own, so that Ctrl-C at a terminal reaches only the gateway. A child ends with the gateway:
/// its standard input is a pipe whose other end only the gateway holds.
package struct ProcessLauncher: InstanceLauncher {
    let executablePath: String

    package init(executablePath: String) {
        self.executablePath = executablePath
    }

    package func launch(
        _ configuration: InstanceConfiguration, logPath: String
    ) async throws -> any LaunchedInstance {
        let configurationPath = configuration.socketPath + ".json"
        try JSONEncoder().encode(configuration).write(
            to: URL(fileURLWithPath: configurationPath), options: .atomic)
        let log = try FileDescriptor.open(
            FilePath(logPath), .writeOnly, options: [.create, .append, .closeOnExec],
            permissions: [.ownerReadWrite, .groupRead])
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            try? log.close()
            throw ServingError.instanceNotStarted(reason: String(cString: strerror(errno)))
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let process = LaunchedProcess(
            lifeline: FileDescriptor(rawValue: ends[1]), configurationPath: configurationPath)
        process.start(
            executablePath, configurationPath, input: FileDescriptor(rawValue: ends[0]), log: log)
        return process
    }
}

/// One child process.
private final class LaunchedProcess: LaunchedInstance {
    private enum State {
        /// With what it was asked to end by meanwhile.
        case starting(asked: Signal?)
        case running(@Sendable (Signal) -> Void)
        case ended(String)
    }

    private let state = Mutex(State.starting(asked: nil))
    private let task = Mutex<Task<String, Never>?>(nil)
    private let lifeline: FileDescriptor
    private let configurationPath: String

    init(lifeline: FileDescriptor, configurationPath: String) {
        self.lifeline = lifeline
        self.configurationPath = configurationPath
    }

    func start(
        _ executable: String, _ configurationPath: String, input: FileDescriptor,
        log: FileDescriptor
    ) {
        let task = Task { [self] in
            var options = PlatformOptions()
            options.createSession = true
            let how: String
            do {
                let result = try await Subprocess.run(
                    .path(FilePath(executable)),
                    arguments: ["instance", "--config", configurationPath],
                    environment: .inherit.updating(["ORT_DISABLE_TELEMETRY": "1"]),
                    platformOptions: options,
                    input: .fileDescriptor(input, closeAfterSpawningProcess: true),
                    output: .fileDescriptor(log, closeAfterSpawningProcess: false),
                    error: .fileDescriptor(log, closeAfterSpawningProcess: false)
                ) { execution in
                    let send: @Sendable (Signal) -> Void = { try? execution.send(signal: $0) }
                    run(send)
                }
                how =
                    switch result.terminationStatus {
                    case .exited(let code): "exited with code \(code)"
                    case .signaled(let number): "was ended by signal \(number)"
                    }
            } catch {
                how = "could not be started: \(error)"
            }
            state.withLock { $0 = .ended(how) }
            try? log.close()
            try? lifeline.close()
            unlink(configurationPath)
            return how
        }
        self.task.withLock { $0 = task }
    }

    func waitForEnd() async -> String {
        await task.withLock { $0 }?.value ?? "was never started"
    }

    func terminate() { send(.terminate) }
    func kill() { send(.kill) }

    private func run(_ send: @escaping @Sendable (Signal) -> Void) {
        state.withLock { state in
            if case .starting(let asked?) = state { send(asked) }
            state = .running(send)
        }
    }

    /// To a process that was not reaped yet only, so never to a stranger with the same number: the
    /// state changes to `ended` right after reaping, and the process has a descriptor.
    private func send(_ signal: Signal) {
        state.withLock { state in
            switch state {
            case .running(let send): send(signal)
            case .starting(asked: .kill?): break
            case .starting: state = .starting(asked: signal)
            case .ended: break
            }
        }
    }
}
