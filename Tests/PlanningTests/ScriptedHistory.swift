import Planning
import ResourceAPI
import ResourceGraph
import TestSupport
import Testing

/// Plays the part of the store and of the workers: "edit, build, expect exactly these steps".
struct ScriptedHistory {
    var state = RecordedState()
    var sources = FlightsProject.sources.mapValues { SourceFile.present($0) }
    let commit = CommitID(bytes: Array(repeating: 7, count: 20))

    func plan(_ project: FlightsProject) -> Plan {
        Planner.plan(
            project.graph(), state: state, sources: sources, runtime: FlightsProject.runtime)
    }

    /// Runs steps until nothing is left to do; the names of those that ran, in order.
    mutating func build(_ project: FlightsProject) throws -> [String] {
        let graph = project.graph()
        var ran: [String] = []
        for _ in 0..<100 {
            let plan = Planner.plan(
                graph, state: state, sources: sources, runtime: FlightsProject.runtime)
            let ready = plan.steps.first { $0.action == .run(isReady: true) }
            guard let ready, let fingerprint = ready.fingerprint else { return ran }
            try record(ready, fingerprint)
            ran.append(ready.step.id.description)
        }
        Issue.record("the build does not end")
        return ran
    }

    mutating func record(_ planned: PlannedStep, _ fingerprint: Fingerprint) throws {
        let step = planned.step
        // An artifact that depends on what went in, as a real one would.
        let digest = Digest(hashing: Array("artifact of \(fingerprint)".utf8))
        state.results[fingerprint] = RecordedResult(digest: digest, runID: "r", seconds: 1)
        state.lastExecutions[step.id] = RecordedExecution(
            fingerprint: fingerprint, recipeVersion: step.recipeVersion, recipe: step.recipe,
            inputs: planned.inputs, runtime: FlightsProject.runtime, seed: step.seed,
            threads: step.resources.cpus, digest: digest, commit: try #require(commit), seconds: 1)
    }
}
