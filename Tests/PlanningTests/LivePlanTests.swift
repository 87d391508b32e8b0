import Planning
import ResourceAPI
import ResourceGraph
import TestSupport
import Testing

@Suite("A plan that is kept up to date")
struct LivePlanTests {
    /// Small generator, so that a failure can be repeated.
    private struct Random: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }

    private struct World {
        var live = LivePlan(state: RecordedState())
        var graph = FlightsProject().graph()
        var sources = FlightsProject.sources.mapValues { SourceFile.present($0) }
        var runtime = FlightsProject.runtime
        var random: Random
        var lost: [Fingerprint: RecordedResult] = [:]

        var fromNothing: Plan {
            Planner.plan(graph, state: live.state, sources: sources, runtime: runtime)
        }

        mutating func update() -> [StepID] {
            live.update(graph: graph, sources: sources, runtime: runtime)
        }

        mutating func act() -> [StepID] {
            let ready = live.plan.steps.filter { $0.action == .run(isReady: true) }
            switch Int.random(in: 0..<11, using: &random) {
            case 0, 1:
                graph = GraphCompiler.compile(
                    resources: Array(variant().graph().resources.values), reusing: graph)
                return update()
            case 2:
                if let path = sources.keys.sorted().randomElement(using: &random) {
                    sources[path] =
                        Bool.random(using: &random)
                        ? .unreadable("it is gone")
                        : .present(Digest(hashing: [UInt8.random(in: 0...3, using: &random)]))
                }
                return update()
            case 3:
                runtime = Digest(hashing: [UInt8.random(in: 0...1, using: &random)])
                return update()
            case 4:
                guard
                    let digest = live.state.results.values.map(\.digest).sorted()
                        .randomElement(using: &random)
                else { return [] }
                lost.merge(live.state.results.filter { $0.value.digest == digest }) { $1 }
                return live.lost([digest])
            case 5:
                guard let planned = ready.randomElement(using: &random),
                    let fingerprint = planned.fingerprint
                else { return [] }
                return live.failed(
                    fingerprint, RecordedFailure(runID: "r", code: "Bad", message: "bad"))
            case 6:
                guard let failed = live.state.failures.keys.sorted().randomElement(using: &random)
                else { return [] }
                return live.forgot(failure: failed)
            case 7:
                // Some of them were made again meanwhile.
                defer { lost = [:] }
                return live.found(lost)
            default:
                guard let planned = ready.randomElement(using: &random) else { return [] }
                return succeed(planned)
            }
        }

        private mutating func variant() -> FlightsProject {
            FlightsProject(
                weatherView: Bool.random(using: &random),
                leaves: Int.random(in: 31...33, using: &random),
                ttl: Bool.random(using: &random) ? "3h" : "4h")
        }

        private mutating func succeed(_ planned: PlannedStep) -> [StepID] {
            guard let fingerprint = planned.fingerprint,
                let commit = CommitID(bytes: Array(repeating: 7, count: 20))
            else { return [] }
            let step = planned.step
            // Few different contents, so that inputs are often rebuilt with the same digest.
            let content = Int.random(in: 0...1, using: &random)
            let digest = Digest(hashing: Array("\(step.id)\(content)".utf8))
            return live.succeeded(
                step.id, fingerprint, RecordedResult(digest: digest, runID: "r", seconds: 1),
                RecordedExecution(
                    fingerprint: fingerprint, recipeVersion: step.recipeVersion,
                    recipe: step.recipe, inputs: planned.inputs, runtime: runtime, seed: step.seed,
                    threads: step.resources.cpus, digest: digest,
                    commit: commit, seconds: 1))
        }
    }

    @Test("equals the plan made from nothing after any changes, and names exactly what changed")
    func anyChanges() throws {
        for seed in 0..<40 {
            var world = World(random: Random(state: UInt64(seed)))
            _ = world.update()
            for round in 0..<60 {
                let before = world.live
                let changed = world.act()
                let expected = world.fromNothing
                #expect(describe(world.live.plan) == describe(expected), "seed \(seed), \(round)")
                #expect(changed == Array(Set(changed)) || changed.count == Set(changed).count)
                let different = Set(expected.steps.map(\.step.id))
                    .union(before.plan.steps.map(\.step.id))
                    .filter { id in
                        before.step(id).map(describe) != world.live.step(id).map(describe)
                    }
                #expect(different.isSubset(of: changed), "seed \(seed), \(round)")
                #expect(world.live.counts.total == expected.steps.count)
            }
        }
    }

    private func describe(_ plan: Plan) -> [String] { plan.steps.map(describe) }

    private func describe(_ planned: PlannedStep) -> String {
        let reasons = planned.reasons.map { "\($0.kind) \($0.field ?? "")" }.joined(separator: ", ")
        return """
            \(planned.step.id) \(planned.action) \(planned.fingerprint?.description ?? "-") \
            \(planned.estimatedSeconds ?? -1) \(reasons)
            """
    }
}
