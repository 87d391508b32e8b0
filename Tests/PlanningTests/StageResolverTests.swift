import Planning
import ResourceAPI
import Testing

@Suite("Stages")
struct StageResolverTests {
    private let staging: ResourceName
    private let production: ResourceName
    private let model: ResourceName

    init() throws {
        staging = try #require(ResourceName("staging"))
        production = try #require(ResourceName("production"))
        model = try #require(ResourceName("delay"))
    }

    private func version(_ number: Int) throws -> ModelVersion {
        ModelVersion(
            model: model, number: number, digest: Digest(hashing: [UInt8(number)]),
            fingerprint: Fingerprint(Digest(hashing: [0, UInt8(number)])),
            commit: try #require(CommitID(bytes: Array(repeating: UInt8(number), count: 20))),
            metrics: ["test": ["roc_auc": 0.7]])
    }

    private func decide(
        _ production: StageTarget, outcome: TrainingOutcome, current: [ResourceName: Int] = [:]
    ) throws -> [StageDecision.Outcome] {
        let spec = ModelSpec(
            trainingConfig: model,
            stages: [
                ModelSpec.Stage(name: staging, target: .latest),
                ModelSpec.Stage(name: self.production, target: production),
            ])
        return StageResolver(
            spec: spec, outcome: outcome, versions: [try version(1), try version(2)],
            current: current, pinned: ["1234567": Digest(hashing: [2])]
        ).decisions().map(\.outcome)
    }

    @Test("latest is what this commit trains, not the highest number: so a revert goes back")
    func latest() throws {
        #expect(
            try decide(.stage(staging), outcome: .registered(version: 1), current: [staging: 2])
                == [.show(version: 1), .show(version: 1)])
    }

    @Test("a failed gate holds what is there")
    func failedGate() throws {
        let why = "roc_auc 0.6 is below 0.7"
        #expect(
            try decide(
                .stage(staging), outcome: .gatesFailed([why]),
                current: [staging: 1, production: 1])
                == [.hold(why), .show(version: 1)])
        #expect(
            try decide(.stage(staging), outcome: .gatesFailed([why])) == [.empty(why), .empty(why)])
    }

    @Test("pins by number, digest and commit")
    func pins() throws {
        let outcome = TrainingOutcome.registered(version: 2)
        #expect(try decide(.version(1), outcome: outcome)[1] == .show(version: 1))
        #expect(try decide(.version(9), outcome: outcome)[1] == .empty("version 9 does not exist"))
        #expect(try decide(.digest(Digest(hashing: [1])), outcome: outcome)[1] == .show(version: 1))
        #expect(try decide(.commit("1234567"), outcome: outcome)[1] == .show(version: 2))
        #expect(
            try decide(.commit("7654321"), outcome: outcome)[1]
                == .empty("nothing was trained at commit 7654321"))
    }

    @Test("gates are decided from the test split")
    func gates() {
        let evaluation = Evaluation(
            metrics: [.rocAUC, .logLoss],
            gates: [
                Gate(metric: .rocAUC, min: 0.7, max: nil),
                Gate(metric: .logLoss, min: nil, max: 0.5),
                Gate(metric: .brier, min: nil, max: 1),
            ])
        let results = evaluation.gateResults(metrics: [
            "validation": ["roc_auc": 0.9], "test": ["roc_auc": 0.65, "log_loss": 0.4],
        ])
        #expect(results.map(\.passed) == [false, true, false])
        #expect(
            results.map(\.explanation) == [
                "roc_auc 0.65 is below 0.7", "log_loss 0.4 is within its bounds",
                "brier was not measured",
            ])
    }
}
