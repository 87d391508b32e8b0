import Planning
import ResourceAPI
import ResourceGraph
import TestSupport
import Testing

@Suite("Plan ids")
struct PlanIDTests {
    private func commit(_ digit: Int) throws -> CommitID {
        try #require(CommitID(String(repeating: "\(digit)", count: 40)))
    }

    private func plan(_ project: FlightsProject, _ state: RecordedState = RecordedState()) -> Plan {
        Planner.plan(
            project.graph(), state: state,
            sources: FlightsProject.sources.mapValues { .present($0) },
            runtime: FlightsProject.runtime)
    }

    @Test("it says for which commit something is done, and what")
    func differs() throws {
        let plan = plan(FlightsProject())
        let id = PlanID(of: plan.steps, at: try commit(1))
        #expect(id.description.count == 12)
        #expect(PlanID(of: plan.steps.reversed(), at: try commit(1)) == id)
        #expect(PlanID(of: plan.steps, at: try commit(2)) != id)
        #expect(PlanID(of: plan.steps.dropLast(), at: try commit(1)) != id)
    }

    @Test("a plan that is kept up to date has the same id as one that is made from nothing")
    func same() throws {
        var live = LivePlan(state: RecordedState())
        for leaves in [31, 40] {
            let project = FlightsProject(leaves: leaves)
            _ = live.update(
                graph: project.graph(), sources: FlightsProject.sources.mapValues { .present($0) },
                runtime: FlightsProject.runtime)
            let expected = PlanID(of: plan(project, live.state).steps, at: try commit(3))
            #expect(live.id(at: try commit(3)) == expected)
        }
    }

    @Test("what is in place already is not part of it")
    func cached() throws {
        let plan = plan(FlightsProject())
        let first = try #require(plan.steps.first { $0.action == .run(isReady: true) })
        let fingerprint = try #require(first.fingerprint)
        let state = RecordedState(results: [
            fingerprint: RecordedResult(digest: Digest(hashing: [1]), runID: "r", seconds: 1)
        ])
        let rest = self.plan(FlightsProject(), state).steps
        #expect(rest.contains { $0.isCached })
        let id = PlanID(of: rest, at: try commit(1))
        #expect(PlanID(of: rest.filter { !$0.isCached }, at: try commit(1)) == id)
    }
}
