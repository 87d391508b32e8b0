import Execution
import Planning
import Reconciler
import ResourceAPI
import ResourceGraph
import SourceControl
import StateStore
import Synchronization

/// One controller process: the real core, observer, performer and recorder, around a simulated
/// disk, repository and clock. What it would do by tasks and timers, the world does by its agenda.
final class SimulatedController {
    struct Step {
        let launch: StepLaunch
        let token: Int
        var begun: BegunStep?
        var script: ScriptedWorkers.Script?
        var isCancelled = false
    }

    /// Of the processes of the simulation, so that what was meant for a dead one is dropped.
    let id: Int
    let store: StateStore
    let observer: Observer
    let performer: EffectPerformer
    let runner: StepRunner
    let recorder: StoreRecorder
    let look: ActualStateLook
    let handler: ControlHandler
    var core: ReconcilerCore
    var signal = LookSignal()
    var steps: [Fingerprint: Step] = [:]
    /// The newest `wake` counts.
    var wakeNumber = 0
    /// What it told the gateway last.
    var told: [ServingIntent]?
    /// What a look that is under way has found.
    var found: DesiredState?

    /// Starts as `ingot run` does.
    init(id: Int, parts: Parts) async throws {
        self.id = id
        store = try await parts.open()
        let repository = parts.repository
        recorder = StoreRecorder(store: store, actor: "controller")
        look = ActualStateLook(store: store)
        _ = try await look.findLost()
        let sources = SourceObserver(
            repository: repository, projectPath: RepositoryPath(""), dataDirectory: nil,
            store: store)
        let reader = DesiredStateReader(
            repository: repository, projectPath: RepositoryPath(""),
            standardLock: Array("lock".utf8))
        observer = Observer(
            repository: repository, branch: HistoryGenerator.branch, reader: reader,
            sources: sources, store: store, actor: "controller", allowsPrune: false,
            clock: SimulatedLoopClock(clock: parts.clock))
        let clock = SimulatedLoopClock(clock: parts.clock)
        let told = TracingObserver(trace: parts.trace)
        let ports = ReconcileLoop.Parts(
            recorder: recorder, sources: SimulatedSources(),
            folders: SimulatedFolders(disk: parts.disk), executors: SimulatedExecutors(),
            serving: parts.serving, attribution: NoAttribution(), clock: clock, observer: told)
        runner = ports.runner
        performer = ports.performer
        core = try await CoreLoading.core(
            from: store, budget: ResourceBudget(cpus: 2, memoryBytes: 1 << 40),
            served: parts.serving.plan)
        let roots = RootsBox()
        rootsBox = roots
        handler = ControlHandler(store: store, clock: clock, roots: { roots.roots })
    }

    private let rootsBox: RootsBox

    /// The processes' environment, which outlives them.
    struct Parts {
        let repository: SimulatedRepository
        let disk: SimulatedDisk
        let clock: SimulatedClock
        let serving: SimulatedServing
        let trace: Trace
        let open: () async throws -> StateStore
    }

    /// Does what a command asks for.
    func handle(_ request: ControlRequest) async throws -> ControlHandler.Outcome {
        rootsBox.set(core)
        return try await handler.handle(request)
    }
}

/// What garbage collection must keep: found as `ingot run` finds it.
final class RootsBox: Sendable {
    private let box = Mutex<ControlHandler.Roots?>(nil)

    var roots: ControlHandler.Roots? { box.withLock { $0 } }

    /// As if everything that nothing needs were past its time.
    func set(_ core: ReconcilerCore) {
        let found = core.garbageRoots.map {
            ControlHandler.Roots(artifacts: $0.artifacts, retentionMilliseconds: 0)
        }
        box.withLock { $0 = found }
    }
}
