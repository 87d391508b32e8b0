import Execution
import Planning
import Reconciler
import ResourceAPI
import StateStore

/// What the controller would do about a commit, found by its own core without doing any of it.
struct DryRun {
    /// Effects that answer others are few; a loop would be a mistake.
    private static let maximumEvents = 100_000

    private(set) var moves: [StageMove] = []
    /// What the gateway would be told.
    private(set) var served: [ServingIntent]
    private(set) var drifts: [(resource: ResourceID, what: String)] = []
    private(set) var plan: Plan

    /// - Parameter looked: what was found of what exists; nil to believe the records.
    init(
        _ desired: DesiredState, store: StateStore, stateDirectory: String,
        looked: ActualState? = nil
    ) async throws {
        var core = try await CoreLoading.core(
            from: store, budget: .machine(), served: RunFile.plan(in: stateDirectory))
        served = core.beliefs.served
        plan = Plan(steps: [])
        let recorder = StoreRecorder(store: store, actor: "nobody")
        var events: [CoreEvent] = [.desired(desired)]
        if let looked { events.append(.looked(looked)) }
        var count = 0
        while !events.isEmpty, count < Self.maximumEvents {
            count += 1
            for effect in core.step(events.removeFirst(), now: LoopTime(wall: 0, monotonic: 0)) {
                switch effect {
                case .loadMetrics(let fingerprint):
                    events.append(
                        .metrics(fingerprint, try await recorder.metrics(of: fingerprint)))
                case .move(let move):
                    moves.append(move)
                    events.append(.stageMoved(move))
                case .serve(_, let intents): served = intents
                case .drift(let resource, let what, _, _): drifts.append((resource, what))
                case .start, .cancel, .register, .report, .settled, .expire, .wake: break
                }
            }
        }
        plan = core.plan.plan
    }
}
