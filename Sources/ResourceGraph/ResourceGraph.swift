package import ResourceAPI

/// What one commit asks for: its resources with resolved references, and the steps that make
/// their artifacts, in an order in which every step comes after what it needs.
package struct ResourceGraph: Sendable {
    package let project: ProjectSpec
    /// Which rows the datasets have whose sources are outside the repository.
    package let lock: SnapshotLock
    /// Everything that could be read, blocked or not.
    package let resources: [ResourceID: Resource]
    package let steps: [StepID: Step]
    package let order: [StepID]
    package let diagnostics: [Diagnostic]
    /// Resources that cannot be compiled, with the reason: their own errors, or what they wait for.
    package let blocked: [ResourceID: BlockedReason]
    /// For each step those that read its artifact or wait for its success, in no order.
    package let dependents: [StepID: [StepID]]
    /// For each resource those that name it, so that a change can be followed without looking at all.
    let referrers: [ResourceID: [ResourceID]]

    package init(
        project: ProjectSpec, lock: SnapshotLock = .none, resources: [ResourceID: Resource],
        steps: [StepID: Step],
        order: [StepID], diagnostics: [Diagnostic], blocked: [ResourceID: BlockedReason],
        dependents: [StepID: [StepID]], referrers: [ResourceID: [ResourceID]]
    ) {
        self.project = project
        self.lock = lock
        self.resources = resources
        self.steps = steps
        self.order = order
        self.diagnostics = diagnostics
        self.blocked = blocked
        self.dependents = dependents
        self.referrers = referrers
    }

    /// The steps of one resource, in their order.
    package func steps(of resource: ResourceID) -> [Step] {
        StepKind.allCases.compactMap { steps[StepID(resource, $0)] }
    }
}

package enum BlockedReason: Hashable, Sendable {
    /// The manifest has errors.
    case invalid
    /// Another resource is blocked.
    case waitsFor(ResourceID)
}
