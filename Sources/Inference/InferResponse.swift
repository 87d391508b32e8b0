package import ResourceAPI

/// Who answered: what every response says about its origin.
package struct ModelIdentity: Hashable, Sendable, Codable {
    package let deployment: String
    package let version: Int
    package let digest: Digest
    /// 40 hex digits.
    package let commit: String

    package init(deployment: String, version: Int, digest: Digest, commit: String) {
        self.deployment = deployment
        self.version = version
        self.digest = digest
        self.commit = commit
    }
}

/// The part of responses that is the same for all of one model: written once.
package struct InferResponseWriter: Sendable {
    /// `{"model_name":…,"model_version":…,"id":`
    private let head: [UInt8]
    /// `,"commit":…,"digest":…},"outputs":[`
    private let tail: [UInt8]
    private let classes: [String]

    package init(identity: ModelIdentity, signature: ModelSignature) {
        var head = JSONWriter()
        head.raw("{\"model_name\":")
        head.string(identity.deployment)
        head.raw(",\"model_version\":\"")
        head.number(identity.version)
        head.raw("\",\"id\":")
        self.head = head.bytes
        var tail = JSONWriter()
        tail.raw(",\"commit\":")
        tail.string(identity.commit)
        tail.raw(",\"digest\":")
        tail.string(identity.digest.description)
        tail.raw("},\"outputs\":[")
        self.tail = tail.bytes
        classes = signature.outputs.first?.classes ?? []
    }

    /// - Parameters:
    ///   - id: the request's, echoed; the prediction's if it has none.
    ///   - online: the worst status of the views whose features were looked up.
    package func write(
        _ predictions: Predictions, outputs: [PredictionOutput], id: String?, predictionID: String,
        online: [OnlineRequest.ViewStatus] = []
    ) -> [UInt8] {
        var writer = JSONWriter(
            capacity: 512 + predictions.values.count * 16 + predictions.rows * 16)
        writer.raw(bytes: head)
        writer.string(id ?? predictionID)
        writer.raw(",\"parameters\":{\"prediction_id\":")
        writer.string(predictionID)
        for view in online {
            writer.raw(",")
            writer.string("online.\(view.name)")
            writer.raw(":")
            writer.string(view.status.rawValue)
        }
        writer.raw(bytes: tail)
        for (index, output) in outputs.enumerated() {
            if index > 0 { writer.raw(",") }
            write(output, predictions, &writer)
        }
        writer.raw("]}")
        return writer.bytes
    }

    private func write(
        _ output: PredictionOutput, _ predictions: Predictions, _ writer: inout JSONWriter
    ) {
        writer.raw("{\"name\":\"")
        writer.raw(bytes: output.rawValue.utf8)
        writer.raw("\",\"shape\":[")
        writer.number(predictions.rows)
        if output == .probabilities {
            writer.raw(",")
            writer.number(classes.count)
        }
        writer.raw("],\"datatype\":\"")
        if output == .label { writer.raw("BYTES") } else { writer.raw("FP32") }
        writer.raw("\",")
        if output == .probabilities {
            // Which column is which class.
            writer.raw("\"parameters\":{\"classes\":")
            writer.string(classes.joined(separator: ","))
            writer.raw("},")
        }
        writer.raw("\"data\":")
        switch output {
        case .probability: writer.list(predictions.positive) { $0.number($1) }
        case .probabilities, .prediction: writer.list(predictions.values) { $0.number($1) }
        case .label: writer.strings(predictions.labels)
        }
        writer.raw("}")
    }
}
