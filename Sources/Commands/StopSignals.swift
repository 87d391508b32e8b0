import Dispatch
import Glibc

/// The signals that a service lives by.
enum StopSignals {
    /// Returns at the first SIGTERM or SIGINT, or when the task is cancelled. Further ones are
    /// ignored: a stop that is under way is not stopped. SIGPIPE is ignored: a log's reader that
    /// goes away is no reason to end.
    ///
    /// - Parameter onHangUp: called at each SIGHUP, on a queue of its own; nil leaves SIGHUP alone.
    static func wait(onHangUp: (@Sendable () -> Void)? = nil) async {
        let (stream, post) = AsyncStream.makeStream(of: Void.self)
        signal(SIGPIPE, SIG_IGN)
        var sources = [SIGTERM, SIGINT].map { source(for: $0) { post.yield() } }
        if let onHangUp { sources.append(source(for: SIGHUP, onHangUp)) }
        for await _ in stream { break }
        for source in sources { source.cancel() }
    }

    private static func source(
        for number: Int32, _ handler: @escaping @Sendable () -> Void
    ) -> any DispatchSourceSignal {
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler(handler: handler)
        source.resume()
        return source
    }
}
