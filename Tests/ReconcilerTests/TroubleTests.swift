import Planning
import Reconciler
import ResourceAPI
import ResourceGraph
import StateStore
import TestSupport
import Testing

@Suite("Reconciler core in trouble")
struct TroubleTests {
    private func suspension(
        of resource: String?, until: Int64? = nil
    ) -> Suspension {
        Suspension(
            resource: resource.flatMap { ResourceID($0) }, actor: "ada", reason: "end of quarter",
            since: 0, expiresAt: until)
    }

    @Test("a step that was stopped by a full disk is tried again for as long as the disk is full")
    func fullDisk() throws {
        var factory = ScriptedFactory()
        try factory.push(FlightsProject(), commit: 1)
        for _ in 0..<20 {
            let launch = try #require(
                factory.running.first { $0.step.id.description == "dataset/flights#snapshot" })
            try factory.end(
                launch,
                .interrupted(
                    Interruption(message: "no space left on the device", isEnvironmental: true)))
            factory.now = try #require(factory.wakeAt)
            try factory.send(.tick)
        }
        try factory.finishAll()
        #expect(factory.effects.last == "settled: 8 ran, 8 cached, 0 failed")
    }

    @Test("an effect that the store cannot take is tried again, and nothing is forgotten")
    func refusedEffects() throws {
        for name in ["register", "move", "serve", "report", "settle"] {
            var factory = ScriptedFactory()
            factory.refused = [name]
            try factory.push(FlightsProject(), commit: 1)
            for _ in 0..<30 where factory.refused.isEmpty == false {
                while let launch = factory.running.first { try factory.finish(launch) }
                factory.now = factory.wakeAt ?? factory.now
                try factory.send(.tick)
            }
            #expect(factory.effects.contains("cannot \(name)"))
            factory.refused = []
            for _ in 0..<5 {
                while let launch = factory.running.first { try factory.finish(launch) }
                factory.now += 300_000
                try factory.send(.tick)
            }
            #expect(factory.served == ["delay v1 × 2"], "\(name)")
            #expect(factory.effects.contains("settled: 8 ran, 8 cached, 0 failed"), "\(name)")
            #expect(
                try factory.status("model/delay").message == "staging=v1, production=v1",
                "\(name)")
        }
    }

    @Test("nothing is done for what is suspended, and all of it once it is resumed")
    func suspended() throws {
        var factory = ScriptedFactory()
        try factory.send(.suspended([suspension(of: nil)]))
        try factory.push(FlightsProject(), commit: 1)
        #expect(factory.effects == ["serve ", "settled: 0 ran, 0 cached, 8 failed"])
        let status = try factory.status("dataset/flights")
        #expect(status.health == .suspended)
        #expect(
            status.message
                == "suspended by ada: end of quarter; snapshot waits for its turn")
        try factory.send(.suspended([]))
        try factory.finishAll()
        #expect(factory.effects.last == "settled: 8 ran, 8 cached, 0 failed")
        #expect(factory.served == ["delay v1 × 2"])
        #expect(try factory.status("dataset/flights").health == .healthy)
    }

    @Test("a suspension ends by itself when its time is over")
    func expiry() throws {
        var factory = ScriptedFactory()
        try factory.send(.suspended([suspension(of: "dataset/flights", until: 1_500_000)]))
        try factory.push(FlightsProject(), commit: 1)
        try factory.finishAll()
        #expect(factory.wakeAt == 1_500_000)
        #expect(
            try factory.status("dataset/flights").message
                == "suspended by ada until 1970-01-01T00:25:00Z: end of quarter; snapshot waits for its turn"
        )
        factory.now = 1_500_000
        try factory.send(.tick)
        #expect(factory.effects.contains("expire dataset/flights"))
        try factory.finishAll()
        #expect(factory.effects.last == "settled: 8 ran, 8 cached, 0 failed")
    }

    @Test("a suspended model keeps its stages while its training goes on")
    func suspendedModel() throws {
        var factory = ScriptedFactory()
        try factory.push(FlightsProject(leaves: 31), commit: 1)
        try factory.finishAll()
        try factory.send(.suspended([suspension(of: "model/delay")]))
        factory.forgetEffects()
        try factory.push(FlightsProject(leaves: 63), commit: 2)
        try factory.finishAll()
        #expect(factory.served == ["delay v1 × 2"])
        #expect(!factory.effects.contains { $0.hasPrefix("move") || $0.hasPrefix("register") })
        try factory.send(.suspended([]))
        #expect(factory.served == ["delay v2 × 2"])
    }

    @Test("a stage that somebody moved is put back, ever more slowly, and at last not any more")
    func movedStage() throws {
        var factory = ScriptedFactory()
        try factory.push(FlightsProject(), commit: 1)
        try factory.finishAll()
        let model = try #require(ResourceName("delay"))
        let staging = try #require(ResourceName("staging"))
        let moved = ActualState(stages: [model: [staging: 1]])
        factory.forgetEffects()
        try factory.send(.looked(moved))
        #expect(
            factory.effects == [
                "heal model/delay: somebody else moved production",
                "move delay/production to v1",
            ])
        var pauses: [Int64] = []
        for _ in 0..<4 {
            try factory.send(.looked(moved))
            let wake = try #require(factory.wakeAt)
            pauses.append(wake - factory.now)
            factory.now = wake
            try factory.send(.tick)
        }
        #expect(pauses == [1000, 2000, 4000, 8000])
        factory.forgetEffects()
        try factory.send(.looked(moved))
        #expect(factory.effects == ["report model/delay: somebody else moved production"])
        let status = try factory.status("model/delay")
        #expect(
            status.message == "somebody else moved production, again after it was put back 5 times")
        #expect(status.health == .degraded)
    }

    @Test("an artifact that is lost is made again, and what it served goes on meanwhile")
    func lostArtifact() throws {
        var factory = ScriptedFactory()
        try factory.push(FlightsProject(), commit: 1)
        try factory.finishAll()
        let config = ResourceID("trainingconfig/delay")
        let train = try #require(config.flatMap { factory.core.plan.step(StepID($0, .train)) })
        guard case .cached(let digest) = train.action else { throw Unexpected() }
        factory.forgetEffects()
        try factory.send(.looked(ActualState(lost: [digest])))
        #expect(
            factory.effects.prefix(2) == [
                "start trainingconfig/delay#train",
                "heal trainingconfig/delay: an artifact of it is missing or damaged",
            ])
        #expect(factory.served == ["delay v1 × 2"])
        try factory.finishAll()
        #expect(factory.served == ["delay v1 × 2"])
        #expect(try factory.status("trainingconfig/delay").health == .healthy)
    }

    @Test("an artifact that was lost and is found again is not made again")
    func foundArtifact() throws {
        var factory = ScriptedFactory()
        try factory.push(FlightsProject(), commit: 1)
        try factory.finishAll()
        let config = ResourceID("trainingconfig/delay")
        let train = try #require(config.flatMap { factory.core.plan.step(StepID($0, .train)) })
        guard case .cached(let digest) = train.action, let fingerprint = train.fingerprint else {
            throw Unexpected()
        }
        try factory.send(.looked(ActualState(lost: [digest])))
        factory.forgetEffects()
        let result = RecordedResult(digest: digest, runID: "r", seconds: 1)
        try factory.send(.looked(ActualState(found: [fingerprint: result])))
        #expect(factory.effects.first == "cancel trainingconfig/delay#train")
        let launch = try #require(factory.running.first)
        try factory.end(launch, .cancelled)
        #expect(factory.running.isEmpty)
        #expect(factory.core.plan.counts.cached == 8)
        #expect(factory.served == ["delay v1 × 2"])
        #expect(try factory.status("trainingconfig/delay").health == .healthy)
    }

    @Test("every step is started for the plan that was made when its commit was taken up")
    func planOfSteps() throws {
        var factory = ScriptedFactory()
        try factory.push(FlightsProject(), commit: 1)
        let plan = try #require(factory.core.planID)
        for _ in 0..<8 {
            let launch = try #require(factory.running.first)
            #expect(launch.plan == plan)
            try factory.finish(launch)
        }
        try factory.push(FlightsProject(), commit: 2)
        #expect(factory.core.planID != plan)
    }

    @Test("steps beyond the budget wait, and a large one is not overtaken for ever")
    func budget() throws {
        var factory = ScriptedFactory(budget: StepBudget(cpus: 1, memoryBytes: 1 << 40))
        try factory.push(FlightsProject(), commit: 1)
        var most = 0
        while let launch = factory.running.first {
            most = max(most, factory.running.count)
            try factory.finish(launch)
        }
        #expect(most == 1)
        #expect(factory.effects.last == "settled: 8 ran, 8 cached, 0 failed")
    }

    @Test("the status of what waits names the whole chain up to what it waits for")
    func chain() throws {
        var factory = ScriptedFactory()
        try factory.push(FlightsProject(), commit: 1)
        #expect(
            try factory.status("model/delay").message
                == "training is under way: waits for trainingconfig/delay, which waits for dataset/flights (staging empty, production empty)"
        )
    }

    private struct Unexpected: Error {}
}
