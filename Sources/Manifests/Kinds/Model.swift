import ResourceAPI

extension ModelSpec {
    static func decode(_ reader: inout FieldReader) -> ModelSpec? {
        let config = reader.required("trainingConfig")?.resourceName()
        let items = reader.optional("stages")?.items(mayBeEmpty: true) ?? []
        let stages = items.compactMap(Stage.decode)
        if stages.count == items.count { StageChecks.check(stages, items) }
        return config.map { ModelSpec(trainingConfig: $0, stages: stages) }
    }
}

extension ModelSpec.Stage {
    static func decode(_ value: FieldValue) -> ModelSpec.Stage? {
        guard var fields = value.reader(at: "spec.stages") else { return nil }
        let nameField = fields.required("name")
        let name = nameField?.resourceName()
        if name?.text == "latest" { nameField?.report(.stageNamedLatest) }
        let target = fields.exactlyOne(of: ["track", "version", "commit", "digest"])
            .flatMap(StageTarget.decode)
        fields.finish()
        guard let name, let target else { return nil }
        return ModelSpec.Stage(name: name, target: target)
    }
}

extension StageTarget {
    fileprivate static func decode(_ value: FieldValue) -> StageTarget? {
        switch value.key {
        case "track":
            if case .scalar("latest", _) = value.node.content { return .latest }
            return value.resourceName().map(StageTarget.stage)
        case "version": return value.int(in: 1...Int64(Int32.max)).map { .version(Int($0)) }
        case "commit": return value.commit().map(StageTarget.commit)
        default: return value.digest().map(StageTarget.digest)
        }
    }
}

/// What must hold between the stages of one model.
private enum StageChecks {
    static func check(_ stages: [ModelSpec.Stage], _ items: [FieldValue]) {
        var seen: Set<ResourceName> = []
        var tracked: [ResourceName: ResourceName] = [:]
        for (stage, item) in zip(stages, items) {
            if !seen.insert(stage.name).inserted {
                report(.repeated("'stages'", text: stage.name.text), at: "name", of: item)
            }
            if case .stage(let other) = stage.target { tracked[stage.name] = other }
        }
        for (stage, item) in zip(stages, items) {
            guard case .stage(let other) = stage.target else { continue }
            if other == stage.name {
                report(.rule(.stageTracksItself(other.text)), at: "track", of: item)
            } else if !seen.contains(other) {
                let names = stages.map(\.name.text).filter { $0 != stage.name.text }
                let near = NearName.of(other.text, among: names + ["latest"])
                report(
                    .rule(.stageUnknown(other.text, near: near, stages: names)), at: "track",
                    of: item)
            } else if let circle = circle(from: stage.name, tracked) {
                report(.rule(.stageCycle(circle)), at: "track", of: item)
            }
        }
    }

    /// The way back to a stage, reported once: from the stage whose name is the smallest.
    private static func circle(
        from start: ResourceName, _ tracked: [ResourceName: ResourceName]
    ) -> [String]? {
        var way = [start]
        var current = start
        while let next = tracked[current], way.count <= tracked.count {
            way.append(next)
            if next == start { return way.min() == start ? way.map(\.text) : nil }
            current = next
        }
        return nil
    }

    private static func report(_ problem: ManifestProblem, at key: String, of item: FieldValue) {
        item.context.report(problem, at: item.node[key] ?? item.node)
    }
}
