import Planning
import ResourceAPI
import ResourceGraph
import Testing

@Suite("Why a step runs again")
struct ReasonFinderTests {
    private func reasons(
        _ kind: StepKind, from before: JSONValue, to now: JSONValue
    ) throws -> [Reason] {
        let resource = try #require(ResourceID("featureview/delays"))
        let digest = Digest(hashing: [1])
        let step = Step(
            id: StepID(resource, kind), recipeVersion: 1, recipe: now, inputs: [])
        let last = RecordedExecution(
            fingerprint: Fingerprint(digest), recipeVersion: 1, recipe: before,
            inputs: [:], runtime: digest, seed: step.seed, threads: step.resources.cpus,
            digest: digest, commit: try #require(CommitID(bytes: Array(repeating: 7, count: 20))),
            seconds: 1)
        return ReasonFinder(step: step, last: last, runtime: digest).reasons(inputs: [:])
    }

    @Test("a later instant of an online view is a refresh; of anything else it is a field")
    func refresh() throws {
        let before: JSONValue = ["instant": "2026-11-28T09:00:00Z", "view": ["ttl": "1d"]]
        let now: JSONValue = ["instant": "2026-11-28T09:15:00Z", "view": ["ttl": "1d"]]
        let view = ResourceID("featureview/delays")
        #expect(
            try reasons(.online, from: before, to: now) == [
                Reason(
                    kind: .refreshDue, resource: view, from: "2026-11-28T09:00:00Z",
                    to: "2026-11-28T09:15:00Z")
            ])
        #expect(
            try reasons(.online, from: ["view": [:]], to: ["instant": "x", "view": [:]]) == [
                Reason(kind: .refreshDue, resource: view, to: "x")
            ])
        #expect(
            try reasons(.features, from: before, to: now) == [
                Reason(
                    kind: .fieldChanged, resource: view, field: "spec.instant",
                    from: "2026-11-28T09:00:00Z", to: "2026-11-28T09:15:00Z")
            ])
    }
}
