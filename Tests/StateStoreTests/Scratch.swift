import Foundation
import Planning
import ResourceAPI
import StateStore
import Synchronization

/// A folder that is removed when the value goes away.
final class Scratch: Sendable {
    let path: String
    let ids = TestIDs()

    init(in folder: String = "/tmp") throws {
        var template = Array("\(folder)/ingot-state-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw CocoaError(.fileWriteUnknown) }
        path = String(decoding: template.dropLast().map(UInt8.init), as: UTF8.self)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    var state: String { path + "/.ingot" }

    /// A folder with these files, as a step leaves it.
    func output(_ files: [String: String], name: String = "output") throws -> String {
        let folder = "\(path)/\(name)"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        for (file, text) in files {
            try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(file)"))
        }
        return folder
    }

    /// All files below a folder of the scratch, relative, sorted.
    func files(below folder: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: "\(path)/\(folder)").filter { name in
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(
                atPath: "\(path)/\(folder)/\(name)", isDirectory: &isFolder)
            return !isFolder.boolValue
        }.sorted()
    }
}

/// Starts at 1,000,000 ms and goes on by 1,000 ms with every look.
final class TestClock: Sendable {
    private let milliseconds = Mutex<Int64>(1_000_000)

    func now() -> Int64 {
        milliseconds.withLock { time in
            time += 1000
            return time
        }
    }

    func set(_ time: Int64) { milliseconds.withLock { $0 = time } }
}

/// Run ids `run-1`, `run-2` …
final class TestIDs: Sendable {
    private let count = Mutex<Int>(0)

    func next() -> String {
        count.withLock { count in
            count += 1
            return "run-\(count)"
        }
    }
}

extension Scratch {
    func writer(
        clock: TestClock = TestClock(), fileSystem: any FileSystem = LocalFileSystem()
    ) async throws -> StateStore {
        let ids = ids
        return try await StateStore.openWriter(
            directory: state, clock: { clock.now() }, runID: { _ in ids.next() },
            fileSystem: fileSystem)
    }

    func reader() async throws -> StateStore { try await StateStore.openReader(directory: state) }

    /// Executes SQL in the state database from another process, as a person with a tool could.
    func sql(_ script: String) throws {
        guard try sqlStatus(script) == 0 else { throw BadSample() }
    }

    /// - Returns: 0 if the database took it.
    func sqlStatus(_ script: String) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "python3", "-c",
            """
            import sqlite3, sys
            connection = sqlite3.connect(sys.argv[1], isolation_level=None)
            try:
                connection.executescript(sys.argv[2])
            except sqlite3.Error:
                sys.exit(1)
            connection.close()
            """, state + "/state.sqlite", script,
        ]
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }
}

// Values to record.

func digest(_ text: String) -> Digest { Digest(hashing: text.utf8) }

func fingerprint(_ text: String) -> Fingerprint { Fingerprint(digest("fingerprint " + text)) }

struct BadSample: Error {}

func commit(_ digit: Int) throws -> CommitID {
    guard let id = CommitID(String(repeating: "\(digit)", count: 40)) else { throw BadSample() }
    return id
}

func revision(_ digit: Int) throws -> Revision {
    Revision(pointer: "main", commit: try commit(digit))
}

func name(_ text: String) throws -> ResourceName {
    guard let name = ResourceName(text) else { throw BadSample() }
    return name
}

func step(_ text: String) throws -> StepID {
    guard let id = StepID(text) else { throw BadSample() }
    return id
}

func resource(_ text: String) throws -> ResourceID {
    guard let id = ResourceID(text) else { throw BadSample() }
    return id
}

func newRun(
    _ stepText: String, _ key: String, commit digit: Int = 1, inputs: [String: Digest] = [:],
    attempt: Int = 1
) throws -> NewRun {
    let id = try step(stepText)
    return NewRun(
        step: id, fingerprint: fingerprint(key), revision: try revision(digit), plan: "plan-1",
        actor: "controller", attempt: attempt,
        reasons: [
            Reason(
                kind: .fieldChanged, resource: id.resource, field: "spec.seed", from: 1, to: 2)
        ],
        recipeVersion: 3,
        recipe: [
            "label": "late", "rate": 0.5, "text": "a \"quoted\"\n\u{1}line ☕", "on": [true, .null],
        ],
        inputs: inputs, runtime: digest("lock"), seed: 17, threads: 2)
}

extension StateStore {
    /// A whole run that makes an artifact with one file.
    func succeed(
        _ scratch: Scratch, _ run: NewRun, _ content: String
    ) async throws -> FinishedRun {
        let id = try await startRun(run)
        let folder = try scratch.output(["data.parquet": content], name: id)
        let artifact = try await artifacts.publish(directory: folder)
        return try await finishRun(
            id, artifact: artifact, metadata: ["rows": .int(Int64(content.utf8.count))])
    }
}

/// The error that an operation ends with.
func stateError(_ body: () async throws -> Void) async -> StateStoreError? {
    do {
        try await body()
        return nil
    } catch {
        return error as? StateStoreError
    }
}
