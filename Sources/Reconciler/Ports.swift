package import Execution
package import Planning
package import ResourceAPI
import ResourceGraph
package import StateStore

/// Something could not be done now, for a reason that may pass: a full disk, a file that was lost.
/// Nothing of it was done. Every other error that a recorder throws ends the controller.
package struct PassingTrouble: Error, Hashable, Sendable, CustomStringConvertible {
    package let message: String
    /// Nothing else can be written now either.
    package let isOfStore: Bool
    package init(message: String, isOfStore: Bool = false) {
        self.message = message
        self.isOfStore = isOfStore
    }

    package var description: String { message }
}

/// What the loop needs of the store. Every call is one transaction and returns when it is durable.
///
/// - Throws: `PassingTrouble`; any other error is final.
package protocol StateRecorder: Sendable {
    /// The same, for changes that are made for this plan.
    func under(_ plan: PlanID?) -> any StateRecorder

    /// - Returns: the run's id.
    func begin(_ launch: StepLaunch) async throws -> String
    /// Publishes the files in `directory` as the artifact and records the success.
    func succeed(
        _ runID: String, _ launch: StepLaunch, directory: String, metadata: JSONValue
    ) async throws -> StepEnd
    func fail(_ runID: String, _ launch: StepLaunch, _ failure: StepFailure) async throws
    /// - Parameter cause: for people: why it was not let to end.
    func cancel(_ runID: String, cause: String) async throws

    /// File name to absolute path, of an artifact.
    func files(of artifact: Digest) async throws -> [String: String]
    /// What the evaluation with this fingerprint recorded.
    func metrics(of evaluation: Fingerprint) async throws -> JSONValue

    func register(_ order: VersionOrder) async throws -> ModelVersion
    func move(_ move: StageMove) async throws
    /// What the stages show: model → stage → number of the version.
    func stages() async throws -> [ResourceName: [ResourceName: Int]]
    /// Before the gateway is told something.
    ///
    /// - Throws: what is final, if the state is not ours any more.
    func requireOwnership() async throws
    func recordRollout(_ intent: ServingIntent, revision: Revision) async throws
    /// The gateway answers requests with what was wanted.
    func recordReady(_ report: DeploymentReport, revision: Revision) async throws
    func report(
        _ statuses: [ResourceStatus], removed: [ResourceID], revision: Revision
    ) async throws
    func settle(_ settlement: Settlement, diagnostics: [Diagnostic]) async throws
    func expire(_ suspension: Suspension) async throws
    func recordDrift(
        _ resource: ResourceID, what: String, isHealed: Bool, revision: Revision
    ) async throws
}

/// Where a step's local files come from, and where it works.
package protocol SourceFiles: Sendable {
    /// Paths under which the worker can read the file with this digest: the file itself, or a copy
    /// made in `folder` (which the step's end removes).
    ///
    /// - Returns: by name; a single file is called `file`, those of a pattern have their own paths.
    func files(
        of file: RepositoryPath, digest: Digest, revision: Revision, folder: String
    ) async throws -> [String: String]
}

/// The controller's configuration, as far as it says how sources are read.
package protocol SourceCredentials: Sendable {
    /// The fields of an entry, with their values.
    ///
    /// - Throws: if there is no such entry, or a value cannot be read.
    func secrets(of name: ResourceName) async throws -> StepSecrets
}

/// Of a controller that reads no sources outside the repository.
package struct NoCredentials: SourceCredentials {
    package init() {}

    package func secrets(of name: ResourceName) async throws -> StepSecrets {
        throw ReconcilerError.noCredentials(name)
    }
}

/// The scratch folders of steps.
package protocol WorkFolders: Sendable {
    /// - Returns: the absolute path of the run's folder, which is made.
    func make(_ runID: String) throws -> String
    /// What cannot be removed now is swept at the next start.
    func remove(_ runID: String)
    /// Absolute path of the run's log.
    func log(_ runID: String) -> String
}

/// Finds out who made the changes that reasons name.
package protocol ReasonAttribution: Sendable {
    /// The same reasons; where history tells, with the commit and author behind them.
    func attribute(_ reasons: [Reason], at revision: Revision) async -> [Reason]
}

/// Runs steps in the runtime with a given lock digest.
package protocol RuntimeExecutors: Sendable {
    func executor(for runtime: Digest) async throws -> any Executor
}

/// Where the libraries are with which models are served.
package protocol RuntimeLibraries: Sendable {
    /// Does not wait until a runtime is made.
    ///
    /// - Parameters:
    ///   - runtime: lock digest of the runtime that the model was trained with.
    ///   - commit: one that names its lock file.
    func library(of runtime: Digest, trainedAt commit: CommitID) async -> RuntimeLibrary
}

package enum RuntimeLibrary: Hashable, Sendable {
    /// Absolute path of libonnxruntime.
    case found(path: String)
    case missing(ServingTrouble)
}

/// Why a deployment cannot be served as it is wanted.
package struct ServingTrouble: Hashable, Sendable {
    package let message: String
    package let hint: String?
    /// It is being mended: nobody needs to do anything.
    package let isUnderWay: Bool
    package init(message: String, hint: String? = nil, isUnderWay: Bool = false) {
        self.message = message
        self.hint = hint
        self.isUnderWay = isUnderWay
    }
}

/// The gateway was told of all deployments but these, which are left as they were.
package struct Unserved: Error, Hashable, Sendable {
    package let deployments: [ResourceName: ServingTrouble]
    package init(deployments: [ResourceName: ServingTrouble]) {
        self.deployments = deployments
    }
}

/// Takes what the gateway shall serve.
package protocol ServingSink: Sendable {
    /// - Throws: `Unserved`; `PassingTrouble`, and then nobody was told; any other error is final.
    func serve(_ intents: [ServingIntent], revision: Revision, runtime: Digest) async throws
}

/// A moment by two clocks. What is awaited goes by the one that nobody can set; what people wrote
/// down goes by theirs.
package struct LoopTime: Hashable, Sendable {
    /// Milliseconds since 1970. May jump, also backwards.
    package let wall: Int64
    /// Milliseconds since some moment. Never goes back, and goes on while the machine sleeps.
    package let monotonic: Int64

    package init(wall: Int64, monotonic: Int64) {
        self.wall = wall
        self.monotonic = monotonic
    }
}

package protocol LoopClock: Sendable {
    var now: LoopTime { get }
    /// - Parameter monotonic: milliseconds of that clock.
    func sleep(until monotonic: Int64) async
}

/// Told of what happens, for people who watch: progress bars, logs.
package protocol LoopObserver: Sendable {
    func stepStarted(_ launch: StepLaunch, runID: String)
    func stepProgressed(_ step: StepID, fraction: Double?, message: String)
    func stepEnded(_ step: StepID, _ outcome: StepOutcome, seconds: Double)
    func settled(_ settlement: Settlement)
    func note(_ message: String)
    func warn(_ message: String)
}
