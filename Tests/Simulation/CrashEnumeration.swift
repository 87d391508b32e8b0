import ResourceAPI
import StateStore

/// Lets every fault meet every write point of a scenario, and looks at what is left.
package struct CrashEnumeration: Sendable {
    package let scenario: CrashScenario
    package let coverage: Coverage
    private let deployments: [ResourceName]

    package init(_ scenario: CrashScenario, coverage: Coverage = Coverage()) {
        self.scenario = scenario
        self.coverage = coverage
        deployments = ResourceName("delay-api").map { [$0] } ?? []
    }

    /// What a run without faults shows.
    package struct DryRun: Sendable {
        /// Number of operations of the disk and points of transactions.
        package let points: Int
        /// The same, of opening the store and of ending the runs that were cut off.
        package let recoveryPoints: Int
        let legal: Set<String>
        let last: String
        let files: [String]
    }

    /// One case: what happens at which point, and at which point of the recovery from it.
    package struct Case: Hashable, Sendable, CustomStringConvertible {
        package let fault: Fault
        package let point: Int
        package let recovery: (Fault, Int)?

        package init(_ fault: Fault, _ point: Int, recovery: (Fault, Int)? = nil) {
            (self.fault, self.point, self.recovery) = (fault, point, recovery)
        }

        package var description: String {
            let again = recovery.map { ", then \($0.0.rawValue) at point \($0.1) of the recovery" }
            return "\(fault.rawValue) at point \(point)\(again ?? "")"
        }

        package static func == (a: Case, b: Case) -> Bool { a.description == b.description }
        package func hash(into hasher: inout Hasher) { hasher.combine(description) }
    }

    package func dryRun() async throws -> DryRun {
        let world = try StoreWorld(seed: 1)
        let store = try await prepared(world)
        try await world.note(store, deployments: deployments)
        for part in scenario.parts {
            try await part(world, store)
            try await world.note(store, deployments: deployments)
        }
        let points = world.faults.count
        world.restart()
        world.faults.reset()
        let again = try await world.open()
        let recoveryPoints = world.faults.count
        return DryRun(
            points: points, recoveryPoints: recoveryPoints, legal: world.legalViews,
            last: try await StoreView.text(again, deployments: deployments),
            files: contents(world))
    }

    /// With every fault at every point, and, if asked for, a second one while it recovers.
    ///
    /// - Returns: what did not hold, with the case; empty if all is well.
    package func violations(
        faults: [Fault] = Fault.allCases, pairs: [(Fault, Fault)] = [], stopsAtFirst: Bool = false
    ) async throws -> [String] {
        let dry = try await dryRun()
        let cases = cases(dry, faults, pairs)
        guard !stopsAtFirst else { return try await violations(in: cases[...], dry, true) }
        // On both processors.
        let middle = cases.count / 2
        async let first = violations(in: cases[..<middle], dry, false)
        async let second = violations(in: cases[middle...], dry, false)
        return try await first + second
    }

    @concurrent private func violations(
        in cases: ArraySlice<Case>, _ dry: DryRun, _ stopsAtFirst: Bool
    ) async throws -> [String] {
        var found: [String] = []
        for one in cases {
            for violation in try await violations(one, dry) {
                found.append("\(scenario.name), \(one): \(violation)")
            }
            if stopsAtFirst, !found.isEmpty { return found }
        }
        return found
    }

    private func cases(_ dry: DryRun, _ faults: [Fault], _ pairs: [(Fault, Fault)]) -> [Case] {
        var cases: [Case] = []
        for fault in faults {
            // One more than there are: right after the end.
            for point in 1...(dry.points + 1) { cases.append(Case(fault, point)) }
        }
        for (first, second) in pairs {
            for point in 1...(dry.points + 1) {
                for again in 1...max(dry.recoveryPoints, 1) {
                    cases.append(Case(first, point, recovery: (second, again)))
                }
            }
        }
        return cases
    }

    private func prepared(_ world: StoreWorld) async throws -> StateStore {
        let store = try await world.open()
        try await scenario.prepare(world, store)
        world.faults.reset()
        return store
    }

    private func violations(_ one: Case, _ dry: DryRun) async throws -> [String] {
        let seed = UInt64(one.point) &* 1_000_003 &+ UInt64(one.recovery?.1 ?? 0)
        let world = try StoreWorld(seed: seed, coverage: coverage)
        var found: [String] = []
        do {
            let store = try await prepared(world)
            world.faults.plan([one.point: one.fault])
            let isAcknowledged = await isDone(world, store)
            endProcess(world, one)
            if let (fault, point) = one.recovery {
                world.faults.reset()
                world.faults.plan([point: fault])
                _ = try? await world.open()
                endProcess(world, one)
            }
            found += try await look(world, dry, mustBeNew: isAcknowledged)
        }
        found += try await again(world, dry)
        return found
    }

    /// - Returns: whether the store said that all of it is done.
    private func isDone(_ world: StoreWorld, _ store: StateStore) async -> Bool {
        do {
            for part in scenario.parts { try await part(world, store) }
            return true
        } catch {
            return false
        }
    }

    /// If no fault was met that ends the process, it is met now.
    private func endProcess(_ world: StoreWorld, _ one: Case) {
        if world.faults.down == nil, one.fault != .crash {
            world.faults.kill(.powerLossOfAll)
        }
        world.restart()
        world.faults.reset()
    }

    /// After the first start that goes well.
    private func look(
        _ world: StoreWorld, _ dry: DryRun, mustBeNew: Bool
    ) async throws -> [String] {
        let store = try await world.open()
        var found = try await StoreInvariants.violations(store, on: world.disk, isSwept: true)
        found += try await scenario.check(world, store)
        let view = try await StoreView.text(store, deployments: deployments)
        if !dry.legal.contains(view) { found.append("neither old nor new:\n\(view)") }
        if mustBeNew, view != dry.last {
            found.append("S21: what was acknowledged is lost:\n\(view)")
        }
        world.restart()
        return found
    }

    /// The same operation once more, and then the power goes.
    private func again(_ world: StoreWorld, _ dry: DryRun) async throws -> [String] {
        var found: [String] = []
        var store = try await world.open()
        do {
            for part in scenario.parts { try await part(world, store) }
        } catch {
            found.append("it cannot be done again: \(error)")
        }
        world.faults.kill(.powerLossOfAll)
        world.restart()
        store = try await world.open()
        found += try await StoreInvariants.violations(store, on: world.disk, isSwept: true)
        found += try await scenario.check(world, store)
        let view = try await StoreView.text(store, deployments: deployments)
        if view != dry.last { found.append("done again, it is not the new state:\n\(view)") }
        let files = contents(world)
        if files != dry.files {
            let difference = files.filter { !dry.files.contains($0) }
            found.append("done again, it leaves other files: \(difference)")
        }
        return found
    }

    private func contents(_ world: StoreWorld) -> [String] {
        world.disk.files(below: "\(StoreWorld.directory)/store/sha256")
    }
}
