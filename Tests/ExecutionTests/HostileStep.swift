import Foundation
import ResourceAPI
import Testing

@testable import Execution

/// Steps that do what no step should, with the warm parent that Ingot ships around them.
enum HostileStep {
    /// The shipped package with hostile steps in place of the real ones, and no libraries.
    static func package(in directory: String) throws -> String {
        let folder = directory + "/hostile"
        let target = folder + "/ingot_worker"
        let files = FileManager.default
        try files.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try files.copyItem(
            atPath: WorkerPackage.directory + "/ingot_worker", toPath: target)
        let fixture = try Data(
            contentsOf: URL(
                fileURLWithPath: (#filePath as NSString).deletingLastPathComponent
                    + "/Fixtures/hostile/train.py"))
        let modules = [
            "sql", "snapshot", "profile", "online", "training_set", "train", "evaluate", "noop",
        ]
        for name in modules {
            try fixture.write(to: URL(fileURLWithPath: target + "/\(name).py"))
        }
        return folder
    }

    static func with<Result>(
        fake: String? = nil, limits: StepLimits = StepLimits(),
        clock: any Clock<Duration> = ContinuousClock(),
        _ body: (Bench) async throws -> Result
    ) async throws -> Result {
        try await Bench.with(fake: fake, isHostile: true, limits: limits, clock: clock, body)
    }

    /// Runs a step until it has told the ids of its processes, then does something to it.
    static func run(
        _ program: JSONValue, in bench: Bench,
        then act: @Sendable (Task<StepOutcome, Never>, [Int32]) async throws -> Void
    ) async throws -> (outcome: StepOutcome, pids: [Int32]) {
        let recorder = EventRecorder()
        let order = try bench.order(program)
        let task = Task { await bench.executor.run(order) { recorder.record($0) } }
        let pids = try await recorder.firstLog().split(separator: " ").compactMap { Int32($0) }
        try await act(task, pids)
        return (await task.value, pids)
    }
}
