import Dispatch
import Glibc

/// Waits for the signals that ask a service to end.
enum StopSignals {
    /// Returns at the first SIGTERM or SIGINT, or when the task is cancelled.
    static func wait() async {
        let (stream, post) = AsyncStream.makeStream(of: Void.self)
        let sources = [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { post.yield() }
            source.resume()
            return source
        }
        signal(SIGPIPE, SIG_IGN)
        for await _ in stream { break }
        for source in sources { source.cancel() }
    }
}
