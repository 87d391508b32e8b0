import Planning
import Reconciler
import ResourceAPI
import ResourceGraph
import StateStore
import TestSupport
import Testing

/// What the simulation found, each in the smallest form that shows it.
@Suite("Reconciler core found by simulation")
struct RestartTests {
    private func digest(_ step: String, _ factory: ScriptedFactory) throws -> Digest {
        let planned = factory.core.plan.step(try #require(StepID(step)))
        guard case .cached(let digest)? = planned?.action else { throw Unexpected() }
        return digest
    }

    private struct Unexpected: Error {}

    private func settled() throws -> ScriptedFactory {
        var factory = ScriptedFactory()
        try factory.push(FlightsProject(), commit: 1)
        try factory.finishAll()
        return factory
    }

    @Test("a restart says and does nothing new of what was settled")
    func silence() throws {
        var factory = try settled().restarted()
        try factory.push(FlightsProject(), commit: 1)
        #expect(factory.effects == ["serve delay v1 × 2", "settled: 0 ran, 8 cached, 0 failed"])
        #expect(try factory.status("model/delay").message == "staging=v1, production=v1")
    }

    @Test("what was lost before the start is put back")
    func lostBefore() throws {
        let before = try settled()
        let lost = try digest("featureview/weather#features", before)
        var factory = before.restarted(lost: [lost])
        try factory.push(FlightsProject(), commit: 1)
        #expect(
            factory.effects.prefix(2) == [
                "start featureview/weather#features",
                "heal featureview/weather: an artifact of it is missing or damaged",
            ])
        try factory.finishAll()
        #expect(factory.effects.last == "settled: 1 ran, 8 cached, 0 failed")
    }

    @Test("what was lost before the start is only told, if the manifest says so")
    func reportedOnly() throws {
        var project = FlightsProject()
        project.ttl = "3h"
        let before = try settled()
        let lost = try digest("featureview/weather#features", before)
        var factory = before.restarted(lost: [lost])
        let graph = project.graph(replacing: [
            "metadata: {name: weather}\nspec:\n  source: {dataset":
                "metadata: {name: weather, driftPolicy: report}\nspec:\n  source: {dataset"
        ])
        try factory.push(graph, commit: 1)
        #expect(
            factory.effects.contains(
                "report featureview/weather: an artifact of it is missing or damaged"))
        #expect(!factory.effects.contains { $0.hasPrefix("start") })
        #expect(
            try factory.status("featureview/weather").message
                == "an artifact of it is missing or damaged (driftPolicy: report)")
    }

    @Test("what waits to be put back is put back at once after another commit")
    func parked() throws {
        var factory = try settled()
        let lost = try digest("featureview/weather#features", factory)
        for _ in 0..<2 {
            try factory.send(.looked(ActualState(lost: [lost])))
            if factory.running.isEmpty { break }
            try factory.finishAll()
        }
        #expect(factory.running.isEmpty)
        factory.forgetEffects()
        try factory.push(FlightsProject(replicas: 3), commit: 2)
        #expect(factory.effects.contains("start featureview/weather#features"))
    }

    @Test("what waits to be put back is not called so any more after another commit")
    func changedServing() throws {
        var factory = try settled()
        for _ in 0..<2 { try factory.send(.looked(ActualState(isServingChanged: true))) }
        #expect(
            try factory.status("deployment/delay").message
                == "somebody else changed what the gateway is told; it is put back in a while")
        factory.forgetEffects()
        try factory.push(FlightsProject(leaves: 63), commit: 2)
        #expect(factory.effects.contains("serve delay v1 × 2"))
        #expect(
            try factory.status("deployment/delay").message
                == "no gateway is running: start it with `ingot gateway`")
    }

    @Test("a step that is suspended while it waits for another try keeps nothing from settling")
    func suspendedRetry() throws {
        var factory = ScriptedFactory()
        try factory.push(FlightsProject(), commit: 1)
        let launch = try #require(
            factory.running.first { $0.step.id.description == "dataset/weather#snapshot" })
        try factory.end(
            launch, .interrupted(Interruption(message: "crashed", isEnvironmental: false)))
        try factory.send(
            .suspended([
                Suspension(
                    resource: ResourceID("dataset/weather"), actor: "ada", reason: "later",
                    since: 0, expiresAt: nil)
            ]))
        try factory.finishAll()
        #expect(factory.effects.last == "settled: 2 ran, 2 cached, 6 failed")
    }

    @Test("a status whose last report failed goes with its resource")
    func unrecordedStatus() throws {
        var factory = try settled()
        factory.refused = ["report"]
        // The record still has the status of before.
        try factory.push(FlightsProject(weatherView: false, replicas: 3), commit: 2)
        let suspension = Suspension(
            resource: nil, actor: "ada", reason: "later", since: 0, expiresAt: nil)
        try factory.send(.suspended([suspension]))
        factory.refused = []
        let graph = FlightsProject().graph(without: "featureview/weather")
        try factory.push(graph, commit: 3)
        factory.now += 300_000
        try factory.send(.tick)
        #expect(factory.statuses[try #require(ResourceID("featureview/weather"))] == nil)
    }

    @Test("a model in trouble holds up itself only")
    func oneModelInTrouble() throws {
        var factory = ScriptedFactory()
        factory.refusedModels = ["delay"]
        try factory.push(FlightsProject(), commit: 1)
        try factory.finishAll()
        #expect(factory.effects.contains("cannot do anything for delay"))
        #expect(
            try factory.status("trainingconfig/delay").message == "up to date")
        factory.refusedModels = []
        factory.now = try #require(factory.wakeAt)
        try factory.send(.tick)
        #expect(factory.served == ["delay v1 × 2"])
        #expect(factory.effects.last == "settled: 8 ran, 8 cached, 0 failed")
    }

    @Test("what garbage collection took is made again when a revert wants it")
    func collected() throws {
        var factory = try settled()
        let old = try digest("trainingconfig/delay#train", factory)
        try factory.push(FlightsProject(leaves: 63), commit: 2)
        try factory.finishAll()
        try factory.send(.collected([old]))
        factory.forgetEffects()
        try factory.push(FlightsProject(), commit: 3)
        #expect(factory.effects.contains("start trainingconfig/delay#train"))
    }
}
