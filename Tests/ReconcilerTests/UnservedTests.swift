import Planning
import Reconciler
import ResourceAPI
import ResourceGraph
import StateStore
import TestSupport
import Testing

@Suite("Deployments that cannot be served")
struct UnservedTests {
    private func factory(_ trouble: ServingTrouble) throws -> ScriptedFactory {
        var factory = ScriptedFactory()
        factory.unservable = [try #require(ResourceName("delay")): trouble]
        try factory.push(FlightsProject(), commit: 1)
        try factory.finishAll()
        return factory
    }

    @Test("are tried again ever more slowly, once a minute at last, and all else is settled")
    func retried() throws {
        var factory = try factory(ServingTrouble(message: "its model is lost"))
        #expect(factory.effects.last == "settled: 8 ran, 8 cached, 1 failed")
        #expect(try factory.status("deployment/delay").message == "its model is lost")
        #expect(try factory.status("deployment/delay").health == .degraded)
        #expect(try factory.status("model/delay").health == .healthy)
        var pauses: [Int64] = []
        for _ in 0..<8 {
            let wake = try #require(factory.wakeAt)
            pauses.append(wake - factory.now)
            factory.now = wake
            factory.forgetEffects()
            try factory.send(.tick)
            #expect(factory.effects == ["serve delay v1 × 2"])
        }
        #expect(pauses == [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000])
        factory.unservable = [:]
        factory.now = try #require(factory.wakeAt)
        try factory.send(.tick)
        #expect(factory.effects.last == "settled: 8 ran, 8 cached, 0 failed")
        #expect(
            try factory.status("deployment/delay").message
                == "no gateway is running: start it with `ingot gateway`")
    }

    @Test("for something that is being made are waited for")
    func underWay() throws {
        var factory = try factory(
            ServingTrouble(message: "waits for its runtime", isUnderWay: true))
        #expect(factory.effects.last == "serve delay v1 × 2")
        #expect(factory.settlements == [])
        #expect(try factory.status("deployment/delay").health == .progressing)
        factory.unservable = [:]
        factory.now = try #require(factory.wakeAt)
        try factory.send(.tick)
        #expect(factory.effects.last == "settled: 8 ran, 8 cached, 0 failed")
    }

    @Test("say what is served instead, and keep its model from being garbage")
    func kept() throws {
        var factory = ScriptedFactory()
        try factory.push(FlightsProject(leaves: 31), commit: 1)
        try factory.finishAll()
        let old = try #require(factory.servedDigests.first)
        try factory.send(
            .served(
                ServingReport(
                    gatewayPID: 1, address: "localhost:80",
                    deployments: [
                        DeploymentReport(
                            name: "delay", version: 1, digest: old, readyReplicas: 2,
                            desiredReplicas: 2, desiredDigest: old, restarts: 0)
                    ])))
        factory.unservable = [
            try #require(ResourceName("delay")): ServingTrouble(message: "its model is lost")
        ]
        try factory.push(FlightsProject(leaves: 63), commit: 2)
        try factory.finishAll()
        #expect(factory.servedDigests != [old])
        let status = try factory.status("deployment/delay")
        #expect(status.message == "its model is lost; serving v1, 2/2 replicas")
        #expect(status.health == .healthy)
        #expect(status.sync == .outOfSync)
        #expect(factory.core.beliefs.artifacts.contains(old))
        factory.unservable = [:]
        factory.now = try #require(factory.wakeAt)
        try factory.send(.tick)
        #expect(!factory.core.beliefs.artifacts.contains(old))
    }

    @Test("are tried at once for a new commit")
    func newCommit() throws {
        var factory = try factory(ServingTrouble(message: "its model is lost"))
        factory.unservable = [:]
        try factory.push(FlightsProject(), commit: 2)
        #expect(factory.effects.last == "settled: 0 ran, 8 cached, 0 failed")
    }

    @Test("are tried at once when what was lost has been made again, before anything is settled")
    func madeAgain() throws {
        var factory = ScriptedFactory()
        try factory.push(FlightsProject(), commit: 1)
        try factory.finishAll()
        let lost = try #require(factory.servedDigests.first)
        factory.unservable = [
            try #require(ResourceName("delay")): ServingTrouble(message: "its model is lost")
        ]
        try factory.send(.looked(ActualState(lost: [lost], isServingChanged: true)))
        #expect(try factory.status("deployment/delay").message == "its model is lost")
        factory.unservable = [:]
        factory.forgetEffects()
        try factory.finishAll()
        #expect(factory.effects.contains("serve delay v1 × 2"))
        #expect(factory.settlements.map(\.failed) == [0], "it was never settled otherwise")
    }
}
