import Foundation
import Planning
import ResourceAPI
import StateStore
import Testing

/// On a real file system without space, as `make test-small-disk` makes one. It has a file `ballast`,
/// without which there is room again.
@Suite("Small disk")
struct SmallDiskTests {
    private static var folder: String? {
        ProcessInfo.processInfo.environment["INGOT_TEST_SMALL_DISK"]
    }

    @Test("a disk that fills up loses nothing that was recorded", .enabled(if: folder != nil))
    func fillUp() async throws {
        let folder = try #require(Self.folder)
        let scratch = try Scratch()
        let state = folder + "/.ingot"
        var recorded: [String: Digest] = [:]
        var failure: StateStoreError?
        do {
            let store = try await StateStore.openWriter(directory: state, clock: { 0 })
            for number in 0..<10_000 where failure == nil {
                failure = await stateError {
                    let run = try newRun("dataset/a#snapshot", "\(number)")
                    let text = String(repeating: "\(number) ", count: 1000)
                    let finished = try await store.succeed(scratch, run, text)
                    recorded[finished.run.id] = finished.artifact
                }
            }
            guard case .diskFull(let path) = failure else {
                Issue.record("not diskFull: \(String(describing: failure))")
                return
            }
            print("full after \(recorded.count) runs, at \(path)")
            let left = try FileManager.default.contentsOfDirectory(atPath: state + "/store/tmp")
            #expect(left.isEmpty)
            #expect(try await store.recordedState().results.count == recorded.count)
            try await store.close()
        }
        let reader = try await StateStore.openReader(directory: state)
        for (id, artifact) in recorded { #expect(try await reader.run(id).artifact == artifact) }
        #expect(try await reader.verify(isDeep: true).findings.isEmpty)
        try await reader.close()
        // With space again, everything goes on.
        try FileManager.default.removeItem(atPath: folder + "/ballast")
        let store = try await StateStore.openWriter(directory: state, clock: { 0 })
        try await store.abandonRunningRuns()
        _ = try await store.succeed(scratch, newRun("dataset/a#snapshot", "last"), "last")
        #expect(try await store.recordedState().results.count == recorded.count + 1)
    }
}
