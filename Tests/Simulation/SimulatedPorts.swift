import Execution
import Planning
package import Reconciler
import ResourceAPI
import ResourceGraph
import StateStore
import Synchronization

/// The world's clock, as a controller sees it. Nobody waits by it: waking is an event.
package struct SimulatedLoopClock: LoopClock {
    let clock: SimulatedClock

    package init(clock: SimulatedClock) { self.clock = clock }

    package var now: LoopTime { LoopTime(wall: clock.wall, monotonic: clock.monotonic) }

    package func sleep(until monotonic: Int64) async {}
}

/// Scratch folders on the simulated disk.
struct SimulatedFolders: WorkFolders {
    let disk: SimulatedDisk

    private func path(_ runID: String) -> String { "\(StoreWorld.directory)/work/\(runID)" }

    func make(_ runID: String) throws -> String {
        do throws(FileSystemError) {
            try disk.createDirectory("\(StoreWorld.directory)/work")
            try disk.createDirectory(path(runID))
        } catch {
            throw PassingTrouble(message: "cannot make \(path(runID))", isOfStore: true)
        }
        return path(runID)
    }

    func remove(_ runID: String) {
        for file in disk.files(below: path(runID)) { disk.delete(file) }
    }

    func log(_ runID: String) -> String { "\(StoreWorld.directory)/logs/\(runID).log" }
}

struct SimulatedSources: SourceFiles {
    func files(
        of file: RepositoryPath, digest: Digest, revision: Revision, folder: String
    ) async throws -> [String: String] { ["file": "\(folder)/source"] }
}

/// Never asked to run anything: the world says how steps go.
struct SimulatedExecutors: RuntimeExecutors, Executor {
    func executor(for runtime: Digest) async throws -> any Executor { self }

    func run(
        _ order: StepOrder, onEvent: @escaping @Sendable (WorkerEvent) -> Void
    ) async -> StepOutcome { .cancelled }
}

struct NoAttribution: ReasonAttribution {
    func attribute(_ reasons: [Reason], at revision: Revision) async -> [Reason] { reasons }
}

/// What the gateway is told: a file that is not synced, so a power failure may take it.
final class SimulatedServing: ServingSink {
    private struct Losses {
        var random: SeededRandom
        /// How often the files of a model cannot be found when they are to be served.
        var rate: Double
    }

    private let told = Mutex<[ServingIntent]?>(nil)
    private let faults: FaultSchedule
    private let losses: Mutex<Losses>

    /// - Parameter random: decides whether, and when, models cannot be found.
    init(faults: FaultSchedule, random: SeededRandom) {
        var random = random
        self.faults = faults
        losses = Mutex(Losses(random: random, rate: random.chance(0.5) ? 0.4 : 0))
    }

    /// From here on every model is found.
    func mend() { losses.withLock { $0.rate = 0 } }

    var intents: [ServingIntent]? { told.withLock { $0 } }

    func forget() { told.withLock { $0 = nil } }

    func serve(_ intents: [ServingIntent], revision: Revision, runtime: Digest) async throws {
        switch faults.next("serving file") {
        case nil, .shortWrite: try tell(intents)
        case .crash, .powerLoss, .powerLossOfAll: throw SimulatedCrash()
        case .noSpace, .errorOnce, .errorForGood:
            throw PassingTrouble(message: "cannot write serving.json")
        }
    }

    /// A deployment whose model cannot be found stays as it was; the others are told.
    private func tell(_ intents: [ServingIntent]) throws {
        let lost = losses.withLock { losses in
            intents.map(\.deployment).filter { _ in losses.random.chance(losses.rate) }
        }
        told.withLock { told in
            let old = (told ?? []).filter { lost.contains($0.deployment) }
            let new = intents.filter { !lost.contains($0.deployment) }
            told = (old + new).sorted { $0.deployment < $1.deployment }
        }
        guard !lost.isEmpty else { return }
        let trouble = ServingTrouble(message: "its model is lost")
        throw Unserved(
            deployments: Dictionary(
                lost.map { ($0, trouble) }, uniquingKeysWith: { first, _ in first }))
    }

    /// As the next controller finds it.
    var plan: ServingPlan? {
        intents.map { intents in
            ServingPlan(
                revision: "",
                deployments: intents.map { intent in
                    ServedDeployment(
                        name: intent.deployment.text, replicas: intent.replicas,
                        model: intent.version.model.text, version: intent.version.number,
                        digest: intent.version.digest, commit: intent.version.commit.hex,
                        onnxPath: "", signaturePath: "", onnxDigest: intent.version.digest,
                        runtimeLibrary: "")
                })
        }
    }

    /// What a gateway that has done all it was told says.
    var report: ServingReport {
        ServingReport(
            gatewayPID: 1, address: "127.0.0.1:1",
            deployments: (intents ?? []).map { intent in
                DeploymentReport(
                    name: intent.deployment.text, version: intent.version.number,
                    digest: intent.version.digest, readyReplicas: intent.replicas,
                    desiredReplicas: intent.replicas, desiredDigest: intent.version.digest,
                    restarts: 0)
            })
    }
}

/// Writes what happens to steps into the trace.
struct TracingObserver: LoopObserver {
    let trace: Trace

    func stepStarted(_ launch: StepLaunch, runID: String) {
        trace.add("  \(launch.step.id) runs as \(runID), attempt \(launch.attempt)")
    }
    func stepProgressed(_ step: StepID, fraction: Double?, message: String) {}
    func stepEnded(_ step: StepID, _ outcome: StepOutcome, seconds: Double) {
        trace.add("  \(step) ended")
    }
    func settled(_ settlement: Settlement) {
        trace.add(
            "  settled \(settlement.revision.short): \(settlement.ran) ran, \(settlement.failed) not, \(settlement.errors) errors"
        )
    }
    func note(_ message: String) { trace.add("  note: \(message)") }
    func warn(_ message: String) { trace.add("  warning: \(message)") }
}
