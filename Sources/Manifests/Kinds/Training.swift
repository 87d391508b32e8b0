import ResourceAPI

extension Preprocessing {
    static func decode(_ value: FieldValue) -> Preprocessing? {
        guard var fields = value.reader(at: "spec.preprocessing") else { return nil }
        let numeric = fields.optional("numeric")
        let categorical = fields.optional("categorical")
        fields.finish()
        var impute: NumericImpute?
        var scale: NumericScale?
        if var fields = numeric?.reader(at: "spec.preprocessing.numeric") {
            impute = fields.optional("impute")?.choice(of: NumericImpute.self)
            scale = fields.optional("scale")?.choice(of: NumericScale.self)
            fields.finish()
        }
        var encode: CategoricalEncode?
        var minFrequency: Int64?
        if var fields = categorical?.reader(at: "spec.preprocessing.categorical") {
            // A missing category is a category of its own; there is no other way yet.
            _ = fields.optional("impute")?.choice(of: CategoricalImpute.self)
            encode = fields.optional("encode")?.choice(of: CategoricalEncode.self)
            minFrequency = fields.optional("minFrequency")?.int(in: 1...1_000_000_000)
            fields.finish()
        }
        return Preprocessing(
            numericImpute: impute ?? standard.numericImpute,
            numericScale: scale ?? standard.numericScale,
            categoricalEncode: encode ?? standard.categoricalEncode,
            minFrequency: minFrequency.map(Int.init) ?? standard.minFrequency)
    }
}

/// The one way in which missing categories are filled.
enum CategoricalImpute: String, CaseIterable {
    case missing
}

extension Algorithm {
    static func decode(_ value: FieldValue) -> Algorithm? {
        guard var fields = value.reader(at: "spec.algorithm") else { return nil }
        let name = fields.required("name", unless: ["command"])?.choice(of: Name.self)
        let parameters = fields.optional("parameters").map(decodeParameters)
        fields.finish()
        return name.map { Algorithm(name: $0, parameters: parameters ?? [:]) }
    }

    private static func decodeParameters(_ value: FieldValue) -> [String: JSONValue] {
        guard case .mapping(let entries) = value.node.content else {
            value.report(
                .wrongType(
                    value.name, expected: "a mapping", found: value.node.content,
                    path: value.path))
            return [:]
        }
        var result: [String: JSONValue] = [:]
        for entry in entries {
            let item = FieldValue(
                key: entry.key, index: nil, node: entry.value, context: value.context,
                parent: "spec.algorithm.parameters")
            result[entry.key] = item.parameter()
        }
        return result
    }
}

extension FieldValue {
    /// A value that goes to a library as it is: text, a number, true, false or null. Plain text
    /// that only some YAML versions type otherwise must be quoted.
    fileprivate func parameter() -> JSONValue? {
        guard case .scalar(let text, let isPlain) = node.content else {
            report(
                .wrongType(
                    name, expected: "text, a number, true, false or null", found: node.content,
                    path: path))
            return nil
        }
        guard isPlain else { return .string(text) }
        switch text {
        case "": report(.noValue(name))
        case "null", "~": return .null
        case "true": return .bool(true)
        case "false": return .bool(false)
        case _ where NumberText.isDecimalInteger(text):
            return int(in: Int64.min...Int64.max).map(JSONValue.int)
        case _ where NumberText.isDecimalNumber(text): return number().map(JSONValue.double)
        default:
            guard let type = ScalarType(yaml11: text) else { return .string(text) }
            report(.needsQuotes(name, text: text, meaning: type.rawValue))
        }
        return nil
    }
}

extension Evaluation {
    static func decode(_ value: FieldValue, task: LearningTask?) -> Evaluation? {
        guard var fields = value.reader(at: "spec.evaluation") else { return nil }
        let metrics = fields.required("metrics")?.distinct { decodeMetric($0, task: task) }
        let gates = fields.optional("gates")?.items(mayBeEmpty: true)?
            .compactMap { Gate.decode($0, metrics: metrics, task: task) }
        fields.finish()
        return metrics.map { Evaluation(metrics: $0, gates: gates ?? []) }
    }

    fileprivate static func decodeMetric(_ value: FieldValue, task: LearningTask?) -> Metric? {
        guard let metric = value.choice(of: Metric.self) else { return nil }
        if let task, !metric.isDefined(for: task) {
            let defined = Metric.allCases.filter { $0.isDefined(for: task) }.map(\.rawValue)
            value.report(
                .metricNotForTask(metric.rawValue, task: task.rawValue, defined: defined))
        }
        return metric
    }
}

extension Gate {
    static func decode(_ value: FieldValue, metrics: [Metric]?, task: LearningTask?) -> Gate? {
        guard var fields = value.reader(at: "spec.evaluation.gates") else { return nil }
        let metricField = fields.required("metric")
        let metric = metricField?.choice(of: Metric.self)
        let bounds = fields.bounds(of: value, unless: ["comparedTo", "maxIncrease", "maxGap"]) {
            $0.number()
        }
        fields.finish()
        guard let metric else { return nil }
        if let metrics, !metrics.contains(metric) {
            metricField?.report(.gateMetricNotListed(metric.rawValue))
        }
        return Gate(metric: metric, min: bounds.min, max: bounds.max)
    }
}

extension StepResources {
    static func decode(_ value: FieldValue) -> StepResources? {
        guard var fields = value.reader(at: "spec.resources") else { return nil }
        let cpus = fields.optional("cpus")?.int(in: 1...1024)
        let memory = fields.optional("memory")?.memory()
        let timeout = fields.optional("timeout")?.duration()
        fields.finish()
        return StepResources(
            cpus: cpus.map(Int.init) ?? standard.cpus,
            memoryBytes: memory ?? standard.memoryBytes,
            timeoutSeconds: timeout?.seconds ?? standard.timeoutSeconds)
    }
}
