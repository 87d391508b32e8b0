import ResourceAPI
import StateStore
import Testing

@Suite("Warnings of runs")
struct RunWarningTests {
    @Test("those of profiles are found by their fingerprints")
    func ofProfiles() async throws {
        let scratch = try Scratch()
        let store = try await scratch.writer()
        for (step, key, metadata) in [
            ("dataset/a#profile", "1", ["rows": 4, "warnings": ["rowCount failed"]] as JSONValue),
            ("dataset/b#profile", "2", ["rows": 4]),
            ("dataset/c#snapshot", "3", ["warnings": ["not of a profile"]]),
        ] {
            let id = try await store.startRun(newRun(step, key))
            let artifact = try await store.artifacts.publish(
                directory: scratch.output(["file": key]))
            let run = try await store.finishRun(id, artifact: artifact, metadata: metadata).run
            #expect(run.warnings.count == (key == "2" ? 0 : 1))
        }
        #expect(try await store.warnings() == [fingerprint("1"): ["rowCount failed"]])
    }
}
