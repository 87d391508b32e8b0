import Foundation
import Glibc
import Synchronization

/// One connection to the warm parent, for one step.
///
/// A thread of its own sends the request and then waits in `recv` for what comes back. (A dispatch
/// source was tried: after a half-close it now and then did not report the end of the stream.)
final class WorkerConnection: Sendable {
    enum Input: Sendable {
        case bytes([UInt8])
        case closed
    }

    private struct State {
        var isStarted = false
        /// The descriptor is closed, and its number may mean something else.
        var isReleased = false
        var closers: [CheckedContinuation<Void, Never>] = []
    }

    private static let readBytesMax = 64 << 10
    private static let sendSecondsMax = 10

    private let descriptor: Int32
    private let state = Mutex(State())

    private init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// Connects; nothing is sent yet. `close` must be called in the end.
    static func open(path: String) async throws(ExecutionError) -> WorkerConnection {
        try await BlockingWork(label: "ingot.worker-connect").run { () throws(ExecutionError) in
            WorkerConnection(descriptor: try connectedSocket(path))
        }
    }

    /// Sends the request, then delivers what comes back, in order, on the connection's thread. The
    /// last thing delivered is `.closed`.
    func start(request: [UInt8], deliver: @escaping @Sendable (Input) -> Void) {
        let mayStart = state.withLock { state in
            guard !state.isStarted, !state.isReleased else { return false }
            state.isStarted = true
            return true
        }
        guard mayStart else { return }
        Thread.detachNewThread { [self] in
            if send(request) {
                while let bytes = receive() { deliver(.bytes(bytes)) }
            }
            deliver(.closed)
            release()
        }
    }

    /// Tells the warm parent to kill the step; what it still writes is delivered.
    func halfClose() { shutDown(Int32(SHUT_WR)) }

    /// Returns when the descriptor is closed and nothing will be delivered any more.
    func close() async {
        // Wakes the thread.
        shutDown(Int32(SHUT_RDWR))
        await withCheckedContinuation { continuation in
            let (isReleased, isStarted) = state.withLock { state in
                if !state.isReleased { state.closers.append(continuation) }
                return (state.isReleased, state.isStarted)
            }
            if isReleased { continuation.resume() } else if !isStarted { release() }
        }
    }

    private func shutDown(_ how: Int32) {
        state.withLock { state in
            if !state.isReleased { _ = Glibc.shutdown(descriptor, how) }
        }
    }

    private func release() {
        let closers = state.withLock { state in
            _ = Glibc.close(descriptor)
            state.isReleased = true
            defer { state.closers = [] }
            return state.closers
        }
        for closer in closers { closer.resume() }
    }

    /// Nil at the end of the stream.
    private func receive() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: Self.readBytesMax)
        while true {
            let count = Glibc.recv(descriptor, &buffer, buffer.count, 0)
            if count > 0 { return Array(buffer[..<count]) }
            if count < 0, errno == EINTR { continue }
            return nil
        }
    }

    private func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count > 0 {
                sent += count
            } else if errno != EINTR {
                return false
            }
        }
        return true
    }

    private static func connectedSocket(_ path: String) throws(ExecutionError) -> Int32 {
        func problem() -> ExecutionError {
            .cannotConnect(path: path, problem: String(cString: strerror(errno)))
        }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let isCopied = withUnsafeMutableBytes(of: &address.sun_path) { target in
            let bytes = Array(path.utf8)
            // One byte less, for the terminating zero.
            guard bytes.count < target.count else { return false }
            target.copyBytes(from: bytes)
            return true
        }
        guard isCopied else {
            throw .cannotConnect(path: path, problem: "the path is too long for a socket")
        }
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_UNIX, type, 0)
        guard descriptor >= 0 else { throw problem() }
        // A parent that does not read must not hold the queue for ever.
        var limit = timeval(tv_sec: sendSecondsMax, tv_usec: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard status == 0 else {
            let error = problem()
            _ = Glibc.close(descriptor)
            throw error
        }
        return descriptor
    }
}
