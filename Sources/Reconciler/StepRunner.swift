import Execution
import Foundation
import Planning
import ResourceAPI
import ResourceGraph

/// Carries one step from its launch to its recorded end.
struct StepRunner: Sendable {
    let recorder: any StateRecorder
    let sources: any SourceFiles
    let executors: any RuntimeExecutors
    let attribution: any ReasonAttribution
    let clock: any LoopClock
    let observer: any LoopObserver
    /// `<state>/work` and `<state>/logs`, absolute.
    let workDirectory: String
    let logDirectory: String

    /// Never throws: whatever goes wrong is an end. Cancelling the task cancels the step.
    func run(_ launch: StepLaunch) async -> StepEnd {
        do {
            return try await attempt(launch)
        } catch is CancellationError {
            return .cancelled
        } catch {
            observer.warn("\(launch.step.id): \(error)")
            return .interrupted(message: "\(error)")
        }
    }

    private func attempt(_ launch: StepLaunch) async throws -> StepEnd {
        let executor = try await executors.executor(for: launch.runtime)
        let reasons = await attribution.attribute(launch.reasons, at: launch.revision)
        let launch = launch.with(reasons: reasons)
        let runID = try await recorder.begin(launch)
        let folder = "\(workDirectory)/\(runID)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let started = clock.now
        observer.stepStarted(launch, runID: runID)
        let outcome: StepOutcome
        do {
            let order = try await order(for: launch, runID: runID, folder: folder)
            outcome = await executor.run(order) { event in
                if case .progress(let fraction, let message) = event {
                    observer.stepProgressed(launch.step.id, fraction: fraction, message: message)
                }
            }
        } catch {
            // The run was begun, so it must also be ended.
            let failure = StepFailure(
                class: .internal, code: "InputUnavailable", message: "\(error)")
            try await recorder.fail(runID, launch, failure)
            throw error
        }
        let seconds = Double(clock.now - started) / 1000
        defer { observer.stepEnded(launch.step.id, outcome, seconds: seconds) }
        return try await record(outcome, runID: runID, launch, output: "\(folder)/output")
    }

    private func order(
        for launch: StepLaunch, runID: String, folder: String
    ) async throws -> StepOrder {
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        var inputs: [String: [String: String]] = [:]
        for input in launch.step.inputs {
            guard let digest = launch.inputs[input.name] else { continue }
            switch input.origin {
            case .step:
                inputs[input.name] = try await recorder.files(of: digest)
            case .file(let path):
                let file = try await sources.path(
                    of: path, digest: digest, revision: launch.revision, folder: folder)
                inputs[input.name] = ["file": file]
            }
        }
        return StepOrder(
            runID: runID, step: launch.step.id, program: launch.step.program,
            seed: launch.step.seed, resources: launch.step.resources, inputs: inputs,
            outputDirectory: "\(folder)/output", logPath: "\(logDirectory)/\(runID).log")
    }

    private func record(
        _ outcome: StepOutcome, runID: String, _ launch: StepLaunch, output: String
    ) async throws -> StepEnd {
        switch outcome {
        case .succeeded(let metadata):
            return try await recorder.succeed(
                runID, launch, directory: output, metadata: metadata)
        case .failed(let failure):
            try await recorder.fail(runID, launch, failure)
            guard failure.isDeterministic else {
                return .interrupted(message: failure.message)
            }
            return .failed(
                RecordedFailure(
                    runID: runID, code: failure.code, message: failure.message,
                    hint: failure.hint))
        case .cancelled:
            try await recorder.cancel(runID)
            return .cancelled
        }
    }
}
