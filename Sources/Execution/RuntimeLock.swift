import Foundation
import Glibc

/// Held by the one process that makes an environment. The kernel lets go of it when that process
/// ends, however it ends. The file itself stays: to remove it would let two processes lock two files
/// of one name.
struct RuntimeLock: Sendable {
    private static let pollInterval = Duration.milliseconds(200)

    private let descriptor: Int32

    /// Waits as long as another process holds it.
    static func acquire(
        path: String, clock: any Clock<Duration>, onProgress: @Sendable (String) -> Void
    ) async throws -> RuntimeLock {
        let directory = (path as NSString).deletingLastPathComponent
        func problem() -> ExecutionError {
            .runtimeDirectory(path: directory, problem: String(cString: strerror(errno)))
        }
        do {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true)
        } catch {
            throw ExecutionError.runtimeDirectory(
                path: directory, problem: "it cannot be created")
        }
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw problem() }
        var isTold = false
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK else {
                let error = problem()
                close(descriptor)
                throw error
            }
            if !isTold { onProgress("waiting for another process that makes the same runtime") }
            isTold = true
            do {
                try await clock.sleep(for: pollInterval)
            } catch {
                close(descriptor)
                throw error
            }
        }
        return RuntimeLock(descriptor: descriptor)
    }

    func release() {
        // Not left to `close`: a child between fork and exec shares the file for a moment.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }
}
