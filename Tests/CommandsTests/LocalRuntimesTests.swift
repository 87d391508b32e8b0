import Execution
import Foundation
import Logging
import Reconciler
import ResourceAPI
import Synchronization
import Testing

@testable import Commands

@Suite("The runtimes of a controller", .serialized)
struct LocalRuntimesTests {
    /// A state directory, and runtimes in the environment that the tests have.
    private final class Place: Sendable {
        let folder: String
        let runtimes: LocalRuntimes

        init(
            provider: RuntimeProvider? = nil,
            oldLock: @escaping LocalRuntimes.LockSource = { _, _ in nil }
        ) throws {
            folder = "/tmp/ingot-runtimes-" + UUID().uuidString.prefix(8)
            for name in ["work", "run", "logs"] {
                try FileManager.default.createDirectory(
                    atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
            }
            let environment = ProcessInfo.processInfo.environment
            let runtime: String = try #require(
                environment["INGOT_TEST_RUNTIME"], "a Python runtime for tests is needed")
            runtimes = LocalRuntimes(
                provider: provider
                    ?? RuntimeProvider(
                        runtimesDirectory: folder + "/runtimes", existingRuntime: runtime,
                        environment: environment),
                stateDirectory: folder, budget: .machine(),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                oldLock: oldLock, progress: { _ in })
        }

        deinit { try? FileManager.default.removeItem(atPath: folder) }

        /// Runs a step that does nothing for some time.
        ///
        /// - Returns: `cancelled`, for example.
        func step(
            _ name: String, _ lock: RequirementsLock, seconds: Double = 0
        ) async throws -> String {
            let executor = try await runtimes.executor(for: lock.digest)
            let order = StepOrder(
                runID: name, step: try #require(StepID("dataset/\(name)#noop")),
                program: ["content": "", "seconds": .double(seconds)], seed: 0,
                resources: StepResources(cpus: 1, memoryBytes: 1 << 28, timeoutSeconds: 600),
                inputs: [:], outputDirectory: "\(folder)/work/\(name)/output",
                logPath: "\(folder)/logs/\(name).log")
            switch await executor.run(order, onEvent: { _ in }) {
            case .succeeded: return "succeeded"
            case .cancelled: return "cancelled"
            case .failed(let failure): return failure.message
            }
        }

        /// The numbers of the warm parents that live, in the order in which they were started.
        var parents: [Int] {
            let prefix = "INGOT_WARM_PARENT=\(folder)/run/worker-\(getpid())-"
            let pids = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
            let numbers = pids.compactMap { pid -> Int? in
                guard let data = FileManager.default.contents(atPath: "/proc/\(pid)/environ")
                else { return nil }
                let entries = data.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
                return entries.first { $0.hasPrefix(prefix) }.flatMap {
                    Int($0.dropFirst(prefix.count).prefix { $0 != "." })
                }
            }
            return Set(numbers).sorted()
        }
    }

    private let old = RequirementsLock(bytes: Array("# old\n".utf8))
    private let new = RequirementsLock(bytes: Array("# new\n".utf8))

    private func eventually(_ isTrue: () -> Bool) async throws -> Bool {
        for _ in 0..<200 {
            if isTrue() { return true }
            try await Task.sleep(for: .milliseconds(50))
        }
        return isTrue()
    }

    @Test("a warm parent that no running step and not the newest commit uses is stopped")
    func retire() async throws {
        let place = try Place()
        await place.runtimes.follow(old)
        #expect(try await place.step("first", old) == "succeeded")
        let oldParents = place.parents
        #expect(oldParents.count == 1)
        let (old, new) = (old, new)
        let long = Task { try await place.step("long", old, seconds: 300) }
        #expect(
            try await eventually {
                FileManager.default.fileExists(atPath: place.folder + "/logs/long.log")
            })
        await place.runtimes.follow(new)
        #expect(try await place.step("second", new) == "succeeded")
        #expect(place.parents.count == 2, "the old one has a step")
        long.cancel()
        #expect(try await long.value == "cancelled")
        #expect(try await eventually { place.parents.count == 1 }, "\(place.parents)")
        #expect(place.parents != oldParents)
        // A step of the commit before comes late: it runs all the same, and its parent ends.
        #expect(try await place.step("late", old) == "succeeded")
        #expect(try await eventually { place.parents.count == 1 }, "\(place.parents)")
        await place.runtimes.stop()
        #expect(place.parents == [])
    }

    @Test("a runtime that neither a lock file nor the disk knows is an error that says what to do")
    func unknown() async throws {
        let place = try Place()
        let commit = try #require(CommitID(String(repeating: "1", count: 40)))
        let text = """
            the Python runtime of the lock file \(old.digest) is not on this machine, and the lock \
            file is not in the commit
            """
        let hint = """
            if the lock file was the one that another release of Ingot ships, run `ingot runtime` \
            of that release on this machine; else have the model trained anew
            """
        #expect(
            await place.runtimes.library(of: old.digest, trainedAt: commit)
                == .missing(ServingTrouble(message: text, hint: hint)))
        let error = await #expect(throws: ExecutionError.self) {
            _ = try await place.runtimes.executor(for: old.digest)
        }
        #expect(error?.description == text + "\nhint: " + hint)
    }

    @Test("a library is found in a runtime on the disk, without its lock file")
    func onDisk() async throws {
        let place = try Place()
        let capi =
            "\(place.folder)/runtimes/\(old.digest.hex)/lib/python3.11/site-packages/onnxruntime/capi"
        try FileManager.default.createDirectory(
            atPath: capi, withIntermediateDirectories: true)
        for path in [
            "\(capi)/libonnxruntime.so.1", "\(place.folder)/runtimes/\(old.digest.hex)/complete",
        ] {
            try Data().write(to: URL(fileURLWithPath: path))
        }
        let commit = try #require(CommitID(String(repeating: "1", count: 40)))
        #expect(
            await place.runtimes.library(of: old.digest, trainedAt: commit)
                == .found(path: capi + "/libonnxruntime.so.1"))
    }

    @Test("a runtime that is being made is not waited for; its lock file comes from the commit")
    func underWay() async throws {
        let old = old
        let asked = Mutex<[String]>([])
        let place = try Place { digest, commit in
            asked.withLock { $0.append(commit.short) }
            return digest == old.digest ? old : nil
        }
        let commit = try #require(CommitID(String(repeating: "1", count: 40)))
        #expect(
            await place.runtimes.library(of: old.digest, trainedAt: commit)
                == .missing(
                    ServingTrouble(
                        message:
                            "waits for the Python runtime that it was trained with, which is made",
                        isUnderWay: true)))
        for _ in 0..<200 {
            let answer = await place.runtimes.library(of: old.digest, trainedAt: commit)
            if case .found(let path) = answer {
                #expect(path.contains("/onnxruntime/capi/libonnxruntime.so"))
                #expect(asked.withLock { $0 } == ["1111111"])
                return
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("the runtime was not found in 10 s")
    }

    @Test("a runtime that cannot be made is told with pip's words, and tried again when asked")
    func broken() async throws {
        let old = old
        let place = try Place(
            provider: RuntimeProvider(
                runtimesDirectory: "/tmp/ingot-no-python-\(UUID().uuidString)",
                environment: ["PATH": "/nowhere"])
        ) { _, _ in old }
        let commit = try #require(CommitID(String(repeating: "1", count: 40)))
        let failure = RuntimeLibrary.missing(
            ServingTrouble(
                message: "cannot find python3, which is needed to make the Python runtime",
                hint: "apt-get install python3 python3-venv"))
        var answers: [RuntimeLibrary] = []
        for _ in 0..<200 where answers.last != failure {
            answers.append(await place.runtimes.library(of: old.digest, trainedAt: commit))
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(answers.last == failure)
        // It is tried again in the background, and stays told until it succeeds.
        for _ in 0..<5 {
            #expect(await place.runtimes.library(of: old.digest, trainedAt: commit) == failure)
        }
        await place.runtimes.stop()
    }
}
