import Foundation
import Planning
import ResourceAPI
import StateStore
import Testing

@Suite("Garbage collection")
struct GarbageTests {
    static let retention: Int64 = 1_000_000
    let scratch: Scratch
    let clock = TestClock()
    let store: StateStore
    let origin = ChangeOrigin(actor: "controller", cause: "test")

    init() async throws {
        scratch = try Scratch()
        store = try await scratch.writer(clock: clock)
    }

    private func make(
        _ key: String, _ content: String, inputs: [String: Digest] = [:],
        step: String = "dataset/a#snapshot"
    ) async throws -> Digest {
        try await store.succeed(scratch, newRun(step, key, inputs: inputs), content).artifact
    }

    private func collect(_ roots: Set<Digest> = []) async throws -> GarbageReport {
        try await store.collectGarbage(keeping: roots, retention: Self.retention)
    }

    /// Long enough for everything that is unused now.
    private func waitRetention() { clock.set(clock.now() + 2 * Self.retention) }

    private func register(_ key: String, _ artifact: Digest) async throws -> VersionRecord {
        try await store.registerVersion(
            NewVersion(
                model: name("delay"), digest: artifact, fingerprint: fingerprint(key),
                commit: commit(1), metrics: [:], gates: []), origin: origin)
    }

    @Test("what nothing needs is marked, kept for its time, and then gone")
    func collected() async throws {
        let kept = try await make("1", "one")
        let unused = try await make("2", "two")
        let first = try await collect([kept])
        #expect(first.collected.isEmpty)
        #expect((first.waiting, first.kept) == (1, 1))
        #expect(try await collect([kept]).collected.isEmpty)
        waitRetention()
        let plan = try await store.garbagePlan(keeping: [kept], retention: Self.retention)
        #expect(plan.due.map(\.digest) == [unused])
        #expect(plan.due.map(\.step) == [try step("dataset/a#snapshot")])
        #expect((plan.kept, plan.bytes, plan.waiting.count) == (1, 3, 0))
        let report = try await collect([kept])
        #expect(report.collected == [unused])
        #expect(report.files == 2)
        #expect(await store.artifacts.contains(kept))
        #expect(await store.artifacts.contains(unused) == false)
        #expect(try await store.recordedState().results.keys.map(\.self) == [fingerprint("1")])
        #expect(
            try await store.events(EventFilter(kinds: [.artifactCollected])).map(\.event.result)
                == [unused.description])
        let report2 = try await store.verify()
        #expect(report2.findings.isEmpty)
        #expect(report2.notes.isEmpty)
    }

    @Test("a second call has nothing to do and writes nothing")
    func twice() async throws {
        _ = try await make("1", "one")
        _ = try await collect()
        waitRetention()
        #expect(try await collect().collected.count == 1)
        let events = try await store.events().count
        let again = try await collect()
        #expect(again.collected.isEmpty)
        #expect((again.files, again.bytes, again.waiting, again.kept) == (0, 0, 0, 0))
        #expect(try await store.events().count == events)
    }

    @Test("what was collected can be made again and counts anew")
    func again() async throws {
        let artifact = try await make("1", "one")
        _ = try await collect()
        waitRetention()
        _ = try await collect()
        #expect(try await make("1", "one") == artifact)
        #expect(try await store.recordedState().results.count == 1)
        #expect(try await collect().collected.isEmpty)
        #expect(try await store.verify().findings.isEmpty)
    }

    @Test("the lineage of a staged version, what is served and what runs are needed")
    func needed() async throws {
        let data = try await make("1", "data")
        let features = try await make("2", "features", inputs: ["data": data])
        let model = try await make(
            "3", "onnx", inputs: ["features": features], step: "trainingconfig/delay#train")
        let old = try await make("4", "old onnx", step: "trainingconfig/delay#train")
        let input = try await make("5", "input")
        let unused = try await make("6", "unused")
        let version = try await register("3", model)
        let served = try await register("4", old)
        try await store.setStage(
            model: name("delay"), stage: name("production"), version: 1, origin: origin)
        try await store.replaceInventory(
            applied: [
                InventoryEntry(
                    resource: resource("deployment/delay"), file: RepositoryPath("d.yaml"),
                    blob: "aa", commit: commit(1))
            ], pruned: [], origin: origin)
        for record in [served, version] {
            try await store.startRollout(
                deployment: name("delay"), version: record.version, revision: revision(1),
                origin: origin)
            guard record == served else { continue }
            try await store.markRolloutReady(
                deployment: name("delay"), digest: old, origin: origin)
        }
        let run = try await store.startRun(
            newRun("dataset/b#snapshot", "7", inputs: ["data": input]))
        _ = try await collect()
        waitRetention()
        #expect(try await collect().collected == [unused])
        try await store.cancelRun(run, cause: "superseded")
        try await store.markRolloutReady(deployment: name("delay"), digest: model, origin: origin)
        _ = try await collect()
        waitRetention()
        #expect(try await collect().collected == [input, old].sorted())
        #expect(try await store.verify().findings.isEmpty)
    }

    @Test("a file that another artifact has too stays")
    func shared() async throws {
        let folder = try scratch.output(["a": "same", "b": "other"], name: "two")
        let id = try await store.startRun(newRun("dataset/a#snapshot", "1"))
        let both = try await store.artifacts.publish(directory: folder)
        _ = try await store.finishRun(id, artifact: both, metadata: [:])
        let kept = try await make("2", "same")
        _ = try await collect([kept])
        waitRetention()
        let plan = try await store.garbagePlan(keeping: [kept], retention: Self.retention)
        #expect(plan.bytes == 5)
        #expect(try await collect([kept]).files == 2)
        try await store.artifacts.verify(kept)
    }

    @Test("what is wanted again between the two looks stays")
    func secondLook() async throws {
        let model = try await make("1", "onnx")
        _ = try await register("1", model)
        let republished = try await make("2", "two")
        _ = try await collect()
        waitRetention()
        let (store, scratch, origin) = (store, scratch, origin)
        let report = try await store.collectGarbage(keeping: [], retention: Self.retention) {
            _ = try? await store.setStage(
                model: name("delay"), stage: name("production"), version: 1, origin: origin)
            _ = try? await store.succeed(scratch, newRun("dataset/a#snapshot", "3"), "two")
        }
        #expect(report.collected.isEmpty)
        try await store.artifacts.verify(model)
        try await store.artifacts.verify(republished)
    }

    @Test("what is just being published or read stays until that is over")
    func leases() async throws {
        let published = try await make("1", "one")
        let read = try await make("2", "two")
        _ = try await collect()
        waitRetention()
        try await store.artifacts.lease(read)
        let folder = try scratch.output(["data.parquet": "one"], name: "again")
        let artifact = try await store.artifacts.publish(directory: folder)
        #expect(artifact.digest == published)
        #expect(try await collect().collected.isEmpty)
        store.artifacts.release(read)
        #expect(try await collect().collected == [read])
        store.artifacts.abandon(artifact)
        #expect(try await collect().collected == [published])
        let error = await stateError { try await store.artifacts.lease(read) }
        #expect(error == .artifactMissing(read))
    }

    @Test("a stage cannot be moved to what was collected")
    func stage() async throws {
        let model = try await make("1", "onnx")
        _ = try await register("1", model)
        _ = try await collect()
        waitRetention()
        #expect(try await collect().collected == [model])
        let error = await stateError {
            try await store.setStage(
                model: name("delay"), stage: name("production"), version: 1, origin: origin)
        }
        #expect(error == .artifactMissing(model))
    }

    @Test("files that no record names go when they are old, and never before")
    func orphans() async throws {
        let folder = try scratch.output(["a": "left behind"], name: "orphan")
        let orphan = try await store.artifacts.publish(directory: folder)
        store.artifacts.abandon(orphan)
        let kept = try await make("1", "one")
        let real = Int64(Date().timeIntervalSince1970 * 1000)
        clock.set(real)
        #expect(try await collect([kept]).files == 0)
        #expect(await store.artifacts.contains(orphan.digest))
        clock.set(real + 2 * GarbageLimits.day)
        let plan = try await store.garbagePlan(keeping: [kept], retention: Self.retention)
        #expect(Set(plan.orphans.map(\.digest)) == [orphan.digest, digest("left behind")])
        #expect(try await collect([kept]).files == 2)
        #expect(await store.artifacts.contains(orphan.digest) == false)
        try await store.artifacts.verify(kept)
    }

    @Test("a reader can plan, and cannot collect")
    func reader() async throws {
        _ = try await make("1", "one")
        let reader = try await scratch.reader()
        let plan = try await reader.garbagePlan(keeping: [], retention: 0)
        #expect(plan.due.count == 1)
        let error = await stateError {
            _ = try await reader.collectGarbage(keeping: [], retention: 0)
        }
        #expect(error == .readOnly)
    }
}

@Suite("Garbage collection and faults")
struct GarbageFaultTests {
    @Test("a crash at any deletion leaves no record without files, and the next call ends clean")
    func crashes() async throws {
        for point in 1...5 {
            let scratch = try Scratch()
            let clock = TestClock()
            do {
                let store = try await scratch.writer(
                    clock: clock,
                    fileSystem: FaultyFileSystem(
                        faultAt: point, isCrash: true, operation: "remove"))
                for number in 1...2 {
                    _ = try await store.succeed(
                        scratch, newRun("dataset/a#snapshot", "\(number)"), "content \(number)")
                }
                _ = await stateError {
                    _ = try await store.collectGarbage(keeping: [], retention: 0)
                }
                try await store.close()
            }
            let store = try await scratch.writer(clock: clock)
            #expect(try await store.verify().findings.isEmpty)
            _ = try await store.collectGarbage(keeping: [], retention: 0)
            let report = try await store.verify()
            #expect(report.findings.isEmpty)
            #expect((report.artifacts, report.files) == (0, 0))
            #expect(
                try await store.events(EventFilter(kinds: [.artifactCollected])).count == 2)
        }
    }

    @Test("a database restored from a backup is noticed, and nothing is collected from it")
    func restored() async throws {
        let scratch = try Scratch()
        let backup = scratch.path + "/backup.sqlite"
        let path = scratch.state + "/state.sqlite"
        let first = try await scratch.writer()
        _ = try await first.succeed(scratch, newRun("dataset/a#snapshot", "1"), "one")
        try await first.close()
        try FileManager.default.copyItem(atPath: path, toPath: backup)
        let second = try await scratch.writer()
        _ = try await second.succeed(scratch, newRun("dataset/a#snapshot", "2"), "two")
        try await second.close()
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.copyItem(atPath: backup, toPath: path)

        for expected in [3, 4] as [Int64] {
            let store = try await scratch.writer()
            #expect(store.epoch == expected)
            #expect(try await store.recordedState().results.count == 1)
            let error = await stateError {
                _ = try await store.collectGarbage(keeping: [], retention: 0)
            }
            #expect(
                error?.description == """
                    the database is older than the store, which had already seen writer number 2
                    hint: it looks restored from a backup, so it cannot tell what is garbage: `ingot rebuild` makes it anew from the store's records
                    """)
            #expect(
                try await store.verify().findings.map(\.message) == [
                    "the database is older than the store, which had already seen writer number 2"
                ])
            try await store.close()
        }
        let report = try await StateStore.rebuild(directory: scratch.state, clock: { 77 })
        #expect(report.results == 2)
        let store = try await scratch.writer()
        #expect(store.epoch == 5)
        #expect(try await store.recordedState().results.count == 2)
        _ = try await store.collectGarbage(keeping: [], retention: 0)
    }
}
