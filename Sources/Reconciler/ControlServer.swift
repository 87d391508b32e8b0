import Foundation

/// The controller's side of the spool: hands each request to a handler, one after the other, and
/// its answer to the sender.
package struct ControlServer: Sendable {
    /// In case a notification is lost, or inotify is used up.
    private static let interval: Duration = .seconds(2)
    /// How often replies that nobody has taken are looked for.
    private static let sweepMilliseconds: Int64 = 60_000
    private let spool: ControlSpool
    private let clock: any LoopClock

    package init(stateDirectory: String, clock: any LoopClock) {
        spool = ControlSpool(stateDirectory: stateDirectory)
        self.clock = clock
    }

    /// Until the task is cancelled.
    ///
    /// - Throws: what `handle` throws, and if the folders cannot be made.
    package func run(
        _ handle: @Sendable (ControlRequest) async throws -> ControlReply
    ) async throws {
        try spool.prepare()
        spool.dropStale(now: clock.now.wall)
        var swept = clock.now.monotonic
        for await _ in signals() {
            if clock.now.monotonic - swept >= Self.sweepMilliseconds {
                spool.dropStale(now: clock.now.wall)
                swept = clock.now.monotonic
            }
            for id in spool.waiting() {
                guard !Task.isCancelled else { return }
                let reply: ControlReply
                switch spool.take(id) {
                case nil: continue
                case .malformed: reply = .malformed
                case .request(let request): reply = try await handle(request)
                }
                // If it cannot be written (a full disk), the sender gives up at its deadline.
                try? spool.reply(reply, to: id)
            }
        }
    }

    private func signals() -> AsyncStream<Void> {
        let (stream, post) = AsyncStream.makeStream(
            of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let watch = FolderWatch(folder: spool.requests) { post.yield() }
        let polling = Task {
            while !Task.isCancelled {
                post.yield()
                do { try await Task.sleep(for: Self.interval) } catch { return }
            }
        }
        post.onTermination = { _ in
            polling.cancel()
            watch?.stop()
        }
        return stream
    }
}

extension ControlReply {
    fileprivate static let malformed = ControlReply.refused(
        message: "the controller cannot read the request",
        hint: "it may be of another release of Ingot: restart it")
}
