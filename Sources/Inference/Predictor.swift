package import ResourceAPI

/// A model with its signature: rows in, predictions out.
package final class Predictor: Sendable {
    package let signature: ModelSignature
    private let session: OnnxSession
    private let output: ModelSignature.Output
    let columns: ColumnIndex

    /// - Throws: `InferenceError.signatureMismatch`, `.modelElement` if the model's inputs and
    ///   outputs are not those of the signature.
    package init(session: OnnxSession, signature: ModelSignature) throws(InferenceError) {
        if let problem = signature.problem { throw .signatureMismatch(problem) }
        guard let output = signature.outputs.first else { throw .signatureMismatch("no output") }
        try Self.compare(session, signature, output)
        self.session = session
        self.signature = signature
        self.output = output
        columns = ColumnIndex(signature)
    }

    /// Reads the files, checks the model's digest, loads it, and runs the sample. Blocks.
    package convenience init(
        modelPath: String, modelDigest: Digest, signaturePath: String, runtime: OnnxRuntime
    ) throws(InferenceError) {
        let signature = try ModelSignature.read(path: signaturePath)
        let model = try BoundedFile.read(
            path: modelPath, limitBytes: 1 << 30, expecting: modelDigest)
        try self.init(
            session: OnnxSession(model: model, runtime: runtime), signature: signature)
    }

    private static func compare(
        _ session: OnnxSession, _ signature: ModelSignature, _ output: ModelSignature.Output
    ) throws(InferenceError) {
        let promised = Set(signature.inputs.map(\.name))
        let actual = Set(session.inputs.map(\.name))
        if let name = actual.subtracting(promised).sorted().first {
            throw .signatureMismatch("the model's input '\(name)' is not in it")
        }
        if let name = promised.subtracting(actual).sorted().first {
            throw .signatureMismatch("the model has no input '\(name)'")
        }
        for input in signature.inputs {
            let expected = OnnxSession.Port.Element(input.datatype)
            guard let port = session.inputs.first(where: { $0.name == input.name }) else {
                continue
            }
            guard port.element == expected else {
                throw .modelElement(
                    direction: "input", name: port.name, expected: expected.description)
            }
            guard port.shape.count == 2, [-1, input.columns.count].contains(port.shape[1]) else {
                throw .signatureMismatch(
                    "input '\(port.name)' has the shape \(port.shape) for "
                        + "\(input.columns.count) columns")
            }
        }
        guard let port = session.outputs.first(where: { $0.name == output.name }) else {
            throw .signatureMismatch("the model has no output '\(output.name)'")
        }
        guard port.element == .float else {
            throw .modelElement(direction: "output", name: port.name, expected: "floats")
        }
    }

    /// Runs the model. Uses the calling thread; some 10 to 20 µs a row for a few hundred trees.
    /// - Throws: `InferenceError.runFailed`, `.outputShape`.
    package func predict(_ batch: RowBatch) throws(InferenceError) -> Predictions {
        let width = output.classes?.count ?? 1
        guard batch.rows > 0 else {
            return Predictions(rows: 0, values: [], classes: output.classes)
        }
        var batch = batch
        let result: (values: [Float], shape: [Int])
        do throws(InferenceError) {
            result = try session.run(
                &batch, inputs: signature.inputs, output: output.name)
        } catch {
            throw .runFailed
        }
        let flat = width == 1 && result.shape == [batch.rows]
        guard flat || result.shape == [batch.rows, width] else {
            throw .outputShape(expected: [batch.rows, width], actual: result.shape)
        }
        return Predictions(rows: batch.rows, values: result.values, classes: output.classes)
    }

    /// Runs the signature's sample, to load what the first run loads, and to see that it works.
    package func warmUp() throws(InferenceError) {
        guard let sample = signature.sample else { return }
        guard let batch = RowBatch(sample: sample, signature: signature) else {
            throw .signatureMismatch("its sample does not fit its columns")
        }
        for _ in 0..<3 { _ = try predict(batch) }
    }
}
