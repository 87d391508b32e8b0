import Execution
import Foundation
import Planning
import Reconciler
import ResourceAPI
import SourceControl
import StateStore

/// Has a change of the state made: by the controller if one runs, else by this process.
struct StateChange {
    static let standardTimeout: Int64 = 30
    /// Rehashing nothing, but unlinking may be slow on large stores.
    static let garbageTimeout: Int64 = 600
    /// What is suspected is read again, and may be large.
    static let repairTimeout: Int64 = 3600

    struct Answer {
        let reply: ControlReply
        /// A controller did it, and acts on it at once.
        let hasController: Bool
    }

    let directory: String
    private let clock = SystemLoopClock()

    /// - Parameters:
    ///   - timeout: seconds to wait for a controller.
    ///   - roots: what must be kept, if this process has to collect garbage itself.
    /// - Throws: `CommandError.refused` if it is not done.
    func make(
        _ request: ControlRequest, timeout: Int64 = standardTimeout,
        roots: @escaping @Sendable () async throws -> ControlHandler.Roots? = { nil }
    ) async throws -> Answer {
        // A writer would make a state where there is none.
        try await StateStore.openReader(directory: directory).close()
        let store: StateStore
        do throws(StateStoreError) {
            store = try await open()
        } catch {
            guard case .inUse = error else { throw error }
            switch try await send(request, timeout) {
            case .replied(let reply): return try answer(reply, hasController: true)
            case .free(let free): store = free
            case .silent(let process):
                throw CommandError.noAnswer(process: process, seconds: timeout)
            }
        }
        let handler = ControlHandler(store: store, clock: clock, roots: roots)
        let outcome = try await handler.handle(request)
        try await store.close()
        return try answer(outcome.reply, hasController: false)
    }

    private func send(
        _ request: ControlRequest, _ timeout: Int64
    ) async throws -> ControlSender.Outcome {
        try await ControlSender(stateDirectory: directory, clock: clock).send(
            request, timeout: timeout * 1000,
            open: { () async throws(StateStoreError) in try await open() })
    }

    private func open() async throws(StateStoreError) -> StateStore {
        let clock = clock
        return try await StateStore.openWriter(directory: directory, clock: { clock.now.wall })
    }

    private func answer(_ reply: ControlReply, hasController: Bool) throws -> Answer {
        if case .refused(let message, let hint) = reply {
            throw CommandError.refused(message, hint: hint)
        }
        return Answer(reply: reply, hasController: hasController)
    }
}
