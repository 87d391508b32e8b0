import Foundation
import Glibc
import ResourceAPI
import Synchronization
import Testing

@testable import Execution

@Suite("Python runtime")
struct RuntimeProviderTests {
    private func withDirectory(_ body: (String) async throws -> Void) async throws {
        var template = Array("/tmp/ingot-runtime-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let directory = String(decoding: template.dropLast().map(UInt8.init), as: UTF8.self)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try await body(directory)
    }

    private func lock(_ path: String) throws -> RequirementsLock {
        RequirementsLock(bytes: Array(try Data(contentsOf: URL(fileURLWithPath: path))))
    }

    /// A package index that is a directory: a wheel, `good.lock`, and `bad.lock` with a wrong hash.
    private func makeIndex(_ directory: String) throws -> [String: String] {
        let script = (#filePath as NSString).deletingLastPathComponent + "/Fixtures/make_wheel.py"
        let process = Process()
        process.executableURL = URL(
            fileURLWithPath: try Bench.runtimeDirectory() + "/bin/python")
        process.arguments = [script, directory]
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        return [
            "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": directory, "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": directory, "PIP_CONFIG_FILE": "/dev/null",
        ]
    }

    @Test("is made once, by whoever comes first, and found again")
    func make() async throws {
        try await withDirectory { directory in
            let environment = try makeIndex(directory)
            let lock = try lock(directory + "/good.lock")
            let provider = RuntimeProvider(
                runtimesDirectory: directory + "/runtimes", environment: environment)
            let lines = LineRecorder()
            let made = try await withThrowingTaskGroup { group in
                for _ in 0..<2 {
                    group.addTask {
                        try await provider.prepare(lock) { lines.record($0) }
                    }
                }
                var made: Set<Runtime> = []
                for try await runtime in group { made.insert(runtime) }
                return made
            }
            let runtime = try #require(made.first)
            #expect(made.count == 1)
            let place = directory + "/runtimes/" + lock.digest.hex
            #expect(runtime.pythonPath == place + "/bin/python")
            #expect(runtime.lockDigest == lock.digest)
            #expect(runtime.onnxRuntimeLibraryPath.hasSuffix("/capi/libonnxruntime.so.1.0"))
            let told = lines.lines
            #expect(told.filter { $0 == "installing 1 packages" }.count == 1)
            #expect(told.contains("waiting for another process that makes the same runtime"))
            #expect(told.contains("the Python runtime is complete: \(place)"))
            let again = try await provider.prepare(lock) { Issue.record("made again: \($0)") }
            #expect(again == runtime)
            #expect(provider.existing(lock.digest) == runtime)
            try FileManager.default.removeItem(atPath: place + "/complete")
            #expect(provider.existing(lock.digest) == nil)
        }
    }

    @Test("that pip cannot install is a failure with pip's words, and leaves nothing")
    func badHash() async throws {
        try await withDirectory { directory in
            let environment = try makeIndex(directory)
            let lock = try lock(directory + "/bad.lock")
            let provider = RuntimeProvider(
                runtimesDirectory: directory + "/runtimes", environment: environment)
            let error = await #expect(throws: ExecutionError.self) {
                try await provider.prepare(lock)
            }
            #expect(
                error?.message.hasPrefix(
                    "pip could not install the locked packages (it ended with exit code 1):\n")
                    == true)
            #expect(error?.message.contains("THESE PACKAGES DO NOT MATCH THE HASHES") == true)
            #expect(
                error?.hint
                    == "check the network and the package index (PIP_INDEX_URL), then try again")
            #expect(
                !FileManager.default.fileExists(
                    atPath: directory + "/runtimes/" + lock.digest.hex))
        }
    }

    @Test("without Python says what to install")
    func noPython() async throws {
        try await withDirectory { directory in
            let provider = RuntimeProvider(
                runtimesDirectory: directory, environment: ["PATH": directory])
            let error = await #expect(throws: ExecutionError.self) {
                try await provider.prepare(RequirementsLock(bytes: []))
            }
            #expect(
                error?.description == """
                    cannot find python3, which is needed to make the Python runtime
                    hint: apt-get install python3 python3-venv
                    """)
        }
    }

    @Test("with a Python that does not work says how")
    func brokenPython() async throws {
        try await withDirectory { directory in
            let script = "#!/bin/sh\necho no module named encodings\nexit 1\n"
            _ = FileManager.default.createFile(
                atPath: directory + "/python3", contents: Data(script.utf8),
                attributes: [.posixPermissions: 0o755])
            let provider = RuntimeProvider(
                runtimesDirectory: directory, environment: ["PATH": directory])
            let error = await #expect(throws: ExecutionError.self) {
                try await provider.prepare(RequirementsLock(bytes: []))
            }
            #expect(
                error?.message
                    == "python3, which is needed to make the Python runtime, does not work: "
                    + "it ended with exit code 1: no module named encodings")
        }
    }

    @Test("with an old Python says which is needed")
    func oldPython() async throws {
        try await withDirectory { directory in
            let script = "#!/bin/sh\necho python 3.9.2\n"
            _ = FileManager.default.createFile(
                atPath: directory + "/python3", contents: Data(script.utf8),
                attributes: [.posixPermissions: 0o755])
            let provider = RuntimeProvider(
                runtimesDirectory: directory, environment: ["PATH": directory])
            let error = await #expect(throws: ExecutionError.self) {
                try await provider.prepare(RequirementsLock(bytes: []))
            }
            #expect(
                error?.description == """
                    python3 is Python 3.9.2, and Ingot's worker needs Python 3.11 or newer
                    hint: install Python 3.11 or newer and put it first in PATH
                    """)
        }
    }

    @Test("named by INGOT_RUNTIME is used as it is, if it has the packages of the lock")
    func existing() async throws {
        let directory = try Bench.runtimeDirectory()
        let provider = RuntimeProvider(environment: ["INGOT_RUNTIME": directory, "PATH": "/bin"])
        let lock = try WorkerPackage.requirementsLock()
        let runtime = try await provider.prepare(lock)
        #expect(runtime.pythonPath == directory + "/bin/python")
        #expect(FileManager.default.fileExists(atPath: runtime.onnxRuntimeLibraryPath))

        let other = RequirementsLock(bytes: Array("duckdb==0.1\nnowhere==1.0\n".utf8))
        let error = await #expect(throws: ExecutionError.self) {
            try await provider.prepare(other)
        }
        let duckdb = try #require(lock.pins.first { $0.name == "duckdb" })
        #expect(
            error?.description == """
                the Python runtime \(directory), named by INGOT_RUNTIME, does not have the \
                packages of the lock file:
                  duckdb is \(duckdb.version) and should be 0.1
                  nowhere 1.0 is missing
                hint: unset INGOT_RUNTIME to have Ingot make one, or install the lock file there
                """)
    }

    @Test("named by INGOT_RUNTIME that is not one is a failure that names it")
    func notARuntime() async throws {
        let provider = RuntimeProvider(environment: ["INGOT_RUNTIME": "/nowhere"])
        let error = await #expect(throws: ExecutionError.self) {
            try await provider.prepare(RequirementsLock(bytes: []))
        }
        #expect(
            error?.message.hasPrefix(
                "the Python runtime /nowhere, named by INGOT_RUNTIME, cannot be used: "
                    + "/nowhere/bin/python cannot be run: ") == true)
    }

    @Test("is kept where the environment says")
    func directories() {
        func directory(_ environment: [String: String]) -> String {
            RuntimeProvider(environment: environment).runtimesDirectory
        }
        #expect(directory(["HOME": "/home/ada"]) == "/home/ada/.cache/ingot/runtimes")
        #expect(
            directory(["HOME": "/home/ada", "XDG_CACHE_HOME": "/cache"])
                == "/cache/ingot/runtimes")
        #expect(
            directory(["HOME": "/home/ada", "INGOT_RUNTIMES": "/srv/runtimes"]) == "/srv/runtimes")
    }
}

/// Takes lines from any thread.
private final class LineRecorder: Sendable {
    private let state = Mutex<[String]>([])

    var lines: [String] { state.withLock { $0 } }

    func record(_ line: String) { state.withLock { $0.append(line) } }
}
