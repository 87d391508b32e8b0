import Foundation
import Glibc
package import ResourceAPI
import Subprocess
import SystemPackage

/// Finds or makes the Python virtual environment of a lock file.
///
/// Environments are made where they stay, `<runtimes>/<lock digest>`, because their scripts hold
/// their own path. A lock file beside them (`<digest>.lock`) keeps two processes from making the
/// same one, and a marker in them, written last, says that one is complete.
package struct RuntimeProvider: Sendable {
    /// Holds one environment per lock file. Absolute.
    package let runtimesDirectory: String
    /// An environment to be used as it is, made by somebody else.
    package let existingRuntime: String?
    /// With what pip runs.
    private let environment: [String: String]
    private let clock: any Clock<Duration>

    package init(
        runtimesDirectory: String, existingRuntime: String? = nil,
        environment: [String: String], clock: any Clock<Duration> = ContinuousClock()
    ) {
        self.runtimesDirectory = runtimesDirectory
        self.existingRuntime = existingRuntime
        self.environment = environment
        self.clock = clock
    }

    /// As the environment variables say: `INGOT_RUNTIME` (an environment to be used as it is),
    /// `INGOT_RUNTIMES` (where to keep them), else `$XDG_CACHE_HOME/ingot/runtimes` or
    /// `~/.cache/ingot/runtimes`.
    package init(environment: [String: String], clock: any Clock<Duration> = ContinuousClock()) {
        func variable(_ name: String) -> String? {
            environment[name].flatMap { $0.isEmpty ? nil : $0 }
        }
        let cache =
            variable("XDG_CACHE_HOME") ?? (variable("HOME") ?? NSHomeDirectory()) + "/.cache"
        self.init(
            runtimesDirectory: Self.absolute(
                variable("INGOT_RUNTIMES") ?? cache + "/ingot/runtimes"),
            existingRuntime: variable("INGOT_RUNTIME").map(Self.absolute),
            environment: environment, clock: clock)
    }

    /// The environment of this lock file; made if there is none, which takes from seconds to
    /// minutes and needs a package index.
    ///
    /// - Parameter onProgress: one line of text for people at a time.
    /// - Throws: `ExecutionError`, or `CancellationError` if the task was cancelled; what was begun
    ///   is removed by the next attempt.
    package func prepare(
        _ lock: RequirementsLock, onProgress: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws -> Runtime {
        if let existingRuntime { return try await check(existingRuntime, lock) }
        let directory = runtimesDirectory + "/" + lock.digest.hex
        if let runtime = try await complete(directory, lock) { return runtime }
        let guarded = try await RuntimeLock.acquire(
            path: directory + ".lock", clock: clock, onProgress: onProgress)
        defer { guarded.release() }
        // Somebody else may have made it while this one waited.
        if let runtime = try await complete(directory, lock) { return runtime }
        let installer = RuntimeInstaller(
            directory: directory, lock: lock,
            environment: WorkerEnvironment.installer(from: environment), clock: clock,
            onProgress: onProgress)
        try await installer.install()
        return try Runtime(directory: directory, lockDigest: lock.digest)
    }

    /// The complete environment of the lock file with this digest, if Ingot has made it before; its
    /// lock file is not needed. Looks only whether its files are there.
    package func existing(_ digest: Digest) -> Runtime? {
        let directory = runtimesDirectory + "/" + digest.hex
        guard FileManager.default.fileExists(atPath: directory + "/complete") else { return nil }
        return try? Runtime(directory: directory, lockDigest: digest)
    }

    /// Nil if there is none, or if its interpreter does not run any more: after an upgrade of the
    /// system's Python an environment is an empty shell.
    private func complete(_ directory: String, _ lock: RequirementsLock) async throws -> Runtime? {
        guard FileManager.default.fileExists(atPath: directory + "/complete"),
            let found = try? await inspect(directory), found.isUsable
        else {
            try Task.checkCancellation()
            return nil
        }
        return try Runtime(directory: directory, lockDigest: lock.digest)
    }

    private func check(_ directory: String, _ lock: RequirementsLock) async throws -> Runtime {
        let found: RuntimeInspection
        do {
            found = try await inspect(directory)
        } catch let error as SubprocessError {
            throw ExecutionError.runtimeUnusable(
                path: directory, problem: "\(directory)/bin/python cannot be run: \(error)")
        } catch ExecutionError.pythonUnusable(_, let problem) {
            throw ExecutionError.runtimeUnusable(
                path: directory, problem: "\(directory)/bin/python does not work: \(problem)")
        }
        guard found.isUsable else {
            throw ExecutionError.pythonTooOld(
                path: directory + "/bin/python", version: found.version)
        }
        let differences = lock.differences(from: found.packages)
        guard differences.isEmpty else {
            throw ExecutionError.runtimeMismatch(path: directory, differences: differences)
        }
        return try Runtime(directory: directory, lockDigest: lock.digest)
    }

    private func inspect(_ directory: String) async throws -> RuntimeInspection {
        try await RuntimeInspection.inspect(
            .path(FilePath(directory + "/bin/python")), path: directory + "/bin/python",
            environment: WorkerEnvironment.installer(from: environment), clock: clock)
    }

    private static func absolute(_ path: String) -> String {
        path.hasPrefix("/")
            ? path : FileManager.default.currentDirectoryPath + "/" + path
    }
}
