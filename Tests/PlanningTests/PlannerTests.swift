import Planning
import ResourceAPI
import ResourceGraph
import TestSupport
import Testing

@Suite("Planner")
struct PlannerTests {
    @Test("everything runs the first time, and nothing the second")
    func firstBuild() throws {
        var history = ScriptedHistory()
        let ran = try history.build(FlightsProject())
        #expect(
            Set(ran) == [
                "dataset/flights#snapshot", "dataset/flights#profile", "dataset/weather#snapshot",
                "dataset/weather#profile", "featureview/weather#features",
                "trainingconfig/delay#training-set", "trainingconfig/delay#train",
                "trainingconfig/delay#evaluate",
            ])
        #expect(try history.build(FlightsProject()) == [])
    }

    @Test("a gate, replicas and labels retrain nothing")
    func metadataOnly() throws {
        var history = ScriptedHistory()
        _ = try history.build(FlightsProject())
        #expect(try history.build(FlightsProject(gate: 0.5, replicas: 7)) == [])
    }

    @Test("a parameter of the algorithm retrains, and the reason names the field")
    func parameterChange() throws {
        var history = ScriptedHistory()
        _ = try history.build(FlightsProject())
        let plan = history.plan(FlightsProject(leaves: 63))
        let train = try #require(plan.steps.first { $0.step.id.kind == .train })
        #expect(train.action == .run(isReady: true))
        #expect(
            train.reasons == [
                Reason(
                    kind: .fieldChanged, resource: ResourceID("trainingconfig/delay"),
                    field: "spec.algorithm.parameters.num_leaves", from: 31, to: 63)
            ])
        let evaluate = try #require(plan.steps.first { $0.step.id.kind == .evaluate })
        #expect(evaluate.action == .mayRun)
        #expect(evaluate.reasons.map(\.kind) == [.inputPending])
        #expect(
            try history.build(FlightsProject(leaves: 63)) == [
                "trainingconfig/delay#train", "trainingconfig/delay#evaluate",
            ])
    }

    @Test("going back runs nothing")
    func revert() throws {
        var history = ScriptedHistory()
        _ = try history.build(FlightsProject(weatherView: false))
        _ = try history.build(FlightsProject(weatherView: true))
        #expect(try history.build(FlightsProject(weatherView: false)) == [])
    }

    @Test("a field of a feature view is named as the view's, not as the training config's")
    func viewField() throws {
        var history = ScriptedHistory()
        _ = try history.build(FlightsProject())
        let plan = history.plan(FlightsProject(ttl: "6h"))
        let step = try #require(plan.steps.first { $0.step.id.kind == .trainingSet })
        #expect(
            step.reasons.first
                == Reason(
                    kind: .fieldChanged, resource: ResourceID("featureview/weather"),
                    field: "spec.ttl", from: "3h", to: "6h"))
    }

    @Test("new data whose snapshot is the same stops there")
    func earlyCutoff() throws {
        var history = ScriptedHistory()
        _ = try history.build(FlightsProject())
        let path = RepositoryPath("data/weather.csv")
        history.sources[path] = .present(Digest(hashing: "reformatted".utf8))
        let plan = history.plan(FlightsProject())
        let snapshot = try #require(
            plan.steps.first { $0.step.id.description == "dataset/weather#snapshot" })
        #expect(snapshot.action == .run(isReady: true))
        let fingerprint = try #require(snapshot.fingerprint)
        let before = try #require(history.state.lastExecutions[snapshot.step.id])
        history.state.results[fingerprint] = RecordedResult(
            digest: before.digest, runID: "r2", seconds: 1)
        #expect(try history.build(FlightsProject()) == [])
    }

    @Test("a missing file stops what depends on it and nothing else")
    func missingFile() throws {
        var history = ScriptedHistory()
        history.sources[RepositoryPath("data/weather.csv")] = .unreadable("no such file")
        let ran = try history.build(FlightsProject())
        #expect(ran == ["dataset/flights#snapshot", "dataset/flights#profile"])
        let plan = history.plan(FlightsProject())
        let train = try #require(plan.steps.first { $0.step.id.kind == .train })
        #expect(train.action == .blocked(by: try #require(StepID("dataset/weather#snapshot"))))
    }

    @Test("a remembered failure is not tried again and blocks what follows")
    func rememberedFailure() throws {
        var history = ScriptedHistory()
        let first = try #require(history.plan(FlightsProject()).steps.first)
        let fingerprint = try #require(first.fingerprint)
        let failure = RecordedFailure(
            runID: "r", code: "ColumnMissing", message: "no column 'origin'", hint: nil)
        history.state.failures[fingerprint] = failure
        let plan = history.plan(FlightsProject())
        #expect(plan.steps.first?.action == .failed(failure))
        let train = try #require(plan.steps.first { $0.step.id.kind == .train })
        #expect(train.action == .blocked(by: first.step.id))
    }
}
