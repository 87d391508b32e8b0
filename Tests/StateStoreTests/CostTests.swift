import Foundation
import Planning
import ResourceAPI
import StateStore
import Testing

/// Prints what recording costs: `INGOT_MEASURE=20000 swift test --filter CostTests`.
@Suite("Cost", .enabled(if: ProcessInfo.processInfo.environment["INGOT_MEASURE"] != nil))
struct CostTests {
    @Test("recording runs and loading the state")
    func cost() async throws {
        let count = Int(ProcessInfo.processInfo.environment["INGOT_MEASURE"] ?? "") ?? 1000
        let scratch = try Scratch()
        try await measure(count, scratch)
        let timer = ContinuousClock()
        let reader = try await timer.measure { _ = try await scratch.reader() }
        let writer = try await timer.measure { _ = try await scratch.writer() }
        print("  openReader: \(reader), openWriter: \(writer)")
        try await measureMemory()
    }

    private func measureMemory() async throws {
        let scratch = try Scratch()
        let memory = try MemoryDatabase()
        let timer = ContinuousClock()
        for number in 1...3 {
            let opening = try await timer.measure {
                let store = try await StateStore.openWriter(
                    memory: memory, directory: scratch.state, clock: { 0 },
                    fileSystem: LocalFileSystem())
                try await store.close()
            }
            print("  opening a database in memory, time \(number): \(opening)")
        }
    }

    private func measureQueries(_ store: StateStore) async throws {
        let timer = ContinuousClock()
        func show(_ what: String, _ body: () async throws -> Void) async throws {
            try await body()
            print("  \(what): \(try await timer.measure { try await body() })")
        }
        let id = try resource("dataset/d1")
        try await show("runs of a resource") { _ = try await store.runs(of: id) }
        try await show("newest runs") { _ = try await store.runs() }
        try await show("events of a resource") {
            _ = try await store.events(EventFilter(resource: id), limit: 100)
        }
        try await show("statuses") { _ = try await store.statuses() }
        try await show("lostArtifacts") { _ = try await store.lostArtifacts() }
        try await show("verify without contents") { _ = try await store.verify(isDeep: false) }
        try await show("verify") { _ = try await store.verify() }
        try await show("garbagePlan") {
            _ = try await store.garbagePlan(keeping: [], retention: 0)
        }
    }

    private func measure(_ count: Int, _ scratch: Scratch) async throws {
        let store = try await scratch.writer()
        var publishing = Duration.zero
        var recording = Duration.zero
        let timer = ContinuousClock()
        let steps = max(1, count / 20)
        for number in 0..<count {
            let run = try newRun(
                "dataset/d\(number % steps)#snapshot", "\(number)",
                inputs: ["source": digest("\(number)")])
            var id = ""
            recording += try await timer.measure { id = try await store.startRun(run) }
            let folder = try scratch.output(["data.parquet": "content \(number)"])
            var artifact: PublishedArtifact?
            publishing += try await timer.measure {
                artifact = try await store.artifacts.publish(directory: folder)
            }
            guard let artifact else { continue }
            recording += try await timer.measure {
                _ = try await store.finishRun(id, artifact: artifact, metadata: ["rows": 1])
            }
        }
        print("\(count) runs of \(steps) steps")
        print("  publishing one file: \(publishing / count) per run")
        print("  startRun and finishRun: \(recording / count) per run")
        for _ in 1...3 {
            var state = RecordedState()
            let loading = try await timer.measure { state = try await store.recordedState() }
            print("  recordedState: \(loading), \(state.results.count) results")
        }
        let verifying = try await timer.measure { _ = try await store.verifyEventChain() }
        print("  verifyEventChain: \(verifying)")
        try await measureQueries(store)
        try await store.close()
    }
}
