package import ResourceAPI

/// A registered model: what the training config made, once its gates had passed.
package struct ModelVersion: Hashable, Sendable, Codable {
    package let model: ResourceName
    /// 1, 2, 3 …, never reused.
    package let number: Int
    /// Of the model artifact.
    package let digest: Digest
    /// Of the training step.
    package let fingerprint: Fingerprint
    /// The commit that it was first trained for.
    package let commit: CommitID
    /// As in metrics.json: split → metric → value.
    package let metrics: JSONValue
    package init(
        model: ResourceName,
        number: Int,
        digest: Digest,
        fingerprint: Fingerprint,
        commit: CommitID,
        metrics: JSONValue
    ) {
        self.model = model
        self.number = number
        self.digest = digest
        self.fingerprint = fingerprint
        self.commit = commit
        self.metrics = metrics
    }
}

/// Whether one gate is kept.
package struct GateResult: Hashable, Sendable, Codable {
    package let metric: Metric
    package let value: Double?
    package let min: Double?
    package let max: Double?
    package let passed: Bool
    package init(
        metric: Metric,
        value: Double? = nil,
        min: Double? = nil,
        max: Double? = nil,
        passed: Bool
    ) {
        self.metric = metric
        self.value = value
        self.min = min
        self.max = max
        self.passed = passed
    }

    /// `roc_auc 0.612 is below 0.7`, for a gate that is not kept.
    package var explanation: String {
        guard let exact = value else { return "\(metric.rawValue) was not measured" }
        // For people; the decision was made on the exact value.
        let value = (exact * 10_000).rounded() / 10_000
        if let min, exact < min { return "\(metric.rawValue) \(value) is below \(min)" }
        if let max, exact > max { return "\(metric.rawValue) \(value) is above \(max)" }
        return "\(metric.rawValue) \(value) is within its bounds"
    }
}

extension Evaluation {
    /// Decides the gates from stored metrics, so that another bound retrains nothing.
    ///
    /// - Parameter metrics: split → metric → value; the gates look at the test split.
    package func gateResults(metrics: JSONValue) -> [GateResult] {
        gates.map { gate in
            let value = metrics["test"]?[gate.metric.rawValue]?.number
            let passed =
                value.map { value in
                    value.isFinite && gate.min.map { value >= $0 } ?? true
                        && gate.max.map { value <= $0 } ?? true
                } ?? false
            return GateResult(
                metric: gate.metric, value: value, min: gate.min, max: gate.max, passed: passed)
        }
    }
}
