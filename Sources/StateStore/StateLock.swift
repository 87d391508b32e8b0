import Glibc

/// Holds `<state>/state.lock` for as long as it lives: one controller per state directory. The
/// kernel lets go of it when the process dies, however it dies; the file stays.
final class StateLock: Sendable {
    private let descriptor: Int32

    init(_ directory: StateDirectory) throws(StateStoreError) {
        // Close-on-exec: a worker that outlives us must not keep the lock.
        let descriptor = open(directory.lockPath, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else {
            throw .directoryUnusable(
                path: directory.path, problem: StateStoreError.text(of: errno))
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            let holder = StateLock.holder(descriptor)
            close(descriptor)
            guard code == EWOULDBLOCK else {
                throw .directoryUnusable(
                    path: directory.path, problem: StateStoreError.text(of: code))
            }
            throw .inUse(directory: directory.path, process: holder)
        }
        self.descriptor = descriptor
        // Only for the message that others get: an error here changes nothing.
        let text = Array("\(getpid())\n".utf8)
        _ = ftruncate(descriptor, 0)
        _ = pwrite(descriptor, text, text.count, 0)
    }

    deinit {
        // Not left to `close`: a child that was just forked and has not yet called exec shares the
        // file, and would hold the lock for a moment longer.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    private static func holder(_ descriptor: Int32) -> Int32? {
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        return Int32(String(decoding: bytes[..<count].prefix { $0 != 10 }, as: UTF8.self))
    }
}
