package import ResourceAPI

/// Everything that goes wrong while steps are run, other than what a worker reports itself. All the
/// texts for people are in this file.
package enum ExecutionError: Error, Hashable, Sendable {
    // The order.
    case memoryOverBudget(step: StepID, needed: Int64, budget: Int64)
    case outputNotEmpty(step: StepID, path: String)
    case cannotPrepare(step: StepID, path: String, problem: String, isDiskFull: Bool)

    // The worker of one step.
    case timedOut(step: StepID, seconds: Int64)
    case missingResult(step: StepID)
    case workerExited(step: StepID, code: Int64, logPath: String)
    case workerKilled(step: StepID, signal: Int64, cause: KillCause, logPath: String)
    case workerLost(step: StepID, reason: String)
    case protocolError(step: StepID, problem: ProtocolProblem)
    case logTooLarge(step: StepID, limit: Int, logPath: String)

    // The warm parent.
    case workerNotReady(seconds: Int64, output: [String])
    case workerDidNotStart(reason: String, output: [String])
    case cannotConnect(path: String, problem: String)
    case socketPathUnavailable(path: String, problem: String)

    // A look of a command.
    case lookFailed(StepFailure)
    case lookEnded(ending: String, output: [String])
    case lookFolder(path: String, problem: String)

    // The Python runtime.
    case resourceMissing(path: String)
    case pythonMissing(name: String)
    case pythonUnusable(path: String, problem: String)
    case pythonTooOld(path: String, version: String)
    case venvFailed(path: String, output: [String])
    case installFailed(status: String, output: [String])
    case runtimeDirectory(path: String, problem: String)
    case runtimeUnusable(path: String, problem: String)
    case runtimeMismatch(path: String, differences: [String])
    case onnxRuntimeMissing(path: String)
    /// Neither the runtime nor the lock file to make it from can be found.
    case runtimeUnknown(Digest)
}

/// What was wrong with what a worker wrote to its connection.
package enum ProtocolProblem: Error, Hashable, Sendable {
    /// At most 80 bytes of the line, escaped.
    case notAnEvent(quoted: String)
    case badField(event: String, field: String)
    case lineTooLong(limit: Int)
    case tooManyBytes(limit: Int)
    case secondResult
    case closedEarly
}

extension ExecutionError {
    /// For callers: what to do next.
    package var failureClass: StepFailure.Class {
        switch self {
        case .memoryOverBudget, .pythonMissing, .pythonUnusable, .pythonTooOld,
            .runtimeUnusable, .runtimeMismatch, .onnxRuntimeMissing:
            .config
        case .timedOut: .timeout
        case .workerKilled(_, _, .outOfMemory, _): .resource
        case .workerKilled(_, let signal, _, _): Self.isCrash(signal) ? .internal : .killed
        case .workerLost: .killed
        case .logTooLarge: .resource
        case .cannotPrepare(_, _, _, let isDiskFull): isDiskFull ? .resource : .internal
        case .lookFailed(let failure): failure.class
        case .lookEnded, .lookFolder, .outputNotEmpty, .missingResult, .workerExited,
            .protocolError, .workerNotReady,
            .workerDidNotStart, .cannotConnect, .socketPathUnavailable, .resourceMissing,
            .venvFailed, .installFailed, .runtimeDirectory, .runtimeUnknown:
            .internal
        }
    }

    /// One CamelCase word.
    package var code: String {
        switch self {
        case .memoryOverBudget: "MemoryOverBudget"
        case .outputNotEmpty: "OutputNotEmpty"
        case .cannotPrepare(_, _, _, let isDiskFull): isDiskFull ? "DiskFull" : "CannotPrepare"
        case .timedOut: "TimedOut"
        case .missingResult: "MissingResult"
        case .workerExited: "WorkerExited"
        case .workerKilled(_, _, .outOfMemory, _): "OutOfMemory"
        case .workerKilled(_, let signal, _, _):
            Self.isCrash(signal) ? "WorkerCrashed" : "WorkerKilled"
        case .workerLost: "WorkerLost"
        case .protocolError: "ProtocolError"
        case .logTooLarge: "LogTooLarge"
        case .workerNotReady, .workerDidNotStart, .socketPathUnavailable: "WorkerStartFailed"
        case .cannotConnect: "WorkerUnreachable"
        case .lookFailed(let failure): failure.code
        case .lookEnded: "WorkerExited"
        case .lookFolder: "LookFolder"
        case .resourceMissing: "ResourceMissing"
        case .pythonMissing: "PythonMissing"
        case .pythonUnusable: "PythonUnusable"
        case .pythonTooOld: "PythonTooOld"
        case .venvFailed: "VenvFailed"
        case .installFailed: "InstallFailed"
        case .runtimeDirectory: "RuntimeDirectory"
        case .runtimeUnusable: "RuntimeUnusable"
        case .runtimeMismatch: "RuntimeMismatch"
        case .onnxRuntimeMissing: "OnnxRuntimeMissing"
        case .runtimeUnknown: "RuntimeUnknown"
        }
    }

    package var failure: StepFailure {
        StepFailure(
            class: failureClass, code: code, message: message, hint: hint, details: details)
    }

    /// Numbers for programs that would otherwise have to read the message.
    private var details: JSONValue? {
        switch self {
        case .workerExited(_, let code, _): ["exitCode": .int(code)]
        case .workerKilled(_, let signal, _, _): ["signal": .int(signal)]
        case .timedOut(_, let seconds): ["timeoutSeconds": .int(seconds)]
        case .memoryOverBudget(_, let needed, let budget):
            ["neededBytes": .int(needed), "budgetBytes": .int(budget)]
        default: nil
        }
    }
}

extension ExecutionError: CustomStringConvertible {
    package var description: String {
        guard let hint else { return message }
        return message + "\nhint: " + hint
    }

    /// A whole sentence without its full stop.
    package var message: String {
        switch self {
        case .memoryOverBudget(let step, let needed, let budget):
            "step \(step) asks for \(ByteCount(needed)) of memory, "
                + "and the budget of all steps together is \(ByteCount(budget))"
        case .outputNotEmpty(let step, let path):
            "the output directory of step \(step) is not empty: \(path)"
        case .cannotPrepare(let step, let path, let problem, _):
            "cannot prepare step \(step): \(path): \(problem)"
        case .timedOut(let step, let seconds):
            "step \(step) ran longer than \(ManifestDuration(seconds: seconds)) and was stopped"
        case .missingResult(let step):
            "the worker of step \(step) ended without an error and without a result"
        case .workerExited(let step, let code, _):
            "the worker of step \(step) ended with exit code \(code) and did not say why"
        case .workerKilled(let step, _, .outOfMemory, _):
            "the worker of step \(step) was killed by the kernel, "
                + "because the machine or its container ran out of memory"
        case .workerKilled(let step, let signal, _, _):
            "the worker of step \(step) "
                + (Self.isCrash(signal) ? "crashed with" : "was killed by")
                + " signal \(signal)\(Self.name(of: signal))"
        case .workerLost(let step, let reason):
            "the worker of step \(step) was lost: \(reason)"
        case .protocolError(let step, let problem):
            "the worker of step \(step) \(problem.message)"
        case .logTooLarge(let step, let limit, _):
            "step \(step) printed more than \(ByteCount(Int64(limit))) and was stopped"
        case .workerNotReady(let seconds, let output):
            "the Python worker was not ready after \(seconds) s" + Self.quote(output)
        case .workerDidNotStart(let reason, let output):
            "the Python worker did not start: \(reason)" + Self.quote(output)
        case .cannotConnect(let path, let problem):
            "cannot connect to the Python worker at \(path): \(problem)"
        case .socketPathUnavailable(let path, let problem):
            "cannot make a place for the Python worker's socket: \(path): \(problem)"
        case .lookFailed(let failure): failure.message
        case .lookEnded(let ending, let output):
            "the Python worker \(ending) and did not say why" + Self.quote(output)
        case .lookFolder(let path, let problem):
            "cannot make a folder for the Python worker: \(path): \(problem)"
        default: runtimeMessage
        }
    }

    private var runtimeMessage: String {
        switch self {
        case .resourceMissing(let path):
            "a file that belongs to Ingot is missing: \(path)"
        case .pythonMissing(let name):
            "cannot find \(name), which is needed to make the Python runtime"
        case .pythonUnusable(let path, let problem):
            "\(path), which is needed to make the Python runtime, does not work: \(problem)"
        case .pythonTooOld(let path, let version):
            "\(path) is Python \(version), and Ingot's worker needs Python 3.11 or newer"
        case .venvFailed(let path, let output):
            "cannot make a Python virtual environment in \(path)" + Self.quote(output)
        case .installFailed(let status, let output):
            "pip could not install the locked packages (\(status))" + Self.quote(output)
        case .runtimeDirectory(let path, let problem):
            "cannot use the directory of Python runtimes: \(path): \(problem)"
        case .runtimeUnusable(let path, let problem):
            "the Python runtime \(path), named by INGOT_RUNTIME, cannot be used: \(problem)"
        case .runtimeMismatch(let path, let differences):
            "the Python runtime \(path), named by INGOT_RUNTIME, does not have the packages of "
                + "the lock file" + Self.quote(differences)
        case .onnxRuntimeMissing(let path):
            "the Python runtime \(path) has no ONNX Runtime library"
        case .runtimeUnknown(let digest):
            "the Python runtime of the lock file \(digest) is not on this machine, and the lock "
                + "file is not in the commit"
        default: code
        }
    }

    /// What to do about it.
    package var hint: String? {
        switch self {
        case .memoryOverBudget:
            "lower resources.memory in the manifest, or give the controller more memory"
        case .outputNotEmpty: "every run needs a directory of its own; remove this one"
        case .cannotPrepare(_, _, _, isDiskFull: true):
            "free some space in the state directory's file system; the step is retried"
        case .cannotPrepare: "check that the state directory can be written to"
        case .timedOut: "raise resources.timeout in the manifest, or give the step less to do"
        case .workerExited(_, _, let logPath): "see what it printed: \(logPath)"
        case .workerKilled(_, _, .outOfMemory, _):
            "lower resources.memory of steps that run side by side, or use a machine with more "
                + "memory; the step is retried"
        case .workerKilled(_, 9, .unknown, _):
            "signal 9 usually means that the machine ran out of memory: lower resources.memory "
                + "of steps that run side by side, or use a machine with more memory"
        case .workerKilled(_, let signal, _, let logPath):
            Self.isCrash(signal)
                ? "see what it printed: \(logPath)"
                : "neither Ingot nor a lack of memory has killed it, but somebody or something "
                    + "else on this machine; the step is retried"
        case .workerLost: "the step is retried"
        case .missingResult, .protocolError:
            "this is a bug in Ingot or in a library that it uses; please report it with the log"
        case .logTooLarge(_, _, let logPath):
            "let it print less; the beginning is kept in \(logPath)"
        case .workerNotReady, .workerDidNotStart:
            "check the Python runtime; a damaged one is made anew after its directory is removed"
        case .cannotConnect: "the step is retried"
        case .lookFailed(let failure): failure.hint
        case .lookEnded: "this is a bug in Ingot or in a library that it uses; please report it"
        case .lookFolder: "set TMPDIR to a folder that can be written to"
        case .socketPathUnavailable: "check that /tmp can be written to"
        case .resourceMissing: "install Ingot again, with its resource bundle beside the executable"
        case .pythonMissing, .pythonUnusable: "apt-get install python3 python3-venv"
        case .pythonTooOld: "install Python 3.11 or newer and put it first in PATH"
        case .venvFailed: "apt-get install python3-venv, and check that the disk has space"
        case .installFailed:
            "check the network and the package index (PIP_INDEX_URL), then try again"
        case .runtimeDirectory: "set INGOT_RUNTIMES to a directory that can be written to"
        case .runtimeUnusable, .runtimeMismatch:
            "unset INGOT_RUNTIME to have Ingot make one, or install the lock file there"
        case .onnxRuntimeMissing: "add onnxruntime to the lock file"
        case .runtimeUnknown:
            "if the lock file was the one that another release of Ingot ships, run "
                + "`ingot runtime` of that release on this machine; else have the model trained anew"
        }
    }

    private static func quote(_ lines: [String]) -> String {
        lines.isEmpty ? "" : ":" + lines.map { "\n  " + $0 }.joined()
    }

    /// Whether a program gets this signal for what it does itself.
    private static func isCrash(_ signal: Int64) -> Bool {
        [4, 5, 6, 7, 8, 11, 31].contains(signal)
    }

    private static func name(of signal: Int64) -> String {
        switch signal {
        case 4: " (SIGILL)"
        case 6: " (SIGABRT)"
        case 7: " (SIGBUS)"
        case 8: " (SIGFPE)"
        case 9: " (SIGKILL)"
        case 11: " (SIGSEGV)"
        case 15: " (SIGTERM)"
        default: ""
        }
    }
}

extension ProtocolProblem {
    /// What the worker did, after "the worker of step …".
    fileprivate var message: String {
        switch self {
        case .notAnEvent(let quoted): "wrote something that is not an event: \"\(quoted)\""
        case .badField(let event, let field):
            "wrote an event \"\(event)\" whose field \"\(field)\" is missing or wrong"
        case .lineTooLong(let limit):
            "wrote an event line longer than \(ByteCount(Int64(limit)))"
        case .tooManyBytes(let limit):
            "wrote more than \(ByteCount(Int64(limit))) of events"
        case .secondResult: "reported two results"
        case .closedEarly: "closed its connection before it had ended"
        }
    }
}
