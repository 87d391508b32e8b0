package import Execution
import Planning
import ResourceAPI
import ResourceGraph

/// A step whose run is recorded as begun.
package struct BegunStep: Sendable {
    package let launch: StepLaunch
    package let runID: String
    package let order: StepOrder
    package let executor: any Executor
    /// Milliseconds of the monotonic clock.
    let startedAt: Int64
}

/// Carries a step from its launch to its recorded end, in three parts, each of which ends with
/// something durable: a crash between two of them is what a crash in the middle of a step is.
package struct StepRunner: Sendable {
    let recorder: any StateRecorder
    let sources: any SourceFiles
    let folders: any WorkFolders
    let executors: any RuntimeExecutors
    let credentials: any SourceCredentials
    let attribution: any ReasonAttribution
    let clock: any LoopClock
    let observer: any LoopObserver

    package enum Beginning: Sendable {
        case begun(BegunStep)
        case ended(StepEnd)
    }

    /// Records that the run begins, and puts its inputs in place.
    ///
    /// - Throws: what is final.
    package func begin(_ launch: StepLaunch) async throws -> Beginning {
        do {
            let executor = try await executors.executor(for: launch.runtime)
            let reasons = await attribution.attribute(launch.reasons, at: launch.revision)
            let launch = launch.with(reasons: reasons)
            let runID = try await recorder.begin(launch)
            observer.stepStarted(launch, runID: runID)
            do {
                let order = try await order(for: launch, runID: runID)
                return .begun(
                    BegunStep(
                        launch: launch, runID: runID, order: order, executor: executor,
                        startedAt: clock.now.monotonic))
            } catch {
                return .ended(try await endUnbegun(launch, runID, error))
            }
        } catch let trouble as PassingTrouble {
            return .ended(interrupted(launch, trouble))
        } catch is CancellationError {
            return .ended(.cancelled)
        } catch let error where error is ExecutionError {
            observer.warn("\(launch.step.id): \(error)")
            return .ended(
                .interrupted(Interruption(message: "\(error)", isEnvironmental: false)))
        }
    }

    /// A run that was begun must also be ended. What it lacks is not its own fault: a full disk, an
    /// input that was lost a moment ago and that the next look has made again.
    private func endUnbegun(
        _ launch: StepLaunch, _ runID: String, _ error: any Error
    ) async throws -> StepEnd {
        let failure = StepFailure(
            class: .resource, code: "InputUnavailable", message: "\(error)")
        _ = try await record(
            .failed(failure), of: launch, runID: runID, startedAt: clock.now.monotonic)
        return .interrupted(Interruption(message: failure.message, isEnvironmental: true))
    }

    /// Runs it. Cancelling the task cancels the step.
    package func execute(_ step: BegunStep) async -> StepOutcome {
        let observer = observer
        let id = step.launch.step.id
        return await step.executor.run(step.order) { event in
            if case .progress(let fraction, let message) = event {
                observer.stepProgressed(id, fraction: fraction, message: message)
            }
        }
    }

    /// Publishes what it made, and records how it ended.
    ///
    /// - Parameter isStopping: it was cancelled because the controller ends.
    /// - Throws: what is final.
    package func finish(
        _ step: BegunStep, _ outcome: StepOutcome, isStopping: Bool = false
    ) async throws -> StepEnd {
        do {
            return try await record(
                outcome, of: step.launch, runID: step.runID, startedAt: step.startedAt,
                cause: isStopping
                    ? "the controller was stopped" : "a newer commit does not want it")
        } catch let trouble as PassingTrouble {
            // The run's row says that it runs; the next attempt, or the next start, ends it.
            return interrupted(step.launch, trouble)
        }
    }

    private func interrupted(_ launch: StepLaunch, _ trouble: PassingTrouble) -> StepEnd {
        observer.warn("\(launch.step.id): \(trouble)")
        return .interrupted(Interruption(message: trouble.message, isEnvironmental: true))
    }

    private func order(for launch: StepLaunch, runID: String) async throws -> StepOrder {
        let folder = try folders.make(runID)
        var inputs: [String: [String: String]] = [:]
        for input in launch.step.inputs {
            guard let digest = launch.inputs[input.name] else { continue }
            switch input.origin {
            case .step:
                inputs[input.name] = try await recorder.files(of: digest)
            case .unpinned: continue
            case .file(let path):
                inputs[input.name] = try await sources.files(
                    of: path, digest: digest, revision: launch.revision, folder: folder)
            }
        }
        return StepOrder(
            runID: runID, step: launch.step.id, program: launch.program, seed: launch.step.seed,
            resources: launch.step.resources, inputs: inputs,
            outputDirectory: "\(folder)/output", logPath: folders.log(runID),
            secrets: try await secrets(of: launch))
    }

    private func secrets(of launch: StepLaunch) async throws -> StepSecrets {
        guard let name = launch.program["credentials"]?.string.flatMap({ ResourceName($0) }) else {
            return .none
        }
        return try await credentials.secrets(of: name)
    }

    private func record(
        _ outcome: StepOutcome, of launch: StepLaunch, runID: String, startedAt: Int64,
        cause: String = ""
    ) async throws -> StepEnd {
        defer {
            folders.remove(runID)
            observer.stepEnded(
                launch.step.id, outcome, seconds: Double(clock.now.monotonic - startedAt) / 1000)
        }
        switch outcome {
        case .succeeded(let metadata):
            let output = "\(try folders.make(runID))/output"
            return try await recorder.succeed(
                runID, launch, directory: output, metadata: metadata)
        case .failed(let failure):
            try await recorder.fail(runID, launch, failure)
            guard failure.isDeterministic else {
                return .interrupted(
                    Interruption(
                        message: failure.message, isEnvironmental: failure.isOfMachine))
            }
            return .failed(
                RecordedFailure(
                    runID: runID, code: failure.code, message: failure.message,
                    hint: failure.hint))
        case .cancelled:
            try await recorder.cancel(runID, cause: cause)
            return .cancelled
        }
    }
}

extension StepFailure {
    /// Room may come back, and so may a server, whatever the step is: it is tried again without a
    /// limit.
    fileprivate var isOfMachine: Bool {
        self.class == .resource && (code == "DiskFull" || Self.ofSources.contains(code))
    }

    /// What is wrong with sources outside the repository.
    private static let ofSources: Set<String> = [
        "CredentialsRefused", "SourceChanged", "SourceMissing", "SourceTimeout",
        "SourceUnavailable", "SourceUnreachable",
    ]
}
