import Foundation
import Planning
import ResourceAPI
import StateStore
import Testing

@Suite("Repair")
struct RepairTests {
    let scratch: Scratch
    let store: StateStore
    let origin = ChangeOrigin(actor: "ada", cause: "asked to")

    init() async throws {
        scratch = try Scratch()
        store = try await scratch.writer()
    }

    /// Where the only file of an artifact lies.
    private func path(of artifact: Digest) async throws -> String {
        try #require(try await store.artifacts.files(of: artifact).values.first).path
    }

    private func spoil(_ path: String) throws {
        chmod(path, 0o644)
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        bytes[0] ^= 1
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }

    private func make(_ key: String, _ content: String) async throws -> Digest {
        try await store.succeed(scratch, newRun("dataset/a#snapshot", key), content).artifact
    }

    @Test("a file with one wrong bit is put aside, and its artifact counts as not made")
    func flippedBit() async throws {
        let spoiled = try await make("1", "one")
        let whole = try await make("2", "two")
        let path = try await path(of: spoiled)
        try spoil(path)
        #expect(
            try await store.verify().findings == [
                Finding(
                    kind: .artifact, artifact: spoiled,
                    message:
                        "the artifact \(spoiled) is damaged: the content of data.parquet has changed (\(path))",
                    hint:
                        "`ingot verify --repair` puts the bad file aside and has it made again where the newest commit needs it"
                )
            ])
        let repair = try await store.repair([spoiled, whole], origin: origin)
        #expect((repair.damaged, repair.restored) == ([spoiled], []))
        #expect(repair.putAside.map(\.hex) == [String(path.suffix(65)).filter { $0 != "/" }])
        #expect(try scratch.files(below: ".ingot/store/damaged") == repair.putAside.map(\.hex))
        #expect(FileManager.default.fileExists(atPath: path) == false)
        #expect(try await store.recordedState().results.values.map(\.digest) == [whole])
        let event = try await store.events(EventFilter(kinds: [.artifactDamaged])).first?.event
        #expect(event?.result == "its files are missing or have changed")
        #expect(event?.origin == origin)
        #expect(event?.payload == ["artifact": .string(spoiled.description)])

        // Made again: the same bytes, and everything is as before.
        #expect(try await make("1", "one") == spoiled)
        let report = try await store.verify()
        #expect(report.findings == [])
        #expect(report.damaged == 0)
        #expect(try await store.repair([spoiled], origin: origin).damaged == [])
    }

    @Test("all artifacts that share a bad file are damaged, whichever was suspected")
    func sharedFile() async throws {
        var artifacts: [Digest] = []
        for (name, key) in [("a", "1"), ("b", "2")] {
            let id = try await store.startRun(newRun("dataset/\(name)#snapshot", key))
            let folder = try scratch.output(["shared": "same", "own": key], name: id)
            let artifact = try await store.artifacts.publish(directory: folder)
            artifacts.append(
                try await store.finishRun(id, artifact: artifact, metadata: [:]).artifact)
        }
        let shared = try #require(try await store.artifacts.files(of: artifacts[0])["shared"])
        try spoil(shared.path)
        let repair = try await store.repair([artifacts[0]], origin: origin)
        #expect(repair.damaged == artifacts.sorted())
        #expect(repair.putAside == [shared.digest])
    }

    @Test("an artifact whose files somebody has put back is present again")
    func putBack() async throws {
        let artifact = try await make("1", "one")
        let path = try await path(of: artifact)
        try FileManager.default.moveItem(atPath: path, toPath: scratch.path + "/aside")
        let lost = try await store.repair([artifact], origin: origin)
        #expect((lost.damaged, lost.putAside) == ([artifact], []))
        let note = try await store.verify().notes.first { $0.kind == .artifact }
        #expect(note?.message == "1 artifacts are recorded as damaged")
        #expect(
            note?.hint
                == "they are made again when a commit needs them; `ingot verify --repair` takes back those whose files are whole again"
        )
        #expect(try await store.repair([], origin: origin).restored == [])
        try FileManager.default.moveItem(atPath: scratch.path + "/aside", toPath: path)
        let found = try await store.repair([], origin: origin)
        #expect((found.damaged, found.restored) == ([], [artifact]))
        #expect(
            found.results == [
                fingerprint("1"): RecordedResult(digest: artifact, runID: "run-1", seconds: 1)
            ])
        #expect(try await store.recordedState().results == found.results)
        let event = try await store.events(EventFilter(kinds: [.artifactRestored])).first?.event
        #expect(event?.result == "its files are whole again")
        #expect(try await store.verify().notes == [])
    }

    @Test("a file that is published again meanwhile stays where it is")
    func publishedMeanwhile() async throws {
        let artifact = try await make("1", "one")
        let path = try await path(of: artifact)
        try spoil(path)
        let id = try await store.startRun(newRun("dataset/a#snapshot", "1"))
        let published = try await store.artifacts.publish(
            directory: scratch.output(["data.parquet": "one"], name: id))
        // Not recorded yet; then somebody spoils it once more.
        try spoil(path)
        let repair = try await store.repair([artifact], origin: origin)
        #expect((repair.damaged, repair.putAside) == ([artifact], []))
        #expect(FileManager.default.fileExists(atPath: path))
        store.artifacts.abandon(published)
        #expect(try await store.repair([], origin: origin).putAside.count == 1)
    }

    @Test("a repair that is cut off can be made again", arguments: [EIO, ENOSPC])
    func cutOff(code: Int32) async throws {
        let artifact = try await make("1", "one")
        let path = try await path(of: artifact)
        try await store.close()
        for number in 1... {
            try spoil(path)
            let disk = FaultyFileSystem(
                faultAt: number, code: code, isCrash: true, operation: "rename")
            if let cut = try? await scratch.writer(fileSystem: disk) {
                _ = try? await cut.repair([artifact], origin: origin)
                try await cut.close()
            }
            let again = try await scratch.writer()
            #expect(try await again.repair([artifact], origin: origin).putAside.count <= 1)
            #expect(FileManager.default.fileExists(atPath: path) == false)
            #expect(try await again.recordedState().results.isEmpty)
            _ = try await again.succeed(scratch, newRun("dataset/a#snapshot", "1"), "one")
            #expect(try await again.verify().findings == [])
            try await again.close()
            if disk.changes < number { break }
        }
    }

    @Test("no more than 16 files are kept aside, and a reader cannot repair")
    func limits() async throws {
        var artifacts: [Digest] = []
        for number in 1...18 {
            artifacts.append(try await make("\(number)", "content \(number)"))
            try spoil(try await path(of: artifacts[number - 1]))
        }
        #expect(try await store.repair(artifacts, origin: origin).putAside.count == 18)
        #expect(try scratch.files(below: ".ingot/store/damaged").count == 16)
        let reader = try await scratch.reader()
        let error = await stateError { _ = try await reader.repair([], origin: origin) }
        #expect(error == .readOnly)
    }
}
