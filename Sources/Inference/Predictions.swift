import ResourceAPI

/// What a model says about rows.
package struct Predictions: Hashable, Sendable {
    package let rows: Int
    /// Row by row: one probability per class, or one prediction.
    package let values: [Float]
    /// Nil for a regression.
    package let classes: [String]?

    package init(rows: Int, values: [Float], classes: [String]?) {
        self.rows = rows
        self.values = values
        self.classes = classes
    }
}

/// A tensor of a response, as clients see it.
package enum PredictionOutput: String, Hashable, Sendable {
    /// Binary: FP32 [rows], of the positive class (the last one).
    case probability
    /// Multiclass: FP32 [rows, classes].
    case probabilities
    /// BYTES [rows]: the class. Binary: the positive one above 0.5; else the most probable one.
    case label
    /// Regression: FP32 [rows].
    case prediction

    /// Those of a model, in the order of its responses.
    package static func of(_ signature: ModelSignature) -> [PredictionOutput] {
        switch signature.task {
        case .binary: [.probability, .label]
        case .multiclass: [.probabilities, .label]
        case .regression: [.prediction]
        }
    }

    /// Those that a request asks for; all if it names none.
    /// - Throws: `InferenceError.outputUnknown`.
    package static func select(
        _ names: [String]?, of signature: ModelSignature
    ) throws(InferenceError) -> [PredictionOutput] {
        let all = of(signature)
        guard let names, !names.isEmpty else { return all }
        var selected: [PredictionOutput] = []
        for name in names {
            guard let output = PredictionOutput(rawValue: name), all.contains(output) else {
                throw .outputUnknown(name, known: all.map(\.rawValue))
            }
            if !selected.contains(output) { selected.append(output) }
        }
        return selected
    }
}

extension Predictions {
    /// The positive class's probabilities of a binary model.
    package var positive: [Float] {
        stride(from: 1, to: values.count, by: 2).map { values[$0] }
    }

    /// The class of each row.
    package var labels: [String] {
        guard let classes, !classes.isEmpty else { return [] }
        return (0..<rows).map { row in
            let scores = values[row * classes.count..<(row + 1) * classes.count]
            if classes.count == 2 { return classes[scores[scores.startIndex + 1] > 0.5 ? 1 : 0] }
            // The first of equals, like argmax.
            var best = scores.startIndex
            for index in scores.indices where scores[index] > scores[best] { best = index }
            return classes[best - scores.startIndex]
        }
    }
}
