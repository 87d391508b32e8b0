import Manifests
import Planning
import Reconciler
import ResourceAPI
import ResourceGraph
import TestSupport
import Testing

@Suite("Reconciler core")
struct ReconcilerCoreTests {
    private let config = ResourceID("trainingconfig/delay")

    @Test("a first commit is built, registered, staged, served and settled, in that order")
    func firstCommit() throws {
        var factory = ScriptedFactory()
        try factory.push(FlightsProject(), commit: 1)
        #expect(
            factory.effects == [
                "start dataset/flights#snapshot", "start dataset/weather#snapshot", "serve ",
            ])
        try factory.finishAll()
        #expect(
            Array(factory.effects.suffix(5)) == [
                "register delay v1", "move delay/staging to v1", "move delay/production to v1",
                "serve delay v1 × 2", "settled: 8 ran, 8 cached, 0 failed",
            ])
    }

    @Test("a revert moves the stages back at once and runs nothing")
    func revert() throws {
        var factory = ScriptedFactory()
        try factory.push(FlightsProject(weatherView: false), commit: 1)
        try factory.finishAll()
        try factory.push(FlightsProject(weatherView: true), commit: 2)
        try factory.finishAll()
        #expect(factory.served == ["delay v2 × 2"])
        factory.forgetEffects()
        try factory.push(FlightsProject(weatherView: false), commit: 3)
        #expect(
            factory.effects == [
                "move delay/staging to v1", "move delay/production to v1", "serve delay v1 × 2",
                "settled: 0 ran, 8 cached, 0 failed",
            ])
    }

    @Test("the same commit again does nothing at all")
    func idempotence() throws {
        var factory = ScriptedFactory()
        try factory.push(FlightsProject(), commit: 1)
        try factory.finishAll()
        factory.forgetEffects()
        try factory.push(FlightsProject(), commit: 1)
        #expect(factory.effects == [])
    }

    @Test("a newer commit cancels what it does not want and lets the rest run on")
    func supersession() throws {
        var factory = ScriptedFactory()
        try factory.push(FlightsProject(leaves: 31), commit: 1)
        while !factory.running.contains(where: { $0.step.id.kind == .train }) {
            try factory.finish(try #require(factory.running.first))
        }
        let snapshotsOfWeather = factory.running.filter { $0.step.id.resource != config }
        #expect(snapshotsOfWeather.isEmpty)
        factory.forgetEffects()
        try factory.push(FlightsProject(leaves: 63), commit: 2)
        #expect(
            factory.effects == [
                "start trainingconfig/delay#train", "cancel trainingconfig/delay#train",
            ])
        try factory.end(try #require(factory.running.first), .cancelled)
        try factory.finishAll()
        #expect(factory.effects.last == "settled: 2 ran, 8 cached, 0 failed")
    }

    @Test("a gate that fails keeps what is served, and the status says so")
    func failedGate() throws {
        var factory = ScriptedFactory()
        try factory.push(FlightsProject(), commit: 1)
        try factory.finishAll()
        factory.auc = 0.6
        factory.forgetEffects()
        try factory.push(FlightsProject(leaves: 63), commit: 2)
        try factory.finishAll()
        #expect(factory.served == ["delay v1 × 2"])
        let status = try factory.status("model/delay")
        #expect(status.message == "roc_auc 0.6 is below 0.7 (staging held, production=v1)")
        #expect(status.conditions.map(\.type) == ["Ready", "Stalled"])
    }

    @Test("a passing trouble is tried again with growing pauses, and not for ever")
    func retries() throws {
        var factory = ScriptedFactory()
        try factory.push(FlightsProject(), commit: 1)
        var pauses: [Int64] = []
        for _ in 0..<5 {
            let launch = try #require(
                factory.running.first { $0.step.id.description == "dataset/flights#snapshot" })
            try factory.end(
                launch,
                .interrupted(
                    Interruption(message: "it was killed", isEnvironmental: false)))
            let wake = try #require(factory.wakeAt)
            pauses.append(wake - factory.now)
            factory.now = wake
            try factory.send(.tick)
        }
        #expect(pauses == [1000, 2000, 4000, 8000, 16_000])
        let last = try #require(
            factory.running.first { $0.step.id.description == "dataset/flights#snapshot" })
        #expect(last.attempt == 6)
        try factory.end(
            last,
            .interrupted(
                Interruption(message: "it was killed", isEnvironmental: false)))
        try factory.finishAll()
        let status = try factory.status("dataset/flights")
        #expect(status.message == "snapshot failed 6 times: it was killed")
        #expect(factory.settlements.count == 1)
    }

    @Test("a deterministic failure stops what depends on it, and is not tried again")
    func deterministicFailure() throws {
        var factory = ScriptedFactory()
        try factory.push(FlightsProject(), commit: 1)
        let launch = try #require(factory.running.first)
        try factory.end(
            launch,
            .failed(
                RecordedFailure(
                    runID: "r", code: "ColumnMissing", message: "no column 'origin'", hint: nil)))
        try factory.finishAll()
        let status = try factory.status("trainingconfig/delay")
        #expect(
            status.message
                == "training-set waits for dataset/flights#snapshot, which failed: no column 'origin'"
        )
        #expect(status.health == .degraded)
        factory.forgetEffects()
        try factory.send(.tick)
        #expect(factory.effects == [])
    }

    @Test("a deployment that disappears is stopped; one that cannot be resolved is kept")
    func prune() throws {
        var factory = ScriptedFactory()
        try factory.push(FlightsProject(), commit: 1)
        try factory.finishAll()
        let graph = FlightsProject().graph()
        let broken = GraphCompiler.compile(
            resources: graph.resources.values.filter { $0.id.kind != .model },
            invalid: Set([ResourceID("model/delay")].compactMap { $0 }))
        try factory.push(broken, commit: 2)
        #expect(factory.served == ["delay v1 × 2"])
        let without = GraphCompiler.compile(
            resources: graph.resources.values.filter { $0.id.kind != .deployment })
        try factory.push(without, commit: 3)
        #expect(factory.served == [])
    }

    @Test("a deployment is ready when the gateway says that it serves what is wanted")
    func deploymentStatus() throws {
        var factory = ScriptedFactory()
        try factory.push(FlightsProject(), commit: 1)
        try factory.finishAll()
        #expect(
            try factory.status("deployment/delay").message
                == "no gateway is running: start it with `ingot gateway`")
        let wanted = try #require(factory.servedDigests.first)
        func report(serving: Digest?, replicas: Int, failure: String?) -> CoreEvent {
            .served(
                ServingReport(
                    gatewayPID: 1, address: "127.0.0.1:8080",
                    deployments: [
                        DeploymentReport(
                            name: "delay", version: serving == nil ? nil : 1, digest: serving,
                            readyReplicas: replicas, desiredReplicas: 2, desiredDigest: wanted,
                            failure: failure, restarts: 0)
                    ]))
        }
        try factory.send(report(serving: nil, replicas: 0, failure: nil))
        #expect(try factory.status("deployment/delay").message == "serving nothing, 0/2 replicas")
        #expect(try factory.status("deployment/delay").health == .progressing)
        try factory.send(report(serving: wanted, replicas: 2, failure: nil))
        #expect(try factory.status("deployment/delay").message == "serving v1, 2/2 replicas")
        #expect(try factory.status("deployment/delay").health == .healthy)
        let graph = FlightsProject().graph()
        let broken = GraphCompiler.compile(
            resources: graph.resources.values.filter { $0.id.kind != .model },
            invalid: Set([ResourceID("model/delay")].compactMap { $0 }))
        try factory.push(broken, commit: 2)
        #expect(
            try factory.status("deployment/delay").message
                == "waits for model/delay, which is invalid; serving v1, 2/2 replicas")
        #expect(try factory.status("deployment/delay").health == .healthy)
        try factory.push(FlightsProject(), commit: 1)
        try factory.send(report(serving: wanted, replicas: 2, failure: "the model does not load"))
        #expect(try factory.status("deployment/delay").health == .degraded)
    }
}
