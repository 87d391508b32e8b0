/// What one seed is about: its own rates of everything, many of them zero, so that seeds differ in
/// kind and not only in detail.
struct SimulationPlan: Sendable {
    let edits: Int
    /// Milliseconds between edits, at most.
    let pace: Int
    /// What people do more often than anything else.
    let bias: HistoryGenerator.Edit?
    /// The first commit has a model that passes its gate.
    let trainsSurely: Bool
    /// Every suspension ends by itself.
    let suspendsBriefly: Bool
    let controllers: Int
    let followsHistory: Bool
    /// The operator approves held commits while faults go on, and not only at the end.
    let approvesEarly: Bool
    /// At each operation of the disk or the database.
    let faultRates: [Fault: Double]
    /// Faults that shall meet a transition, each at one of its first operations.
    let targets: [Target]
    let lostNotifications: Double
    let doubledNotifications: Double
    /// How often each of these happens.
    let disturbances: [Disturbance]
    let hasLastCommit: Bool
    let workers: ScriptedWorkers

    struct Target: Hashable, Sendable {
        let fault: Fault
        let transition: Transition
    }

    enum Disturbance: String, CaseIterable, Sendable {
        case kill, powerLoss, takeOver, clockJump, deleteFile, cutFile, moveStage, fillDisk
        case suspend, resume, collect, forgetServing
    }

    /// - Parameter seed: also chooses the target, so that neighbouring seeds have different ones.
    init(seed: UInt64, random: inout SeededRandom) {
        let targets = Self.targets(seed, count: random.below(8) + 1)
        self.targets = targets
        let aims = Set(targets.map(\.transition))
        // Steps are cancelled where edits come fast; models come where nothing disturbs training.
        let isHasty = aims.contains(.cancel)
        let isPatient = !isHasty && !aims.isDisjoint(with: [.register, .move])
        edits = random.below(7) + (isHasty ? 30 : 3)
        pace = isHasty ? 2_000 : isPatient ? 60_000 : [2_000, 20_000, 120_000][random.below(3)]
        bias = isHasty ? .changeContent : nil
        trainsSurely = isPatient
        suspendsBriefly = aims.contains(.expire)
        controllers = random.chance(0.3) ? 2 : 1
        followsHistory = random.chance(0.25) && !aims.contains(.approve)
        approvesEarly = random.chance(0.5) || aims.contains(.approve)
        lostNotifications = random.chance(0.3) ? 0.3 : 0
        doubledNotifications = random.chance(0.3) ? 0.5 : 0
        hasLastCommit = random.chance(0.5)
        var rates: [Fault: Double] = [:]
        for fault in Transition.faults where random.chance(0.25) {
            rates[fault] = 0.003 * Double(random.below(3) + 1)
        }
        faultRates = rates
        var chosen: [Disturbance] = []
        for disturbance in Disturbance.allCases where random.chance(0.3) {
            for _ in 0...random.below(3) { chosen.append(disturbance) }
        }
        // A transition must take place to be met.
        for target in targets {
            switch target.transition {
            case .suspend: chosen.append(.suspend)
            case .resume: chosen += [.suspend, .suspend, .resume, .resume]
            case .expire: chosen += Array(repeating: .suspend, count: 6)
            case .collect: chosen += [.collect, .collect]
            case .drift: chosen += [.deleteFile, .moveStage, .moveStage]
            default: break
            }
        }
        disturbances = chosen
        workers = ScriptedWorkers(
            seed: random.next(), trouble: random.chance(0.5) && !isPatient ? 0.3 : 0,
            deterministicFailures: random.chance(0.5) && !isPatient ? 0.1 : 0,
            nondeterminism: random.chance(0.2) ? 0.1 : 0)
    }

    /// Three of four seeds have some, each kind in its turn.
    private static func targets(_ seed: UInt64, count: Int) -> [Target] {
        guard seed % 4 != 0 else { return [] }
        let faults = Transition.faults
        let transitions = Transition.allCases
        let kinds = UInt64(faults.count * transitions.count)
        return (0..<UInt64(count)).map { number in
            // Neighbours are of different transitions.
            let index = Int(((seed - seed / 4) + number * 29) % kinds)
            return Target(
                fault: faults[index % faults.count], transition: transitions[index / faults.count])
        }
    }
}
