import ResourceAPI
package import StateStore

/// The command's side of the spool.
package struct ControlSender: Sendable {
    private let spool: ControlSpool
    private let clock: any LoopClock

    package enum Outcome: Sendable {
        case replied(ControlReply)
        /// The controller has ended meanwhile, and the state can be changed by whoever asks.
        case free(StateStore)
        /// It holds the state but has not answered in time.
        case silent(process: Int32?)
    }

    package init(stateDirectory: String, clock: any LoopClock) {
        spool = ControlSpool(stateDirectory: stateDirectory)
        self.clock = clock
    }

    /// Sends a request and waits for the reply.
    ///
    /// - Parameters:
    ///   - timeout: milliseconds to wait for a reply.
    ///   - open: opens the state for writing; throws `inUse` while the controller runs.
    package func send(
        _ request: ControlRequest, timeout: Int64,
        open: () async throws(StateStoreError) -> StateStore
    ) async throws -> Outcome {
        let id = ControlSpool.newID(at: clock.now.wall)
        try spool.post(request, id: id)
        defer { _ = spool.withdraw(id) }
        let deadline = clock.now.monotonic + timeout
        var holder: Int32?
        var attempts = 0
        while true {
            if let reply = spool.takeReply(id) { return .replied(reply) }
            attempts += 1
            // Half a second after half a second; the reply usually comes within milliseconds.
            if attempts.isMultiple(of: 50) {
                do throws(StateStoreError) {
                    let store = try await open()
                    // It may have replied in its last moment.
                    guard let reply = spool.takeReply(id) else { return .free(store) }
                    try await store.close()
                    return .replied(reply)
                } catch {
                    guard case .inUse(_, let process) = error else { throw error }
                    holder = process
                }
            }
            guard clock.now.monotonic < deadline else { return .silent(process: holder) }
            await clock.sleep(until: clock.now.monotonic + 10)
        }
    }
}
