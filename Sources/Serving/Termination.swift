import Dispatch
import Glibc

/// Waits for the end that somebody asks of this process.
enum Termination {
    /// Returns at SIGTERM or SIGINT, or, if asked for, when standard input reaches its end, which it
    /// does when the process that holds the other side of the pipe is gone for whatever reason.
    static func wait(standardInput: Bool) async {
        signal(SIGPIPE, SIG_IGN)
        let queue = DispatchQueue(label: "ingot.termination")
        var sources: [any DispatchSourceProtocol] = []
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        for number in [SIGTERM, SIGINT] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler { continuation.finish() }
            source.activate()
            sources.append(source)
        }
        if standardInput {
            let source = DispatchSource.makeReadSource(
                fileDescriptor: STDIN_FILENO, queue: queue)
            source.setEventHandler {
                var byte: UInt8 = 0
                if read(STDIN_FILENO, &byte, 1) == 0 { continuation.finish() }
            }
            source.activate()
            sources.append(source)
        }
        for await _ in stream {}
        for source in sources { source.cancel() }
    }

    /// Asks the kernel for SIGKILL when the thread that started this process ends: the pipe's second
    /// lock, for a parent that is killed while this process hangs.
    static func dieWithParent() {
        // prctl is variadic in C, which Swift cannot call; on Linux the call is the same.
        typealias Prctl = @convention(c) (CInt, CUnsignedLong) -> CInt
        guard let symbol = dlsym(UnsafeMutableRawPointer(bitPattern: 0), "prctl") else { return }
        let setParentDeathSignal: CInt = 1  // PR_SET_PDEATHSIG of <linux/prctl.h>
        _ = unsafeBitCast(symbol, to: Prctl.self)(setParentDeathSignal, CUnsignedLong(SIGKILL))
    }
}
