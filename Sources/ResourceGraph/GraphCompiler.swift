package import ResourceAPI

/// Compiles the resources of one commit into a graph. Pure: the same resources give the same
/// graph, in the same order.
package enum GraphCompiler {
    /// - Parameters:
    ///   - resources: each id at most once.
    ///   - invalid: resources whose manifests have errors of their own; what depends on them waits.
    ///   - lock: which rows datasets have that are read from outside the repository.
    ///   - previous: a graph compiled before. What is equal in it, with all that it depends on, is
    ///     taken from there; the result is the same as without.
    package static func compile(
        resources list: [Resource], invalid: Set<ResourceID> = [], lock: SnapshotLock = .none,
        reusing previous: ResourceGraph? = nil
    ) -> ResourceGraph {
        if let previous, invalid.isEmpty,
            let patched = GraphPatch(previous: previous, resources: list, lock: lock)?.graph()
        {
            return patched
        }
        var linker = Linker(
            resources: list.sorted { $0.id < $1.id }, invalid: invalid, lock: lock,
            previous: previous)
        linker.resolve()
        var assembly = StepAssembly(previous: previous)
        let compiler = StepCompiler(resources: linker.resources, lock: lock)
        for resource in linker.topological where linker.blocked[resource.id] == nil {
            if linker.reused.contains(resource.id) {
                assembly.keep(resource)
            } else {
                assembly.add(compiler.steps(of: resource))
            }
        }
        return ResourceGraph(
            project: list.lazy.compactMap(\.project).first ?? .standard, lock: lock,
            resources: linker.resources, steps: assembly.finish(), order: assembly.order,
            diagnostics: linker.diagnostics, blocked: linker.blocked,
            dependents: assembly.dependents, referrers: linker.referrers)
    }
}

/// Puts the steps of a graph together, starting from those of the one before.
private struct StepAssembly {
    private(set) var steps: [StepID: Step]
    private(set) var order: [StepID] = []
    private(set) var dependents: [StepID: [StepID]]

    init(previous: ResourceGraph?) {
        steps = previous?.steps ?? [:]
        dependents = previous?.dependents ?? [:]
        order.reserveCapacity(steps.count)
    }

    /// The resource's steps are those of the graph before.
    mutating func keep(_ resource: Resource) {
        for kind in StepCompiler.kinds(of: resource) {
            order.append(StepID(resource.id, kind))
        }
    }

    mutating func add(_ compiled: [Step]) {
        for step in compiled {
            order.append(step.id)
            if let old = steps[step.id] {
                if old == step { continue }
                unlink(old)
            }
            steps[step.id] = step
            for needed in step.neededSteps { dependents[needed, default: []].append(step.id) }
        }
    }

    /// Removes what is in the graph no more.
    mutating func finish() -> [StepID: Step] {
        guard steps.count > order.count else { return steps }
        let wanted = Set(order)
        for (id, step) in steps where !wanted.contains(id) {
            unlink(step)
            steps[id] = nil
        }
        return steps
    }

    private mutating func unlink(_ step: Step) {
        for needed in step.neededSteps {
            dependents[needed]?.removeAll { $0 == step.id }
            if dependents[needed]?.isEmpty == true { dependents[needed] = nil }
        }
    }
}

extension Step {
    /// Steps whose artifact it reads, or whose success it waits for; each once.
    fileprivate var neededSteps: Set<StepID> {
        var needed = Set(after)
        for input in inputs {
            if case .step(let origin) = input.origin { needed.insert(origin) }
        }
        return needed
    }
}

/// Resolves references, finds cycles and puts the resources in order.
private struct Linker {
    let resources: [ResourceID: Resource]
    private(set) var diagnostics: [Diagnostic] = []
    private(set) var blocked: [ResourceID: BlockedReason] = [:]
    /// Referenced resources first. Members of cycles are not in it.
    private(set) var topological: [Resource] = []

    /// For each resource those that name it.
    private(set) var referrers: [ResourceID: [ResourceID]] = [:]
    /// Equal to that of the graph before, with all that they depend on.
    private(set) var reused: Set<ResourceID> = []

    private let previous: ResourceGraph?
    private let lock: SnapshotLock
    private let sorted: [Resource]
    private var visited: Set<ResourceID> = []
    private var path: [ResourceID] = []
    private var onPath: Set<ResourceID> = []

    init(
        resources: [Resource], invalid: Set<ResourceID>, lock: SnapshotLock,
        previous: ResourceGraph?
    ) {
        self.previous = previous
        self.lock = lock
        sorted = resources
        self.resources = Dictionary(resources.map { ($0.id, $0) }, uniquingKeysWith: { a, _ in a })
        for id in invalid { blocked[id] = .invalid }
    }

    mutating func resolve() {
        for resource in sorted { visit(resource) }
    }

    /// Depth first. Recursion is bounded by the limit on resources' chains: a chain longer than
    /// `maximumDepth` is refused rather than risking the stack.
    private mutating func visit(_ resource: Resource) {
        guard visited.insert(resource.id).inserted else { return }
        path.append(resource.id)
        onPath.insert(resource.id)
        defer {
            path.removeLast()
            onPath.remove(resource.id)
        }
        var isReusable =
            previous.map {
                $0.blocked[resource.id] == nil && $0.resources[resource.id] == resource
                    && $0.lock.saysTheSame(as: lock, of: resource)
            } ?? false
        for reference in resource.references {
            follow(reference, from: resource)
            referrers[reference.target, default: []].append(resource.id)
            isReusable = isReusable && reused.contains(reference.target)
        }
        if isReusable, blocked[resource.id] == nil {
            reused.insert(resource.id)
        } else if blocked[resource.id] == nil {
            let problems = ReferenceChecks.check(resource, among: resources)
            if !problems.isEmpty {
                diagnostics += problems
                blocked[resource.id] = .invalid
            }
        }
        topological.append(resource)
    }

    private static let maximumDepth = 200

    private mutating func follow(_ reference: Reference, from resource: Resource) {
        if blocked[reference.target] == .invalid, resources[reference.target] == nil {
            block(resource, .waitsFor(reference.target))
            return
        }
        guard let target = resources[reference.target] else {
            reportDangling(reference, from: resource)
            return
        }
        if onPath.contains(target.id) {
            reportCycle(through: target.id, reference, from: resource)
            return
        }
        guard path.count < Linker.maximumDepth else {
            diagnostics.append(
                .error(
                    "resources depend on each other more than \(Linker.maximumDepth) deep",
                    at: resource.location(of: reference.path), resource: resource.id))
            blocked[resource.id] = .invalid
            return
        }
        visit(target)
        if blocked[target.id] != nil { block(resource, .waitsFor(target.id)) }
    }

    /// An own error is never replaced by waiting for somebody else's.
    private mutating func block(_ resource: Resource, _ reason: BlockedReason) {
        if blocked[resource.id] == nil { blocked[resource.id] = reason }
    }

    private mutating func reportDangling(_ reference: Reference, from resource: Resource) {
        let names = resources.keys.filter { $0.kind == reference.target.kind }.map(\.name.text)
            .sorted()
        let kind = reference.target.kind.rawValue
        let hint =
            NearName.hint(for: reference.target.name.text, among: names)
            ?? (names.isEmpty
                ? "there is no \(kind) in this commit"
                : "a \(kind) that exists: \(names.prefix(5).joined(separator: ", "))")
        diagnostics.append(
            .error(
                "\(resource.id) refers to \(reference.target), which does not exist",
                at: resource.location(of: reference.path), hint: hint, resource: resource.id))
        blocked[resource.id] = .invalid
    }

    private mutating func reportCycle(
        through id: ResourceID, _ reference: Reference, from resource: Resource
    ) {
        let start = path.firstIndex(of: id) ?? 0
        let members = Array(path[start...])
        let names = (members + [id]).map(\.description).joined(separator: " → ")
        diagnostics.append(
            .error(
                "resources depend on each other in a cycle: \(names)",
                at: resource.location(of: reference.path),
                hint: "remove one of these references", resource: resource.id))
        for member in members { blocked[member] = .invalid }
    }
}
