import Planning
package import ResourceAPI
package import StateStore

/// Reads the whole store again, one artifact after the other and slowly, so that what has rotted is
/// found while it can still be made again, and not when it is needed.
package struct StoreScrub: Sendable {
    /// In which all artifacts have had their turn.
    static let roundMilliseconds: Int64 = 86_400_000
    static let minimumPauseMilliseconds: Int64 = 1000
    /// A pause is at least so many times as long as the reading before it, however large the store.
    static let pauseFactor: Int64 = 19

    private let store: StateStore
    private let clock: any LoopClock
    /// Whose turn was last; nil at the beginning of a round.
    private var last: Digest?

    /// - Parameter start: where to begin. Another one for each controller, so that one that is often
    ///   restarted does not read the same artifacts again and again.
    package init(store: StateStore, clock: any LoopClock, after start: Digest? = nil) {
        self.store = store
        self.clock = clock
        last = start
    }

    /// Reads the next artifact. At the end of a round, reads those that are recorded as damaged: their
    /// files may have been put back.
    ///
    /// - Returns: what the loop has to be told, and how many milliseconds to wait before the next.
    package mutating func next() async throws -> (events: [CoreEvent], pause: Int64) {
        let start = clock.now.monotonic
        let (artifact, count) = try await store.nextPresentArtifact(after: last)
        last = artifact
        var events: [CoreEvent] = []
        if await needsRepair(artifact) {
            let repair = try await store.repair(
                artifact.map { [$0] } ?? [],
                origin: ChangeOrigin(actor: "controller", cause: "read the store again"))
            events = ActualState(repair).events
        }
        let reading = clock.now.monotonic - start
        return (events, StoreScrub.pause(after: reading, artifacts: count))
    }

    private func needsRepair(_ artifact: Digest?) async -> Bool {
        guard let artifact else { return true }
        return (try? await store.artifacts.verify(artifact)) == nil
    }

    /// All in milliseconds.
    package static func pause(after reading: Int64, artifacts: Int) -> Int64 {
        // One more for the end of the round.
        max(
            roundMilliseconds / Int64(artifacts + 1), pauseFactor * reading,
            minimumPauseMilliseconds)
    }
}
