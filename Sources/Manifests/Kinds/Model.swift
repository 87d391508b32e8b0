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
        let names = stages.map(\.name.text)
        for (stage, item) in zip(stages, items) {
            guard case .stage(let other) = stage.target else { continue }
            if other == stage.name {
                report(.rule(.stageTracksItself(other.text)), at: "track", of: item)
            } else if !seen.contains(other) {
                report(
                    .rule(unknown(other.text, for: stage.name.text, names)), at: "track", of: item)
            }
        }
        let circles = circles(in: tracked)
        for (stage, item) in zip(stages, items) {
            guard let circle = circles[stage.name] else { continue }
            report(.rule(.stageCycle(circle)), at: "track", of: item)
        }
    }

    private static func unknown(
        _ name: String, for stage: String, _ names: [String]
    ) -> ResourceRule {
        let others = names.prefix(1000).filter { $0 != stage }
        let near = NearName.of(name, among: others + ["latest"])
        return .stageUnknown(name, near: near, stages: others)
    }

    /// The ways from a stage back to itself over at least one other, each under the smallest of its
    /// names. Every stage is visited once.
    private static func circles(
        in tracked: [ResourceName: ResourceName]
    ) -> [ResourceName: [String]] {
        var circles: [ResourceName: [String]] = [:]
        var done: Set<ResourceName> = []
        for start in tracked.keys.sorted() {
            var way: [ResourceName] = []
            var position: [ResourceName: Int] = [:]
            var current: ResourceName? = start
            while let name = current, position[name] == nil, !done.contains(name) {
                position[name] = way.count
                way.append(name)
                current = tracked[name]
            }
            if let name = current, let first = position[name] {
                let circle = Array(way[first...])
                if circle.count > 1, let least = circle.min(),
                    let turn = circle.firstIndex(of: least)
                {
                    let names = circle[turn...] + circle[..<turn] + [least]
                    circles[least] = names.map(\.text)
                }
            }
            done.formUnion(way)
        }
        return circles
    }

    private static func report(
        _ problem: @autoclosure () -> ManifestProblem, at key: String, of item: FieldValue
    ) {
        item.context.report(problem(), at: item.node[key] ?? item.node)
    }
}
