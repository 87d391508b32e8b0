// Stand-ins until the other targets have the real ones. Delete piece by piece.
package import Planning
package import ResourceAPI
package import ResourceGraph
import SourceControl
import StateStore

package struct PlanCounts { package var cached = 0; package var total = 0 }

package struct LivePlan: Sendable {
    package private(set) var state: RecordedState
    private var graph: ResourceGraph?
    private var sources: [RepositoryPath: SourceFile] = [:]
    private var runtime = Digest(hashing: [])
    package private(set) var plan = Plan(steps: [])
    package init(state: RecordedState) { self.state = state }
    package func step(_ id: StepID) -> PlannedStep? { plan.step(id) }
    package var counts: PlanCounts {
        var c = PlanCounts()
        for s in plan.steps { c.total += 1; if case .cached = s.action { c.cached += 1 } }
        return c
    }
    package func steps(with f: Fingerprint) -> [StepID] {
        plan.steps.filter { $0.fingerprint == f }.map(\.step.id)
    }
    private mutating func again() -> [StepID] {
        guard let graph else { return [] }
        let old = plan
        plan = Planner.plan(graph, state: state, sources: sources, runtime: runtime)
        var ids: [StepID] = []
        for s in plan.steps {
            let o = old.step(s.step.id)
            if o?.action != s.action || o?.fingerprint != s.fingerprint { ids.append(s.step.id) }
        }
        for s in old.steps where plan.step(s.step.id) == nil { ids.append(s.step.id) }
        return ids
    }
    package mutating func update(
        graph: ResourceGraph, sources: [RepositoryPath: SourceFile], runtime: Digest
    ) -> [StepID] {
        self.graph = graph; self.sources = sources; self.runtime = runtime
        return again()
    }
    package mutating func succeeded(
        _ id: StepID, _ f: Fingerprint, _ r: RecordedResult, _ e: RecordedExecution
    ) -> [StepID] {
        state.results[f] = r; state.lastExecutions[id] = e; return again()
    }
    package mutating func failed(_ f: Fingerprint, _ x: RecordedFailure) -> [StepID] {
        state.failures[f] = x; return again()
    }
    package mutating func forgot(failure f: Fingerprint) -> [StepID] {
        state.failures[f] = nil; return again()
    }
    package mutating func lost(_ a: Set<Digest>) -> [StepID] {
        for (k, v) in state.results where a.contains(v.digest) { state.results[k] = nil }
        return again()
    }
}
extension ResourceGraph {
    package func program(of step: Step) -> JSONValue { step.program }
    package var dependents: [StepID: [StepID]] {
        var d: [StepID: [StepID]] = [:]
        for id in order {
            guard let s = steps[id] else { continue }
            for i in s.inputs { if case .step(let o) = i.origin { d[o, default: []].append(id) } }
            for a in s.after { d[a, default: []].append(id) }
        }
        return d
    }
}
extension GraphCompiler {
    static func compile(resources: [Resource], invalid: Set<ResourceID>, reusing: ResourceGraph?)
        -> ResourceGraph
    {
        compile(resources: resources, invalid: invalid)
    }
}
package enum DriftPolicy: Sendable { case heal, report, off }
package enum PruneSetting: Sendable { case enabled, disabled }
package enum HistoryPolicy: Sendable { case hold, follow }
extension Resource.Metadata {
    var driftPolicy: DriftPolicy { .heal }; var prune: PruneSetting { .enabled }
}
extension ProjectSpec { var history: HistoryPolicy { .hold } }
package struct Suspension: Hashable, Sendable {
    package let resource: ResourceID?; package let actor: String; package let reason: String;
    package let since: Int64; package let expiresAt: Int64?
    package init(
        resource: ResourceID?, actor: String, reason: String, since: Int64, expiresAt: Int64?
    ) {
        self.resource = resource; self.actor = actor; self.reason = reason; self.since = since;
        self.expiresAt = expiresAt
    }
}
extension StateStore {
    func suspensions() async throws(StateStoreError) -> [Suspension] { [] }
    func resume(_ r: ResourceID?, origin: ChangeOrigin) async throws(StateStoreError) {}
    func approvals(of c: CommitID) async throws(StateStoreError) -> Set<String> { [] }
    func lastReconciledCommit(_ p: String) async throws(StateStoreError) -> CommitID? {
        try await revisions(limit: 1).first?.revision.commit
    }
    func updateStatuses(changed: [NewStatus], removed: [ResourceID], origin: ChangeOrigin)
        async throws(StateStoreError)
    {
        var all = Dictionary(
            try await statuses().map { ($0.resource, $0.status) }, uniquingKeysWith: { a, _ in a })
        for s in changed { all[s.resource] = s }
        for r in removed { all[r] = nil }
        try await replaceStatuses(all.values.sorted { $0.resource < $1.resource }, origin: origin)
    }
    func crashCounts() async throws(StateStoreError) -> [String: Int] { [:] }
    func recordCrash(blobs: [(blob: String, path: RepositoryPath)]) async throws(StateStoreError) {}
    func lostArtifacts() async throws(StateStoreError) -> [Digest] {
        var r: [Digest] = []
        for d in Set(try await recordedState().results.values.map(\.digest)).sorted()
        where await !artifacts.contains(d) { r.append(d) }
        return r
    }
}
