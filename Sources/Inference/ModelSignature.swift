#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
package import ResourceAPI

/// What a model takes and gives, in the words of its training: `signature.json` of its artifact.
package struct ModelSignature: Hashable, Sendable, Codable {
    /// A packed input tensor: shape [rows, columns.count].
    package struct Input: Hashable, Sendable, Codable {
        package let name: String
        /// FP32 or BYTES; of models with on-demand features also INT64 and FP64.
        package let datatype: TensorDatatype
        package let columns: [String]
        /// Columns that a request may leave out: they count as missing values then. Nil: none.
        package let optional: [String]?
        /// Whether the model takes missing numbers. Nil: it does.
        package let nullable: Bool?
        /// Of INT64: what each column is to a caller.
        package let kinds: [IntegerKind]?

        package init(
            name: String, datatype: TensorDatatype, columns: [String], optional: [String]? = nil,
            nullable: Bool? = nil, kinds: [IntegerKind]? = nil
        ) {
            self.name = name
            self.datatype = datatype
            self.columns = columns
            self.optional = optional
            self.nullable = nullable
            self.kinds = kinds
        }

        /// Columns that a request may leave out, if the model can do without them.
        var omissible: Set<String> { nullable == false ? [] : Set(optional ?? []) }
    }

    /// What the 64-bit integers of a column stand for.
    package enum IntegerKind: String, Hashable, Sendable, Codable {
        case integer
        case boolean
        /// Microseconds since 1970 UTC.
        case timestamp
        /// The microseconds of its midnight.
        case date
    }

    /// A classifier's probabilities, shape [rows, classes.count], or a regressor's prediction,
    /// shape [rows, 1], without classes.
    package struct Output: Hashable, Sendable, Codable {
        package let name: String
        package let datatype: TensorDatatype
        package let classes: [String]?

        package init(name: String, datatype: TensorDatatype, classes: [String]? = nil) {
            self.name = name
            self.datatype = datatype
            self.classes = classes
        }
    }

    /// A few real rows, to warm the model up and to see that it works.
    package struct Sample: Hashable, Sendable, Codable {
        package let numeric: [[Float?]]?
        package let categorical: [[String?]]?
        package let integer: [[Int64?]]?
        package let double: [[Double?]]?

        package init(
            numeric: [[Float?]]?, categorical: [[String?]]?, integer: [[Int64?]]? = nil,
            double: [[Double?]]? = nil
        ) {
            self.numeric = numeric
            self.categorical = categorical
            self.integer = integer
            self.double = double
        }
    }

    package let task: LearningTask
    package let label: String
    package let inputs: [Input]
    package let outputs: [Output]
    package let sample: Sample?

    package init(
        task: LearningTask, label: String, inputs: [Input], outputs: [Output], sample: Sample?
    ) {
        self.task = task
        self.label = label
        self.inputs = inputs
        self.outputs = outputs
        self.sample = sample
    }

    package var numeric: Input? { inputs.first { $0.datatype == .fp32 } }
    package var categorical: Input? { inputs.first { $0.datatype == .bytes } }
    package var integer: Input? { inputs.first { $0.datatype == .int64 } }
    package var double: Input? { inputs.first { $0.datatype == .fp64 } }

    /// Reads and checks a file of at most 16 MiB. Blocks.
    /// - Throws: `InferenceError.fileUnreadable`, `.fileTooLarge`, `.signatureMalformed`.
    package static func read(path: String) throws(InferenceError) -> ModelSignature {
        let bytes = try BoundedFile.read(path: path, limitBytes: 16 << 20)
        let signature: ModelSignature
        do {
            signature = try JSONDecoder().decode(ModelSignature.self, from: Data(bytes))
        } catch {
            throw .signatureMalformed(path: path, reason: reason(of: error))
        }
        if let problem = signature.problem {
            throw .signatureMalformed(path: path, reason: problem)
        }
        return signature
    }

    /// Why nothing could be served with it; nil if it is sound.
    package var problem: String? {
        let names = inputs.map(\.name)
        if inputs.isEmpty { return "it has no inputs" }
        if Set(names).count != names.count { return "two inputs have one name" }
        if inputs.contains(where: { ![.fp32, .bytes, .int64, .fp64].contains($0.datatype) }) {
            return "an input is neither FP32, BYTES, INT64 nor FP64"
        }
        if Set(inputs.map(\.datatype)).count != inputs.count {
            return "there is more than one input of one datatype"
        }
        if let integer, integer.kinds?.count != integer.columns.count {
            return "the INT64 input does not say what its columns are"
        }
        let columns = inputs.flatMap(\.columns)
        if inputs.contains(where: \.columns.isEmpty) { return "an input has no columns" }
        if Set(columns).count != columns.count { return "two columns have one name" }
        guard let output = outputs.first, outputs.count == 1 else { return "it has not one output" }
        if output.datatype != .fp32 { return "the output is not FP32" }
        switch (task, output.classes?.count) {
        case (.regression, nil), (.binary, 2): return nil
        case (.multiclass, let count?) where count >= 2: return nil
        default: return "the output's classes do not fit the task \(task.rawValue)"
        }
    }

    private static func reason(of error: any Error) -> String {
        guard let error = error as? DecodingError else { return "it is not valid JSON" }
        switch error {
        case .keyNotFound(let key, _): return "the field '\(key.stringValue)' is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            return "the field '\(context.codingPath.last?.stringValue ?? "")' has a wrong type"
        case .dataCorrupted(let context) where !context.codingPath.isEmpty:
            return "the field '\(context.codingPath.last?.stringValue ?? "")' has a wrong value"
        default: return "it is not valid JSON"
        }
    }
}
