package import ResourceAPI

/// Compiles the resources of one commit into a graph. Pure: the same resources give the same
/// graph, in the same order.
package enum GraphCompiler {
    /// - Parameters:
    ///   - resources: each id at most once.
    ///   - invalid: resources whose manifests have errors of their own; what depends on them waits.
    package static func compile(
        resources list: [Resource], invalid: Set<ResourceID> = []
    ) -> ResourceGraph {
        var linker = Linker(resources: list.sorted { $0.id < $1.id }, invalid: invalid)
        linker.resolve()
        let project = list.lazy.compactMap(\.project).first ?? .standard
        var steps: [StepID: Step] = [:]
        var order: [StepID] = []
        for resource in linker.topological where linker.blocked[resource.id] == nil {
            for step in StepCompiler(resources: linker.resources).steps(of: resource) {
                steps[step.id] = step
                order.append(step.id)
            }
        }
        return ResourceGraph(
            project: project, resources: linker.resources, steps: steps, order: order,
            diagnostics: linker.diagnostics, blocked: linker.blocked)
    }
}

/// Resolves references, finds cycles and puts the resources in order.
private struct Linker {
    let resources: [ResourceID: Resource]
    private(set) var diagnostics: [Diagnostic] = []
    private(set) var blocked: [ResourceID: BlockedReason] = [:]
    /// Referenced resources first. Members of cycles are not in it.
    private(set) var topological: [Resource] = []

    private let sorted: [Resource]
    private var visited: Set<ResourceID> = []
    private var path: [ResourceID] = []
    private var onPath: Set<ResourceID> = []

    init(resources: [Resource], invalid: Set<ResourceID>) {
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
        for reference in resource.references {
            follow(reference, from: resource)
        }
        if blocked[resource.id] == nil {
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
