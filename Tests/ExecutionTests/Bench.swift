import Foundation
import Glibc
import ResourceAPI
import Synchronization
import Testing

@testable import Execution

/// One temporary directory with a warm parent and an executor in it, removed after.
struct Bench: Sendable {
    let root: String
    let parent: WarmParent
    let executor: LocalExecutor

    static var fakePackage: String {
        (#filePath as NSString).deletingLastPathComponent + "/Fixtures/fake"
    }

    /// Of the Python environment that the tests use; records an issue if there is none.
    static func runtimeDirectory() throws -> String {
        let named = ProcessInfo.processInfo.environment["INGOT_TEST_RUNTIME"]
        let directory = named ?? "/opt/ingot-rt"
        try #require(
            FileManager.default.isExecutableFile(atPath: directory + "/bin/python"),
            "no Python runtime for tests: set INGOT_TEST_RUNTIME to a virtual environment")
        return directory
    }

    /// - Parameters:
    ///   - fake: how the fake parent misbehaves; nil if it does not.
    ///   - package: the folder of `ingot_worker`; the fake one if nil.
    ///   - isHostile: whether it is the shipped one with hostile steps in it.
    static func with<Result>(
        fake: String? = nil, package: String? = nil, isHostile: Bool = false,
        budget: ResourceBudget = ResourceBudget(cpus: 8, memoryBytes: 8 << 30),
        limits: StepLimits = StepLimits(), clock: any Clock<Duration> = ContinuousClock(),
        readyDeadline: Duration = .seconds(60), longPath: Bool = false,
        _ body: (Bench) async throws -> Result
    ) async throws -> Result {
        var template = Array("/tmp/ingot-execution-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let base = String(decoding: template.dropLast().map(UInt8.init), as: UTF8.self)
        defer { try? FileManager.default.removeItem(atPath: base) }
        let root = longPath ? base + "/" + String(repeating: "long", count: 30) : base
        for name in ["work", "run", "logs"] {
            try FileManager.default.createDirectory(
                atPath: root + "/" + name, withIntermediateDirectories: true)
        }
        var environment = WorkerEnvironment.variables(workDirectory: root + "/work")
        environment["INGOT_FAKE"] = fake
        let parent = WarmParent(
            WarmParent.Configuration(
                pythonPath: try runtimeDirectory() + "/bin/python",
                packageDirectory: isHostile
                    ? try HostileStep.package(in: root) : package ?? fakePackage,
                workDirectory: root + "/work",
                socketDirectory: root + "/run", environment: environment,
                readyDeadline: readyDeadline), clock: clock)
        let executor = LocalExecutor(
            parent: parent, budget: budget, limits: limits, clock: clock,
            now: { Date(timeIntervalSince1970: 1_700_000_000) })
        let bench = Bench(root: root, parent: parent, executor: executor)
        let result: Swift.Result<Result, any Error>
        do { result = .success(try await body(bench)) } catch { result = .failure(error) }
        await parent.stop()
        return try result.get()
    }

    func order(
        _ program: JSONValue, run: String = "run-1", cpus: Int = 1, memory: Int64 = 1 << 28,
        timeout: Int64 = 1800, kind: StepKind = .train
    ) throws -> StepOrder {
        StepOrder(
            runID: run, step: try step(kind), program: program, seed: 17,
            resources: StepResources(cpus: cpus, memoryBytes: memory, timeoutSeconds: timeout),
            inputs: ["training-set": ["data.parquet": "/store/data.parquet"]],
            outputDirectory: "\(root)/work/\(run)/output", logPath: "\(root)/logs/\(run).log")
    }

    func step(_ kind: StepKind = .train) throws -> StepID {
        try #require(StepID("trainingconfig/arrival-delay#\(kind.rawValue)"))
    }

    /// Runs a program of the fake worker and gives its failure.
    func failure(_ program: JSONValue, timeout: Int64 = 1800) async throws -> StepFailure {
        let outcome = await executor.run(try order(program, timeout: timeout)) { _ in }
        guard case .failed(let failure) = outcome else {
            Issue.record("not a failure: \(outcome)")
            throw CancellationError()
        }
        return failure
    }
}

/// Takes events from any thread.
final class EventRecorder: Sendable {
    private let state = Mutex<[WorkerEvent]>([])

    var events: [WorkerEvent] { state.withLock { $0 } }

    func record(_ event: WorkerEvent) { state.withLock { $0.append(event) } }

    /// Waits until the worker has logged a line, and gives it.
    func firstLog() async throws -> String {
        // Half a minute, so that a worker that logs nothing fails the test and does not hold it.
        for _ in 0..<6000 {
            for case .log(_, let message) in events { return message }
            try await Task.sleep(for: .milliseconds(5))
        }
        Issue.record("the worker has logged nothing: \(events)")
        throw CancellationError()
    }
}

/// Whether a process with this id runs: one that is dead but not reaped does not.
func isAlive(_ pid: Int32) -> Bool {
    guard let stat = FileManager.default.contents(atPath: "/proc/\(pid)/stat"),
        let member = ProcessTree.member(pid: pid, stat: Array(stat))
    else { return false }
    return !member.isDead
}

/// Of the clock that Python's `time.monotonic` reads, and that all processes share.
var monotonicMilliseconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) * 1000 + Double(time.tv_nsec) / 1_000_000
}

/// A clock that stands still until it is told to go on.
final class ManualClock: Clock, Sendable {
    typealias Instant = ContinuousClock.Instant

    private struct State {
        var offset = Duration.zero
        var nextID = 0
        var sleepers: [Int: (until: Instant, CheckedContinuation<Void, any Error>)] = [:]
        var cancelled: Set<Int> = []
    }

    private let start = ContinuousClock.now
    private let state = Mutex(State())

    var now: Instant { start + state.withLock { $0.offset } }
    var minimumResolution: Duration { .nanoseconds(1) }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isCancelled = state.withLock { state in
                    if state.cancelled.contains(id) { return true }
                    state.sleepers[id] = (deadline, continuation)
                    return false
                }
                if isCancelled { continuation.resume(throwing: CancellationError()) }
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                state.cancelled.insert(id)
                return state.sleepers.removeValue(forKey: id)
            }
            sleeper?.1.resume(throwing: CancellationError())
        }
    }

    func advance(by duration: Duration) {
        let due = state.withLock { state in
            state.offset += duration
            let now = start + state.offset
            let due = state.sleepers.filter { $0.value.until <= now }
            for id in due.keys { state.sleepers[id] = nil }
            return due
        }
        for sleeper in due.values { sleeper.1.resume() }
    }
}
