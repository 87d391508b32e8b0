import Planning
import Reconciler
import ResourceAPI
import StateStore

extension ControllerSession {
    /// Does what commands ask for while this process holds the state.
    ///
    /// - Parameter then: told of each request that was handled, and whether the repository is to be
    ///   looked at.
    func serveRequests(
        _ then: @Sendable (ControlRequest, Bool) async throws -> Void
    ) async throws {
        let handler = ControlHandler(
            store: store, clock: SystemLoopClock(), roots: { await loop.garbageRoots })
        let server = ControlServer(stateDirectory: store.directory.path, clock: SystemLoopClock())
        try await server.run { request in
            let outcome = try await handler.handle(request)
            for event in outcome.events { loop.submit(event) }
            try await then(request, outcome.needsLook)
            return outcome.reply
        }
    }
}
