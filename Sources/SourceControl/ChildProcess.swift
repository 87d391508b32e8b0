import Dispatch
import Glibc
import Synchronization

/// One child process in a process group of its own, killed with the whole group at its deadline.
///
/// The thread in `run` polls the child's output, a pipe that `cancel` writes to, and a pipe that a
/// second thread, blocked in waitid, writes to at the child's end. So the end is seen at once even if
/// a grandchild keeps the output open, and the child is reaped only after the last kill: its id
/// cannot belong to another process by then.
final class ChildProcess: Sendable {
    static let maxOutputBytes = 1 << 20

    struct Ending: Sendable {
        enum Reason: Hashable, Sendable, CustomStringConvertible {
            case exited(code: Int32)
            case signaled(signal: Int32)
            case deadline
            case cancelled

            var description: String {
                switch self {
                case .exited(let code): "ended with exit code \(code)"
                case .signaled(let signal): "was killed by signal \(signal)"
                case .deadline: "was stopped at its deadline"
                case .cancelled: "was cancelled"
                }
            }
        }

        let reason: Reason
        /// The first `maxOutputBytes`.
        let output: [UInt8]
        let errors: [UInt8]
    }

    private let deadline: Swift.Duration
    private let cancellation: DescriptorPipe

    init(deadline: Swift.Duration) throws(SourceControlError) {
        self.deadline = deadline
        cancellation = try DescriptorPipe()
    }

    /// From any thread, any number of times.
    func cancel() {
        cancellation.signal()
    }

    /// Blocks until the child has ended. To be called once.
    func run(
        _ path: String, _ arguments: [String], _ environment: [String: String]
    ) throws(SourceControlError) -> Ending {
        let output = try DescriptorPipe()
        let errors = try DescriptorPipe()
        let end = try DescriptorPipe()
        let child = try Self.spawn(path, arguments, environment, output, errors)
        output.closeWriting()
        errors.closeWriting()
        DispatchQueue(label: "ingot.child").async {
            var information = siginfo_t()
            // WNOWAIT: the child stays a zombie, and its id its own.
            while waitid(P_PID, id_t(child), &information, WEXITED | WNOWAIT) < 0, errno == EINTR {}
            end.signal()
        }
        var collected = Collected(output: output, errors: errors)
        let early = wait(for: end, &collected)
        kill(-child, SIGKILL)
        if early != nil { end.waitForSignal() }
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        collected.drain()
        return Ending(
            reason: early ?? Self.reason(status), output: collected.outputBytes,
            errors: collected.errorBytes)
    }

    /// Nil if the child ended by itself.
    private func wait(for end: DescriptorPipe, _ collected: inout Collected) -> Ending.Reason? {
        let limit = ContinuousClock.now.advanced(by: deadline)
        while true {
            let left = ContinuousClock.now.duration(to: limit)
            guard left > .zero else { return .deadline }
            let milliseconds = left.components.seconds.multipliedReportingOverflow(by: 1000)
            let timeout =
                milliseconds.overflow
                ? Int32.max
                : Int32(
                    clamping: milliseconds.partialValue
                        + left.components.attoseconds / 1_000_000_000_000_000 + 1)
            var descriptors = [
                collected.outputDescriptor, collected.errorDescriptor, end.reading,
                cancellation.reading,
            ].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            guard poll(&descriptors, nfds_t(descriptors.count), timeout) > 0 else { continue }
            if descriptors[3].revents != 0 { return .cancelled }
            if descriptors[0].revents != 0 { collected.readOutput() }
            if descriptors[1].revents != 0 { collected.readErrors() }
            if descriptors[2].revents != 0 { return nil }
        }
    }

    private static func reason(_ status: Int32) -> Ending.Reason {
        let signal = status & 0x7F
        return signal == 0 ? .exited(code: status >> 8 & 0xFF) : .signaled(signal: signal)
    }

    private static func spawn(
        _ path: String, _ arguments: [String], _ environment: [String: String],
        _ output: DescriptorPipe, _ errors: DescriptorPipe
    ) throws(SourceControlError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output.writing, 1)
        posix_spawn_file_actions_adddup2(&actions, errors.writing, 2)
        // Nothing of the parent's (database, sockets) is the fetcher's business.
        closeOthers(&actions)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes,
            Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        let words = CStrings([path] + arguments)
        let variables = CStrings(environment.sorted { $0.key < $1.key }.map { "\($0)=\($1)" })
        var child: pid_t = 0
        let code = posix_spawn(
            &child, path, &actions, &attributes, words.pointers, variables.pointers)
        guard code == 0 else {
            throw SourceControlError.fetcherNotStarted(
                path: path, problem: String(cString: strerror(code)))
        }
        return child
    }

    /// `posix_spawn_file_actions_addclosefrom_np`, which Swift's module of glibc leaves out. Without it
    /// (glibc before 2.34) the descriptors' own close-on-exec flags must do.
    private static func closeOthers(_ actions: inout posix_spawn_file_actions_t) {
        typealias Call =
            @convention(c) (
                UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32
            ) -> Int32
        guard let symbol = dlsym(nil, "posix_spawn_file_actions_addclosefrom_np") else { return }
        _ = unsafeBitCast(symbol, to: Call.self)(&actions, 3)
    }

    /// What the child has written so far. Descriptors that have ended are -1, which poll ignores.
    private struct Collected {
        private(set) var outputBytes: [UInt8] = []
        private(set) var errorBytes: [UInt8] = []
        private(set) var outputDescriptor: Int32
        private(set) var errorDescriptor: Int32
        private let pipes: (DescriptorPipe, DescriptorPipe)

        init(output: DescriptorPipe, errors: DescriptorPipe) {
            pipes = (output, errors)
            outputDescriptor = output.reading
            errorDescriptor = errors.reading
        }

        mutating func readOutput() {
            Self.read(&outputDescriptor, into: &outputBytes)
        }

        mutating func readErrors() {
            Self.read(&errorDescriptor, into: &errorBytes)
        }

        /// What is left in the pipes after the end; does not wait for more.
        mutating func drain() {
            for _ in 0..<64 where Self.isReadable(outputDescriptor) { readOutput() }
            for _ in 0..<64 where Self.isReadable(errorDescriptor) { readErrors() }
        }

        private static func isReadable(_ descriptor: Int32) -> Bool {
            guard descriptor >= 0 else { return false }
            var descriptor = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            return poll(&descriptor, 1, 0) > 0
        }

        private static func read(_ descriptor: inout Int32, into bytes: inout [UInt8]) {
            var buffer = [UInt8](repeating: 0, count: 64 << 10)
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { return }
            guard count > 0 else {
                descriptor = -1
                return
            }
            // Read on beyond the limit, so that the child does not stand still.
            bytes += buffer.prefix(count).prefix(maxOutputBytes - bytes.count)
        }
    }
}

/// Text for execve, freed with the object.
private final class CStrings {
    private(set) var pointers: [UnsafeMutablePointer<CChar>?]

    init(_ texts: [String]) {
        pointers = texts.map { strdup($0) } + [nil]
    }

    deinit {
        for pointer in pointers { free(pointer) }
    }
}

/// A pipe whose ends are closed with the object and on exec.
final class DescriptorPipe: Sendable {
    let reading: Int32
    private let writer: Mutex<Int32>

    init() throws(SourceControlError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw SourceControlError.library(
                operation: "make a pipe", message: String(cString: strerror(errno)))
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        reading = ends[0]
        writer = Mutex(ends[1])
    }

    /// -1 once it is closed.
    var writing: Int32 { writer.withLock { $0 } }

    func closeWriting() {
        writer.withLock { descriptor in
            if descriptor >= 0 { close(descriptor) }
            descriptor = -1
        }
    }

    /// Makes `reading` readable. By a byte, not by closing: a process that was started between pipe()
    /// and fcntl() may hold a copy of the end.
    func signal() {
        writer.withLock { descriptor in
            var byte: UInt8 = 1
            while write(descriptor, &byte, 1) < 0, errno == EINTR {}
        }
    }

    func waitForSignal() {
        var byte: UInt8 = 0
        while read(reading, &byte, 1) < 0, errno == EINTR {}
    }

    deinit {
        closeWriting()
        close(reading)
    }
}
