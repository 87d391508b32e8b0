package import ResourceAPI

/// One attempt to run one step, complete: nothing else is looked up while it runs.
package struct StepOrder: Sendable {
    package let runID: String
    package let step: StepID
    package let program: JSONValue
    package let seed: Int64
    package let resources: StepResources
    /// Input name to artifact file name to absolute path. A file that is not an artifact has the
    /// single file name `file`.
    package let inputs: [String: [String: String]]
    /// Absolute; created by the executor. If it exists it must be empty.
    package let outputDirectory: String
    /// Absolute path of the file that takes what the worker prints: `logs/<run>.log`.
    package let logPath: String
    package let secrets: StepSecrets

    package init(
        runID: String, step: StepID, program: JSONValue, seed: Int64, resources: StepResources,
        inputs: [String: [String: String]], outputDirectory: String, logPath: String,
        secrets: StepSecrets = .none
    ) {
        self.runID = runID
        self.step = step
        self.program = program
        self.seed = seed
        self.resources = resources
        self.inputs = inputs
        self.outputDirectory = outputDirectory
        self.logPath = logPath
        self.secrets = secrets
    }

    /// Whether the worker computes with Python libraries, whose imports take a second.
    var needsLibraries: Bool { step.kind != .noop }

    /// Beside the log, `logs/<run>.jsonl`: the progress and log events, one JSON object a line.
    package var eventLogPath: String {
        (logPath.hasSuffix(".log") ? String(logPath.dropLast(4)) : logPath) + ".jsonl"
    }
}

/// What a step says while it runs.
package enum WorkerEvent: Hashable, Sendable {
    package enum Level: String, Hashable, Sendable {
        case info
        case warning
    }

    case started(pid: Int32)
    /// `fraction` from 0 to 1; nil if it cannot be told.
    case progress(fraction: Double?, message: String)
    case metric(name: String, value: Double)
    case log(level: Level, message: String)
}

/// What became of a step.
package enum StepOutcome: Hashable, Sendable {
    /// With the small JSON value that is recorded with the run.
    case succeeded(metadata: JSONValue)
    case failed(StepFailure)
    /// Every process of the step is dead.
    case cancelled
}

/// Why a step failed, for callers (`class`, `code`) and for people (`message`, `hint`).
package struct StepFailure: Hashable, Sendable, Codable {
    package enum Class: String, Hashable, Sendable, Codable {
        /// The data are not what the manifest says.
        case data
        /// The manifest asks for something that cannot be.
        case config
        /// A bug, in Ingot or below it.
        case `internal`
        /// The machine has run out of something.
        case resource
        /// The step took longer than its limit.
        case timeout
        /// The step's process was killed from outside.
        case killed
    }

    package let `class`: Class
    /// One CamelCase word.
    package let code: String
    package let message: String
    package let hint: String?
    package let details: JSONValue?

    package init(
        class: Class, code: String, message: String, hint: String? = nil,
        details: JSONValue? = nil
    ) {
        self.class = `class`
        self.code = code
        self.message = message
        self.hint = hint
        self.details = details
    }

    /// Whether the same step over the same inputs fails in the same way again: not worth a retry.
    package var isDeterministic: Bool { self.class == .data || self.class == .config }
}
