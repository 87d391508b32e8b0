import Planning
import Reconciler
import ResourceAPI
import SourceControl
import StateStore

/// One run of one seed: people who edit a repository, controllers, workers, a gateway, a disk, and
/// all that can go wrong with them, on one agenda and in one task.
///
/// First the safety phase: everything goes wrong that the plan has, and the invariants must hold
/// after every event. Then the liveness phase: nothing goes wrong any more, and the state must become
/// what the newest commit says, and stay so.
final class SimulatedWorld {
    enum Item: Sendable {
        case edit
        case poll
        case drift
        case start
        case notify
        case lookBegin(Int)
        case lookEnd(Int)
        case begin(Int, Fingerprint, token: Int)
        case stepDone(Int, Fingerprint, token: Int)
        case wake(Int, number: Int)
        case gateway
        case unpause(Int)
        case approve(CommitID, String)
        case disturb(SimulationPlan.Disturbance)
        case tidy
        case freeDisk
        case mendDisk
    }

    static let pollInterval: Int64 = 30_000
    static let driftInterval: Int64 = 60_000
    static let maximumEvents = 20_000

    let plan: SimulationPlan
    let base: StoreWorld
    let repository = SimulatedRepository()
    let serving: SimulatedServing
    let trace: Trace
    let coverage: Coverage
    var history: HistoryGenerator
    var random: SeededRandom
    var agenda = Agenda<Item>()
    var controllers: [Int: SimulatedController] = [:]
    var paused: [Int: Int64] = [:]
    var lastID = 0
    var lastToken = 0
    var isFaulty = true
    /// When something last happened that was not just a look which found nothing.
    var lastActivity: Int64 = 0
    var invariants: WorldInvariants
    private(set) var violation: String?

    init(seed: UInt64, trace: Trace, coverage: Coverage) throws {
        var random = SeededRandom(seed: seed)
        plan = SimulationPlan(seed: seed, random: &random)
        base = try StoreWorld(seed: random.next(), coverage: coverage)
        var losses = SeededRandom(seed: seed)
        serving = SimulatedServing(faults: base.faults, random: losses.fork("serving"))
        self.trace = trace
        self.coverage = coverage
        history = try HistoryGenerator(
            repository, random: random.fork("history"), time: base.clock.wall / 1000,
            followsHistory: plan.followsHistory, trainsSurely: plan.trainsSurely)
        invariants = WorldInvariants(
            base: base, repository: repository, workers: plan.workers,
            followsHistory: plan.followsHistory)
        self.random = random
    }

    var now: Int64 { base.clock.monotonic }
    var faults: FaultSchedule { base.faults }
    var time: LoopTime { LoopTime(wall: base.clock.wall, monotonic: now) }

    func add(_ item: Item, in milliseconds: Int64) {
        agenda.add(item, at: now + milliseconds, tie: random.next())
    }

    /// - Parameter bound: milliseconds, exclusive.
    func soon(_ item: Item, _ bound: Int) { add(item, in: Int64(random.below(bound))) }

    func violated(_ what: String) {
        guard violation == nil else { return }
        violation = what
        trace.add("VIOLATION \(what)")
    }

    /// - Returns: what did not hold; nil if all did.
    func run() async throws -> String? {
        schedule()
        faults.set(rates: plan.faultRates)
        faults.aim(plan.targets)
        let end = Int64((plan.edits + 2) * plan.pace)
        while violation == nil, now < end { try await step() }
        guard violation == nil else { return violation }
        try await lookClosely(isSwept: false)
        try await endFaults()
        while violation == nil, !isAtRest {
            try await step()
            if trace.count > Self.maximumEvents * 4 { violated("L1: it does not come to rest") }
        }
        guard violation == nil else { return violation }
        try await lookClosely(isSwept: false)
        try await expectConverged()
        if violation == nil { try await expectIdempotence() }
        return violation
    }

    private func schedule() {
        for _ in 0..<plan.controllers { soon(.start, 100) }
        var at: Int64 = 100
        for _ in 0..<plan.edits {
            at += Int64(random.below(plan.pace))
            add(.edit, in: at)
        }
        for disturbance in plan.disturbances {
            add(.disturb(disturbance), in: Int64(random.below(plan.pace * (plan.edits + 1)) + 1))
        }
        add(.poll, in: Self.pollInterval)
        add(.drift, in: Self.driftInterval)
    }

    /// The next event, whole.
    func step() async throws {
        guard let (at, item) = agenda.next() else { return violated("the agenda is empty") }
        if at > now { base.clock.advance(by: at - now) }
        let before = base.memory.changes
        trace.add("\(now) \(item)")
        try await perform(item)
        faults.enter(nil)
        if base.memory.changes != before || !Self.isIdle(item) { lastActivity = now }
        if let found = try await invariants.check(self) { violated(found) }
    }

    private static func isIdle(_ item: Item) -> Bool {
        switch item {
        case .poll, .drift, .lookBegin, .lookEnd, .notify, .start: true
        default: false
        }
    }

    private func perform(_ item: Item) async throws {
        switch item {
        case .edit: try edit()
        case .poll:
            add(.poll, in: Self.pollInterval)
            for id in controllers.keys.sorted() { notify(id) }
        case .notify: for id in controllers.keys.sorted() { notify(id) }
        case .drift:
            add(.drift, in: Self.driftInterval)
            for id in controllers.keys.sorted() { await lookForDrift(id) }
        case .start: try await start()
        case .lookBegin(let id): await beginLook(id)
        case .lookEnd(let id): await endLook(id)
        case .begin(let id, let fingerprint, let token): await begin(id, fingerprint, token)
        case .stepDone(let id, let fingerprint, let token): await endStep(id, fingerprint, token)
        case .wake(let id, let number):
            if let controller = awake(id, item), controller.wakeNumber == number {
                await feed(controller, .tick)
            }
        case .gateway: await report()
        case .unpause(let id): paused[id] = nil
        case .approve(let commit, let what): await approve(commit, what)
        case .disturb(let disturbance): try await disturb(disturbance)
        case .tidy: try await tidy()
        case .freeDisk: faults.fill(false)
        case .mendDisk: faults.repair()
        }
    }

    /// The controller, if it lives; what meets a paused one comes when it goes on.
    func awake(_ id: Int, _ item: Item) -> SimulatedController? {
        guard let controller = controllers[id] else { return nil }
        guard let until = paused[id] else { return controller }
        agenda.add(item, at: until + 1, tie: random.next())
        return nil
    }

    /// The last resort of every failing test: what happened before.
    var lastLines: String { trace.lines.joined(separator: "\n") }
}
