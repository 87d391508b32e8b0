import Foundation
import Planning
import Reconciler
import ResourceAPI
import StateStore
import Synchronization
import Testing

/// The slow reading of the whole store.
@Suite("Scrub")
struct StoreScrubTests {
    /// Goes on by half a second with every look, as if reading took that long.
    private final class SlowClock: LoopClock {
        private let milliseconds = Mutex<Int64>(0)

        var now: LoopTime {
            milliseconds.withLock { time in
                time += 500
                return LoopTime(wall: time, monotonic: time)
            }
        }

        func sleep(until monotonic: Int64) async {}
    }

    private let folder: String

    init() {
        folder = NSTemporaryDirectory() + "ingot-scrub-" + UUID().uuidString
    }

    private func make(_ count: Int, _ store: StateStore) async throws -> [Digest] {
        var artifacts: [Digest] = []
        for number in 0..<count {
            let id = try await store.startRun(
                NewRun(
                    step: try #require(StepID("dataset/d\(number)#noop")),
                    fingerprint: Fingerprint(Digest(hashing: [UInt8(number)])),
                    revision: Revision(
                        pointer: "main",
                        commit: try #require(CommitID(String(repeating: "1", count: 40)))),
                    actor: "controller", attempt: 1, reasons: [], recipeVersion: 1, recipe: [:],
                    inputs: [:], runtime: Digest(hashing: []), seed: 0, threads: 1))
            let output = "\(folder)/work-\(number)"
            try FileManager.default.createDirectory(
                atPath: output, withIntermediateDirectories: true)
            try Data("content \(number)".utf8)
                .write(to: URL(fileURLWithPath: output + "/data"))
            let artifact = try await store.artifacts.publish(directory: output)
            artifacts.append(
                try await store.finishRun(id, artifact: artifact, metadata: [:]).artifact)
        }
        return artifacts.sorted()
    }

    private func path(of artifact: Digest, _ store: StateStore) async throws -> String {
        try #require(try await store.artifacts.files(of: artifact)["data"]).path
    }

    @Test("each round reads every artifact once, finds what has rotted and what was put back")
    func rounds() async throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let store = try await StateStore.openWriter(
            directory: folder + "/state", clock: { 1000 })
        let artifacts = try await make(3, store)
        var scrub = StoreScrub(store: store, clock: SlowClock())
        // Three artifacts and the end of the round share a day.
        for _ in 0..<4 {
            let (events, pause) = try await scrub.next()
            #expect(events.isEmpty)
            #expect(pause == 21_600_000)
        }
        let path = try await path(of: artifacts[1], store)
        let content = try Data(contentsOf: URL(fileURLWithPath: path))
        chmod(path, 0o644)
        try Data("rotten  1".utf8).write(to: URL(fileURLWithPath: path))
        var found: [ActualState] = []
        for _ in 0..<4 {
            for case .looked(let state) in try await scrub.next().events { found.append(state) }
        }
        #expect(found.map(\.lost) == [[artifacts[1]]])
        try content.write(to: URL(fileURLWithPath: path))
        found = []
        for _ in 0..<3 {
            for case .looked(let state) in try await scrub.next().events { found.append(state) }
        }
        #expect(found.map(\.lost) == [[]])
        #expect(found.flatMap(\.found.values).map(\.digest) == [artifacts[1]])
        #expect(try await store.verify().findings == [])
        let origin = try await store.events(EventFilter(kinds: [.artifactDamaged])).first?.event
            .origin
        #expect(origin == ChangeOrigin(actor: "controller", cause: "read the store again"))
    }

    @Test("a store that is too large for a day is read a twentieth of the time")
    func pauses() {
        #expect(StoreScrub.pause(after: 0, artifacts: 1_000_000) == 1000)
        #expect(StoreScrub.pause(after: 5000, artifacts: 1_000_000) == 95_000)
        #expect(StoreScrub.pause(after: 5000, artifacts: 0) == 86_400_000)
    }
}
