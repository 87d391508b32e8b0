import Planning
import Reconciler
import ResourceAPI
import ResourceGraph
import TestSupport
import Testing

@Suite("Online features of deployments")
struct OnlineCoreTests {
    private func graph(_ ttl: String = "3h") -> ResourceGraph {
        FlightsProject(ttl: ttl).graph(
            replacing: [
                "  features: [{column: temp}]": "  features: [{column: temp}]\n  online: true"
            ])
    }

    private let weather = ResourceName("weather")

    private func sources(weather: String) -> [RepositoryPath: Digest] {
        var sources = FlightsProject.sources
        sources[RepositoryPath("data/weather.csv")] = Digest(hashing: weather.utf8)
        return sources
    }

    @Test("a model is served when the values of its views are there, and not before")
    func waits() throws {
        var factory = ScriptedFactory()
        try factory.push(graph(), commit: 1)
        var online: StepLaunch?
        while let launch = factory.running.first(where: { $0.step.id.kind != .online }) {
            try factory.finish(launch)
            online = online ?? factory.running.first { $0.step.id.kind == .online }
        }
        #expect(online?.step.id.description == "featureview/weather#online")
        #expect(factory.served == [])
        #expect(
            try factory.status("featureview/weather").message == "online is running")
        try factory.finish(try #require(factory.running.first))
        #expect(factory.served == ["delay v1 × 2"])
        #expect(factory.servedOnline.map(\.keys.first) == [weather])
    }

    @Test("new data take the place of the old when they are there; a revert runs nothing")
    func newData() throws {
        var factory = ScriptedFactory()
        try factory.push(graph(), commit: 1)
        try factory.finishAll()
        let first = factory.servedOnline
        try factory.push(graph(), commit: 2, sources: sources(weather: "weather 2"))
        factory.forgetEffects()
        while let launch = factory.running.first(where: {
            $0.step.id.resource.kind != .trainingConfig
        }) {
            try factory.finish(launch)
        }
        // The values are new, and the version is the old one until another is trained.
        #expect(factory.served == ["delay v1 × 2"])
        let second = factory.servedOnline
        #expect(second != first)
        try factory.finishAll()
        #expect(factory.served == ["delay v2 × 2"] && factory.servedOnline == second)
        factory.forgetEffects()
        try factory.push(graph(), commit: 3)
        #expect(!factory.effects.contains { $0.hasPrefix("start") })
        #expect(factory.served == ["delay v1 × 2"] && factory.servedOnline == first)
    }

    @Test("values that cannot be made keep the old version, and the status says so")
    func failed() throws {
        var factory = ScriptedFactory()
        try factory.push(FlightsProject(), commit: 1)
        try factory.finishAll()
        try factory.push(graph(), commit: 2)
        let online = try #require(factory.running.first)
        #expect(online.step.id.kind == .online && factory.running.count == 1)
        let digest = try #require(factory.servedDigests.first)
        try factory.send(
            .served(
                ServingReport(
                    gatewayPID: 1, address: "",
                    deployments: [
                        DeploymentReport(
                            name: "delay", version: 1, digest: digest, readyReplicas: 2,
                            desiredReplicas: 2, desiredDigest: digest, restarts: 0)
                    ])))
        #expect(
            try factory.status("deployment/delay").message
                == "waits for featureview/weather#online; serving v1, 2/2 replicas")
        try factory.end(
            online,
            .failed(
                RecordedFailure(runID: "r", code: "EntityType", message: "no such entity")))
        #expect(
            try factory.status("deployment/delay").message == """
                waits for featureview/weather#online, which failed: no such entity; serving v1, \
                2/2 replicas
                """)
        #expect(factory.served == ["delay v1 × 2"] && factory.servedOnline == [[:]])
    }

    @Test("a view that is not online any more is not looked up any more")
    func switchedOff() throws {
        var factory = ScriptedFactory()
        try factory.push(graph(), commit: 1)
        try factory.finishAll()
        try factory.push(FlightsProject(), commit: 2)
        try factory.finishAll()
        #expect(factory.served == ["delay v1 × 2"] && factory.servedOnline == [[:]])
    }

    @Test("the status says whether the features are those of training")
    func condition() throws {
        var factory = ScriptedFactory()
        try factory.push(graph(), commit: 1)
        try factory.finishAll()
        let digest = try #require(factory.servedDigests.first)
        let online = try #require(factory.servedOnline.first?.values.first)
        func report(
            _ features: FeatureComparison?, asked: [String: Digest]?, failure: String? = nil
        ) -> CoreEvent {
            .served(
                ServingReport(
                    gatewayPID: 1, address: "",
                    deployments: [
                        DeploymentReport(
                            name: "delay", version: 1, digest: digest, readyReplicas: 2,
                            desiredReplicas: 2, desiredDigest: digest, failure: failure,
                            restarts: 0,
                            online: asked, desiredOnline: asked, features: features)
                    ]))
        }
        func conditions() throws -> [String] {
            try factory.status("deployment/delay").conditions.map {
                "\($0.type) \($0.status.rawValue) \($0.reason)"
            }
        }
        // The gateway has not read yet what it was told.
        try factory.send(report(nil, asked: nil))
        #expect(try conditions() == ["Ready Unknown Progressing", "Reconciling True Progressing"])
        try factory.send(
            report(FeatureComparison(vectors: 8, values: 21), asked: ["weather": online]))
        #expect(
            try conditions() == ["Ready True Succeeded", "FeaturesConsistent True SampleEqual"])
        let difference = FeatureComparison.Difference(
            view: "weather", feature: "weather__temp", key: "origin=EWR",
            time: "2013-11-15T18:00:00Z", served: "8.5", trained: "8.25")
        try factory.send(
            report(
                FeatureComparison(difference: difference, vectors: 0, values: 3),
                asked: ["weather": online], failure: "the instance exited with code 1"))
        #expect(
            try conditions() == [
                "Ready False RolloutFailed", "Stalled True RolloutFailed",
                "FeaturesConsistent False SampleDiffers",
            ])
        #expect(
            try factory.status("deployment/delay").conditions.last?.message == """
                feature 'weather__temp' of featureview/weather for origin=EWR at \
                2013-11-15T18:00:00Z is 8.5 when served and 8.25 when trained
                """)
    }
}
