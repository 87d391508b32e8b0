import Foundation
import Glibc
import ResourceAPI
import Subprocess
import SystemPackage

/// Makes one virtual environment from a lock file, in its final place.
struct RuntimeInstaller: Sendable {
    private static let venvDeadline = Duration.seconds(300)
    private static let installDeadline = Duration.seconds(3600)

    let directory: String
    let lock: RequirementsLock
    let environment: [String: String]
    let clock: any Clock<Duration>
    let onProgress: @Sendable (String) -> Void

    /// The caller holds the lock.
    func install() async throws {
        try await checkPython()
        // What an attempt that was interrupted has left.
        try await onDisk { try? FileManager.default.removeItem(atPath: directory) }
        do {
            try await makeEnvironment()
            try await installPackages()
            try await onDisk { try writeMarker() }
        } catch {
            try? await onDisk { try? FileManager.default.removeItem(atPath: directory) }
            throw error
        }
        onProgress("the Python runtime is complete: \(directory)")
    }

    private func checkPython() async throws {
        let found: RuntimeInspection
        do {
            found = try await RuntimeInspection.inspect(
                .name("python3"), path: "python3", environment: environment, clock: clock)
        } catch is SubprocessError {
            throw ExecutionError.pythonMissing(name: "python3")
        }
        guard found.isUsable else {
            throw ExecutionError.pythonTooOld(path: "python3", version: found.version)
        }
    }

    private func makeEnvironment() async throws {
        onProgress("making a Python virtual environment in \(directory)")
        let command = ChildCommand(
            program: .name("python3"), arguments: ["-I", "-m", "venv", directory],
            environment: environment, deadline: Self.venvDeadline)
        let result = try await command.run(clock: clock) { _ in }
        guard result.isSuccess else {
            throw ExecutionError.venvFailed(path: directory, output: result.tail)
        }
    }

    private func installPackages() async throws {
        let lockPath = directory + "/requirements.lock"
        try await onDisk {
            guard FileManager.default.createFile(atPath: lockPath, contents: Data(lock.bytes))
            else { throw failed(lockPath) }
        }
        onProgress("installing \(lock.pins.count) packages")
        let command = ChildCommand(
            program: .path(FilePath(directory + "/bin/python")),
            arguments: [
                "-I", "-m", "pip", "install", "--require-hashes", "--no-deps",
                "--only-binary", ":all:", "--progress-bar", "off",
                "--disable-pip-version-check", "-r", lockPath,
            ],
            environment: environment, deadline: Self.installDeadline)
        let result = try await command.run(clock: clock, onLine: onProgress)
        guard result.isSuccess else {
            throw ExecutionError.installFailed(status: "it \(result.ending)", output: result.tail)
        }
    }

    /// Written aside, synced and renamed: a marker that is there is true, whatever happened.
    private func writeMarker() throws {
        let temporary = directory + "/complete.new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw failed(temporary) }
        defer { close(descriptor) }
        let text = Array((lock.digest.description + "\n").utf8)
        // The packages first: a marker must not outlive, after a power cut, what it speaks of.
        sync()
        guard write(descriptor, text, text.count) == text.count, fsync(descriptor) == 0,
            rename(temporary, directory + "/complete") == 0
        else { throw failed(temporary) }
        let folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw failed(directory) }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw failed(directory) }
    }

    private func failed(_ path: String) -> ExecutionError {
        .runtimeDirectory(path: path, problem: String(cString: strerror(errno)))
    }

    private func onDisk(_ body: @escaping @Sendable () throws -> Void) async throws {
        try await BlockingWork(label: "ingot.runtime-files").run(body)
    }
}
