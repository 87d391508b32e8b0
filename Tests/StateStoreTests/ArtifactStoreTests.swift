import Foundation
import ResourceAPI
import StateStore
import Testing

@Suite("Artifact store")
struct ArtifactStoreTests {
    let scratch: Scratch
    let store: ArtifactStore

    init() async throws {
        scratch = try Scratch()
        store = ArtifactStore(root: scratch.path + "/store")
        try await store.prepare()
    }

    @Test("a published folder becomes content-addressed, read-only files and a manifest")
    func publish() async throws {
        let output = try scratch.output(["model.onnx": "onnx", "signature.json": "{}"])
        let artifact = try await store.publish(directory: output)

        let manifest =
            "{\"files\":[{\"digest\":\"\(digest("onnx"))\",\"path\":\"model.onnx\",\"size\":4},"
            + "{\"digest\":\"\(digest("{}"))\",\"path\":\"signature.json\",\"size\":2}]}"
        #expect(artifact.digest == digest(manifest))
        #expect(artifact.bytes == 6)
        #expect(
            artifact.files == [
                ArtifactFile(name: "model.onnx", digest: digest("onnx"), size: 4),
                ArtifactFile(name: "signature.json", digest: digest("{}"), size: 2),
            ])
        let files = try await store.files(of: artifact.digest)
        let path = store.path(ofBlob: digest("onnx"))
        #expect(
            files["model.onnx"] == StoredFile(path: path, digest: digest("onnx"), size: 4))
        let hex = digest("onnx").hex
        #expect(path == "\(scratch.path)/store/sha256/\(hex.prefix(2))/\(hex.dropFirst(2))")
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "onnx")
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == 0o444)
        #expect(await store.contains(artifact.digest))
        try await store.verify(artifact.digest)
        #expect(try scratch.files(below: "output").isEmpty)
        #expect(try scratch.files(below: "store/tmp").isEmpty)
    }

    @Test("the same content twice is one artifact")
    func twice() async throws {
        let first = try await store.publish(directory: try scratch.output(["a": "1", "b": "1"]))
        let count = try scratch.files(below: "store").count
        let second = try await store.publish(
            directory: try scratch.output(["b": "1", "a": "1"], name: "again"))
        #expect(first == second)
        #expect(try scratch.files(below: "store").count == count)
        #expect(count == 2)
    }

    @Test("publishing again mends a file that has rotted")
    func mend() async throws {
        let artifact = try await store.publish(directory: try scratch.output(["a": "good"]))
        let path = store.path(ofBlob: digest("good"))
        try FileManager.default.removeItem(atPath: path)
        try Data("evil".utf8).write(to: URL(fileURLWithPath: path))
        let error = await stateError { try await store.verify(artifact.digest) }
        #expect(
            error?.description == """
                the artifact \(artifact.digest) is damaged: the content of a has changed (\(path))
                hint: it is made again at the next reconcile
                """)
        #expect(await store.contains(artifact.digest))
        _ = try await store.publish(directory: try scratch.output(["a": "good"], name: "again"))
        try await store.verify(artifact.digest)
    }

    @Test("missing and short files are found without reading them")
    func missing() async throws {
        let artifact = try await store.publish(directory: try scratch.output(["a": "good"]))
        let path = store.path(ofBlob: digest("good"))
        try FileManager.default.removeItem(atPath: path)
        var error = await stateError { try await store.verify(artifact.digest) }
        #expect(
            error?.message
                == "the artifact \(artifact.digest) is damaged: a is missing (\(path))")
        #expect(await store.contains(artifact.digest) == false)
        try Data("go".utf8).write(to: URL(fileURLWithPath: path))
        error = await stateError { try await store.verify(artifact.digest) }
        #expect(
            error?.message
                == "the artifact \(artifact.digest) is damaged: a has 2 bytes instead of 4 (\(path))"
        )
        error = await stateError { _ = try await store.files(of: digest("nothing")) }
        #expect(error?.message == "the artifact \(digest("nothing")) is not in the store")
        let manifestPath = store.path(ofBlob: artifact.digest)
        try FileManager.default.removeItem(atPath: manifestPath)
        try Data("{}".utf8).write(to: URL(fileURLWithPath: manifestPath))
        error = await stateError { _ = try await store.files(of: artifact.digest) }
        #expect(
            error?.message
                == "the artifact \(artifact.digest) is damaged: its list of files has changed (\(manifestPath))"
        )
    }

    @Test("a file that is not a list of files is no artifact")
    func notAManifest() async throws {
        _ = try await store.publish(directory: try scratch.output(["a": "plain"]))
        let error = await stateError { _ = try await store.files(of: digest("plain")) }
        #expect(
            error?.message
                == "the artifact \(digest("plain")) is damaged: it is not a list of files (\(store.path(ofBlob: digest("plain"))))"
        )
    }

    @Test("an output on another file system is copied")
    func otherFileSystem() async throws {
        let split = ArtifactStore(
            root: scratch.path + "/store",
            fileSystem: SplitFileSystem(boundary: scratch.path + "/store"))
        let output = try scratch.output(["a": "far"])
        let artifact = try await split.publish(directory: output)
        try await store.verify(artifact.digest)
        #expect(try scratch.files(below: "output") == ["a"])
        #expect(try scratch.files(below: "store/tmp").isEmpty)
    }

    @Test("what is left of a killed writer is swept")
    func sweep() async throws {
        try Data("half".utf8).write(to: URL(fileURLWithPath: scratch.path + "/store/tmp/7"))
        #expect(try await store.sweepTemporary() == 1)
        #expect(try await store.sweepTemporary() == 0)
        #expect(try scratch.files(below: "store/tmp").isEmpty)
    }
}

@Suite("Refused outputs")
struct RefusedOutputTests {
    let scratch: Scratch
    let store: ArtifactStore
    static let hint = "a step must write plain files, and nothing else, into its output folder"

    init() async throws {
        scratch = try Scratch()
        store = ArtifactStore(
            root: scratch.path + "/store", limits: ArtifactLimits(files: 3, bytes: 100))
        try await store.prepare()
    }

    /// Nothing may have been moved, so that the refusal loses nothing.
    private func refusal(
        _ files: [String: String], _ spoil: (String) throws -> Void = { _ in }
    ) async throws -> String? {
        let output = try scratch.output(files)
        try spoil(output)
        let error = await stateError { _ = try await store.publish(directory: output) }
        #expect(try scratch.files(below: "store").isEmpty)
        return error?.description
    }

    @Test("a missing or empty output folder")
    func empty() async throws {
        let error = await stateError {
            _ = try await store.publish(directory: scratch.path + "/none")
        }
        #expect(
            error?.description
                == "the step's output folder \(scratch.path)/none does not exist\nhint: \(Self.hint)"
        )
        #expect(try await refusal([:]) == "the step wrote no file\nhint: \(Self.hint)")
    }

    @Test("a symbolic link, a folder, a pipe")
    func kinds() async throws {
        #expect(
            try await refusal(["a": "1"]) { try done(symlink("/etc/passwd", $0 + "/link")) }
                == "the step wrote 'link', which is a symbolic link; an artifact is a flat set of files\nhint: \(Self.hint)"
        )
        try FileManager.default.removeItem(atPath: scratch.path + "/output")
        #expect(
            try await refusal([:]) { try done(mkdir($0 + "/sub", 0o755)) }
                == "the step wrote 'sub', which is a folder; an artifact is a flat set of files\nhint: \(Self.hint)"
        )
        try FileManager.default.removeItem(atPath: scratch.path + "/output")
        #expect(
            try await refusal([:]) { try done(mkfifo($0 + "/pipe", 0o644)) }
                == "the step wrote 'pipe', which is a named pipe; an artifact is a flat set of files\nhint: \(Self.hint)"
        )
    }

    @Test("a hard link and a set-user-id file")
    func links() async throws {
        #expect(
            try await refusal(["a": "1"]) { try done(link($0 + "/a", scratch.path + "/outside")) }
                == "the step wrote 'a', which has 2 names: something outside could change it\nhint: \(Self.hint)"
        )
        try FileManager.default.removeItem(atPath: scratch.path + "/output")
        #expect(
            try await refusal(["b": "1"]) { try done(chmod($0 + "/b", 0o4755)) }
                == "the step wrote 'b' with the set-user-id or set-group-id bit\nhint: \(Self.hint)"
        )
    }

    @Test("names that an artifact cannot have")
    func names() async throws {
        #expect(
            try await refusal([".hidden": "1"])
                == "the step wrote a file named '.hidden', which is not a name that an artifact can have\nhint: \(Self.hint)"
        )
        try FileManager.default.removeItem(atPath: scratch.path + "/output")
        let message = try await refusal([:]) { folder in
            let path = (Array(folder.utf8) + [0x2F, 0x66, 0xFF, 0x0A, 0]).map(
                CChar.init(bitPattern:))
            close(open(path, O_CREAT | O_WRONLY, 0o644))
        }
        #expect(
            message
                == "the step wrote a file named 'f\\xff\\x0a', which is not a name that an artifact can have\nhint: \(Self.hint)"
        )
    }

    @Test("too many files, too many bytes")
    func limits() async throws {
        #expect(
            try await refusal(["a": "", "b": "", "c": "", "d": ""])
                == "the step wrote 4 files; an artifact has at most 3\nhint: \(Self.hint)")
        try FileManager.default.removeItem(atPath: scratch.path + "/output")
        #expect(
            try await refusal([
                "a": String(repeating: "x", count: 60), "b": String(repeating: "x", count: 41),
            ])
                == "the step wrote 101 bytes; an artifact has at most 100")
    }
}

/// A system call that must have succeeded.
private func done(_ result: Int32) throws {
    guard result == 0 else { throw BadSample() }
}
