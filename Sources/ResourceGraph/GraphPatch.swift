import ResourceAPI

/// The common case of a change: the same resources, none in trouble, some with other fields, all with
/// the same references. Then the order of everything stays, and only what changed and what depends on
/// it is compiled.
struct GraphPatch {
    private let previous: ResourceGraph
    private let changed: [Resource]
    private let lock: SnapshotLock

    /// Nil if the change is of another sort.
    init?(previous: ResourceGraph, resources: [Resource], lock: SnapshotLock) {
        guard previous.blocked.isEmpty, previous.diagnostics.isEmpty,
            resources.count == previous.resources.count
        else { return nil }
        var changed: [Resource] = []
        for resource in resources {
            guard let before = previous.resources[resource.id] else { return nil }
            if before == resource, previous.lock.saysTheSame(as: lock, of: resource) { continue }
            guard before.references.map(\.target) == resource.references.map(\.target),
                StepCompiler.kinds(of: before) == StepCompiler.kinds(of: resource)
            else { return nil }
            changed.append(resource)
        }
        self.previous = previous
        self.changed = changed
        self.lock = lock
    }

    /// Nil if something is wrong now.
    func graph() -> ResourceGraph? {
        guard !changed.isEmpty || lock != previous.lock else { return previous }
        var resources = previous.resources
        for resource in changed { resources[resource.id] = resource }
        var steps = previous.steps
        let compiler = StepCompiler(resources: resources, lock: lock)
        for id in affected() {
            guard let resource = resources[id] else { continue }
            guard ReferenceChecks.check(resource, among: resources).isEmpty else { return nil }
            for step in compiler.steps(of: resource) {
                guard let before = steps[step.id] else { return nil }
                if before == step { continue }
                // Other inputs would be other dependents.
                guard before.inputs == step.inputs, before.after == step.after else { return nil }
                steps[step.id] = step
            }
        }
        return ResourceGraph(
            project: changed.lazy.compactMap(\.project).first ?? previous.project,
            lock: lock, resources: resources, steps: steps, order: previous.order, diagnostics: [],
            blocked: [:], dependents: previous.dependents, referrers: previous.referrers)
    }

    /// What changed, and what depends on it.
    private func affected() -> Set<ResourceID> {
        var found = Set(changed.map(\.id))
        var waiting = Array(found)
        while let id = waiting.popLast() {
            for next in previous.referrers[id] ?? [] where found.insert(next).inserted {
                waiting.append(next)
            }
        }
        return found
    }
}
