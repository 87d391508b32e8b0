/// What one seed is about: its own rates of everything, many of them zero, so that seeds differ in
/// kind and not only in detail.
struct SimulationPlan: Sendable {
    let edits: Int
    /// Milliseconds between edits, at most.
    let pace: Int
    let controllers: Int
    let followsHistory: Bool
    /// The operator approves held commits while faults go on, and not only at the end.
    let approvesEarly: Bool
    /// At each operation of the disk or the database.
    let faultRates: [Fault: Double]
    /// A fault that shall meet a transition, at one of its first operations.
    let target: (fault: Fault, transition: Transition)?
    let lostNotifications: Double
    let doubledNotifications: Double
    /// How often each of these happens.
    let disturbances: [Disturbance]
    let hasLastCommit: Bool
    let workers: ScriptedWorkers

    enum Disturbance: String, CaseIterable, Sendable {
        case kill, powerLoss, takeOver, clockJump, deleteFile, cutFile, moveStage, fillDisk
        case suspend, resume, collect, forgetServing
    }

    /// - Parameter seed: also chooses the target, so that neighbouring seeds have different ones.
    init(seed: UInt64, random: inout SeededRandom) {
        edits = random.below(7) + 3
        pace = [2_000, 20_000, 120_000][random.below(3)]
        controllers = random.chance(0.3) ? 2 : 1
        followsHistory = random.chance(0.25)
        approvesEarly = random.chance(0.5)
        lostNotifications = random.chance(0.3) ? 0.3 : 0
        doubledNotifications = random.chance(0.3) ? 0.5 : 0
        hasLastCommit = random.chance(0.5)
        var rates: [Fault: Double] = [:]
        for fault in Transition.faults where random.chance(0.25) {
            rates[fault] = 0.003 * Double(random.below(3) + 1)
        }
        faultRates = rates
        target = Self.target(seed)
        var chosen: [Disturbance] = []
        for disturbance in Disturbance.allCases where random.chance(0.3) {
            for _ in 0...random.below(3) { chosen.append(disturbance) }
        }
        // A transition must take place to be met.
        switch target?.transition {
        case .suspend: chosen.append(.suspend)
        case .resume, .expire: chosen += [.suspend, .suspend, .resume, .resume]
        case .collect: chosen += [.collect, .collect]
        case .drift: chosen += [.deleteFile, .moveStage, .moveStage]
        default: break
        }
        disturbances = chosen
        workers = ScriptedWorkers(
            seed: random.next(), trouble: random.chance(0.5) ? 0.3 : 0,
            deterministicFailures: random.chance(0.5) ? 0.1 : 0,
            nondeterminism: random.chance(0.2) ? 0.1 : 0)
    }

    /// Three of four seeds have one, each kind in its turn.
    private static func target(_ seed: UInt64) -> (Fault, Transition)? {
        guard seed % 4 != 0 else { return nil }
        let faults = Transition.faults
        let transitions = Transition.allCases
        let index = Int((seed - seed / 4) % UInt64(faults.count * transitions.count))
        return (faults[index % faults.count], transitions[index / faults.count])
    }
}
