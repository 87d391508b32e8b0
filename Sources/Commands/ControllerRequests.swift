import Planning
import Reconciler
import ResourceAPI
import StateStore

extension ControllerSession {
    /// Does what commands ask for while this process holds the state.
    ///
    /// - Parameters:
    ///   - repository: as this process was told.
    ///   - then: told of each request that was handled, and whether the repository is to be looked
    ///     at.
    func serveRequests(
        _ repository: RepositoryOptions,
        _ then: @Sendable (ControlRequest, Bool) async throws -> Void
    ) async throws {
        let handler = ControlHandler(
            store: store, clock: SystemLoopClock(), roots: { try await roots(repository) })
        let server = ControlServer(stateDirectory: store.directory.path, clock: SystemLoopClock())
        try await server.run { request in
            let outcome = try await handler.handle(request)
            for event in outcome.events { loop.submit(event) }
            try await then(request, outcome.needsLook)
            return outcome.reply
        }
    }

    private func roots(_ repository: RepositoryOptions) async throws -> ControlHandler.Roots? {
        let found = try await GarbageRoots(
            repository: repository, stateDirectory: store.directory.path
        ).find()
        // What the loop believes to need is kept in any case.
        let believed = await loop.beliefs.artifacts
        return found.map {
            ControlHandler.Roots(
                artifacts: $0.artifacts.union(believed),
                retentionMilliseconds: $0.retentionMilliseconds)
        }
    }
}
