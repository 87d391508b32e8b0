package import ResourceAPI
package import ResourceGraph

/// Says in what a step differs from an execution of it that was recorded.
package struct ReasonFinder {
    private let step: Step
    private let last: RecordedExecution
    private let runtime: Digest

    package init(step: Step, last: RecordedExecution, runtime: Digest) {
        self.step = step
        self.last = last
        self.runtime = runtime
    }

    /// - Parameter inputs: digests by name, of the inputs that are known.
    package func reasons(inputs: [String: Digest]) -> [Reason] {
        var reasons = recipeReasons() + inputReasons(inputs)
        if runtime != last.runtime {
            reasons.append(
                Reason(
                    kind: .runtimeChanged, resource: nil, field: "spec.runtime.requirements",
                    from: .string(last.runtime.description), to: .string(runtime.description)))
        }
        if step.recipeVersion != last.recipeVersion {
            reasons.append(
                Reason(
                    kind: .recipeVersionChanged, resource: step.id.resource, field: nil,
                    from: .int(Int64(last.recipeVersion)), to: .int(Int64(step.recipeVersion))))
        }
        if step.seed != last.seed {
            reasons.append(changed("spec.seed", from: .int(last.seed), to: .int(step.seed)))
        }
        if step.resources.cpus != last.threads {
            reasons.append(
                changed(
                    "spec.resources.cpus", from: .int(Int64(last.threads)),
                    to: .int(Int64(step.resources.cpus))))
        }
        return reasons
    }

    private func changed(_ field: String, from: JSONValue?, to: JSONValue?) -> Reason {
        Reason(
            kind: .fieldChanged, resource: step.id.resource, field: field, from: from, to: to)
    }

    private func recipeReasons() -> [Reason] {
        if let before = last.recipe["columns"], let now = step.recipe["columns"], before != now {
            return columnReasons(before, now) + fieldReasons()
        }
        return fieldReasons()
    }

    private func columnReasons(_ before: JSONValue, _ now: JSONValue) -> [Reason] {
        [
            Reason(
                kind: .columnsChanged, resource: step.id.resource, field: nil,
                from: .int(Int64(before.array?.count ?? 0)),
                to: .int(Int64(now.array?.count ?? 0)))
        ]
    }

    private func fieldReasons() -> [Reason] {
        JSONDifference.between(last.recipe, step.recipe).compactMap { difference in
            // A list of columns is told as a whole; a view that came or went is told by the field
            // that names it.
            if difference.path.components.first == .key("columns") { return nil }
            // So is the order of a view's features, unless nothing else of it differs.
            if difference.path.components.contains(.key("featureOrder")), hasOther(difference) {
                return nil
            }
            if difference.path.components.count == 2,
                difference.path.components[0] == .key("views")
            {
                return nil
            }
            if step.id.kind == .online, difference.path.components == [.key("instant")] {
                return Reason(
                    kind: .refreshDue, resource: step.id.resource, from: difference.from,
                    to: difference.to)
            }
            let (resource, path) = owner(of: difference.path)
            return Reason(
                kind: .fieldChanged, resource: resource,
                field: FieldPath([.key("spec")] + path.components).description,
                from: difference.from, to: difference.to)
        }
    }

    private func hasOther(_ order: JSONDifference) -> Bool {
        JSONDifference.between(last.recipe, step.recipe).contains {
            $0.path.components.contains(.key("features"))
                && $0.path.components.prefix(2) == order.path.components.prefix(2)
                || order.path.components.count <= 2 && $0.path.components.first == .key("features")
        }
    }

    /// A training set's recipe holds the views it joins under `views.<name>`: such a field belongs
    /// to the view's manifest.
    private func owner(of path: FieldPath) -> (ResourceID, FieldPath) {
        if step.id.kind == .trainingSet, path.components.count >= 2,
            path.components[0] == .key("views"), case .key(let name) = path.components[1],
            let name = ResourceName(name)
        {
            return (
                ResourceID(.featureView, name), FieldPath(Array(path.components.dropFirst(2)))
            )
        }
        return (step.id.resource, path)
    }

    private func inputReasons(_ inputs: [String: Digest]) -> [Reason] {
        inputs.keys.sorted().compactMap { name in
            guard let now = inputs[name], last.inputs[name] != now else { return nil }
            // A wholly new input is already told by the field that names it.
            guard let before = last.inputs[name] else { return nil }
            return Reason(
                kind: .inputChanged, resource: resource(ofInput: name), field: name,
                from: .string(before.description), to: .string(now.description))
        }
    }

    private func resource(ofInput name: String) -> ResourceID? {
        switch step.inputs.first(where: { $0.name == name })?.origin {
        case .step(let id): id.resource
        case .file, .unpinned: step.id.resource
        case nil: nil
        }
    }
}
