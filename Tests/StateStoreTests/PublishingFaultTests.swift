import Foundation
import ResourceAPI
import StateStore
import Testing

@Suite("Faults while publishing")
struct PublishingFaultTests {
    static let files = ["model.onnx": "onnx", "signature.json": "{}", "training.json": "[]"]

    /// How many changes publishing `files` makes: that many places for a fault.
    private func changes() async throws -> (Int, Digest) {
        let scratch = try Scratch()
        let fileSystem = FaultyFileSystem(faultAt: .max)
        let store = ArtifactStore(root: scratch.path + "/store", fileSystem: fileSystem)
        try await store.prepare()
        let before = fileSystem.changes
        let artifact = try await store.publish(directory: try scratch.output(Self.files))
        return (fileSystem.changes - before, artifact.digest)
    }

    @Test("a crash at any point leaves nothing visible, and publishing again succeeds")
    func crashes() async throws {
        let (count, expected) = try await changes()
        #expect(count == 20)
        for point in 1...count {
            let scratch = try Scratch()
            let healthy = ArtifactStore(root: scratch.path + "/store")
            try await healthy.prepare()
            let crashing = ArtifactStore(
                root: scratch.path + "/store",
                fileSystem: FaultyFileSystem(faultAt: point, isCrash: true))
            let output = try scratch.output(Self.files)
            let error = await stateError { _ = try await crashing.publish(directory: output) }
            #expect(error != nil)
            // Visible only if whole; the last fsync may come after the rename.
            if await healthy.contains(expected) { try await healthy.verify(expected) }
            try await healthy.sweepTemporary()
            #expect(try scratch.files(below: "store/tmp").isEmpty)
            let again = try await healthy.publish(
                directory: try scratch.output(Self.files, name: "again"))
            #expect(again.digest == expected)
            try await healthy.verify(expected)
        }
    }

    @Test("a full disk at any point says so, and leaves no temporary file")
    func fullDisk() async throws {
        let (count, expected) = try await changes()
        for point in 1...count {
            let scratch = try Scratch()
            let healthy = ArtifactStore(root: scratch.path + "/store")
            try await healthy.prepare()
            let full = ArtifactStore(
                root: scratch.path + "/store",
                fileSystem: FaultyFileSystem(faultAt: point, code: ENOSPC))
            let output = try scratch.output(Self.files)
            let error = await stateError { _ = try await full.publish(directory: output) }
            guard case .diskFull(let path) = error else {
                Issue.record("not diskFull at \(point): \(String(describing: error))")
                continue
            }
            #expect(
                error?.description == """
                    no space left on device while writing \(path)
                    hint: free some space in the state directory's file system; the step is retried
                    """)
            #expect(error?.isPassing == true)
            #expect(try scratch.files(below: "store/tmp").isEmpty)
            if point < count { #expect(await healthy.contains(expected) == false) }
        }
    }

    @Test("an fsync error throws the file away and is not tried again on it")
    func fsyncError() async throws {
        let scratch = try Scratch()
        let fileSystem = FaultyFileSystem(faultAt: 3, operation: "fsync")
        let store = ArtifactStore(root: scratch.path + "/store", fileSystem: fileSystem)
        try await ArtifactStore(root: scratch.path + "/store").prepare()
        let output = try scratch.output(["a": "1", "b": "2"])
        let error = await stateError { _ = try await store.publish(directory: output) }
        #expect(
            error?.description == """
                the disk did not take \(scratch.path)/store/tmp/2: Input/output error
                hint: check the disk; what was being written has been thrown away
                """)
        #expect(fileSystem.changes == 3)
        #expect(try scratch.files(below: "store/tmp").isEmpty)
        #expect(error?.isFatal == true)
    }

    @Test("a file is never written over")
    func exclusive() throws {
        let scratch = try Scratch()
        let path = try scratch.output(["a": "1"]) + "/a"
        #expect(throws: FileSystemError(operation: "create", path: path, code: EEXIST)) {
            try LocalFileSystem().create(path, [1])
        }
        #expect(
            throws: FileSystemError(operation: "create", path: "/dev/full", code: EEXIST)
        ) { try LocalFileSystem().create("/dev/full", [1]) }
    }
}
