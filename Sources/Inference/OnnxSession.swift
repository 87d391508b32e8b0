import COnnxRuntime
import Glibc

/// One model, ready to run. A run uses the caller's thread only, and many may run at once.
///
/// `@unchecked Sendable`: all fields are constant after `init`, `Run` is thread-safe on one
/// session, and the session is released only when nobody holds it, so never during a run.
package final class OnnxSession: @unchecked Sendable {
    /// A declared input or output that is a tensor.
    package struct Port: Hashable, Sendable {
        package enum Element: Hashable, Sendable {
            case float
            case string
            case integer
            case double
            case other(Int32)
        }
        package let name: String
        package let element: Element
        /// A dynamic dimension is -1. Declared output shapes are often wrong: never allocate by them.
        package let shape: [Int]
    }

    package let inputs: [Port]
    package let outputs: [Port]
    private let runtime: OnnxRuntime
    private let session: OpaquePointer

    /// - Parameter model: the file's bytes, whose digest was checked by the caller.
    /// - Throws: `InferenceError.modelRejected`, `.modelNotTensor` and those of `OnnxModelScan`.
    package init(model: [UInt8], runtime: OnnxRuntime) throws(InferenceError) {
        try OnnxModelScan.check(model)
        self.runtime = runtime
        let session: OpaquePointer
        do throws(InferenceError) {
            session = try Self.create(model, runtime)
        } catch .library(_, let reason) {
            throw .modelRejected(reason: reason)
        }
        self.session = session
        do throws(InferenceError) {
            inputs = try Self.ports(session, runtime, outputs: false)
            outputs = try Self.ports(session, runtime, outputs: true)
        } catch {
            // `deinit` does not run for an object that was never whole.
            ingot_ort_session_release(runtime.library, session)
            throw error
        }
    }

    deinit {
        ingot_ort_session_release(runtime.library, session)
    }

    private static func create(
        _ model: [UInt8], _ runtime: OnnxRuntime
    ) throws(InferenceError) -> OpaquePointer {
        let options = try runtime.make("make options") {
            ingot_ort_options_create(runtime.library, &$0)
        }
        defer { ingot_ort_options_release(runtime.library, options) }

        // Weights in other files are refused by the scan already; an empty folder is the second
        // lock, because without it paths are relative to the working directory.
        var folder = Array("/tmp/ingot-empty-XXXXXX".utf8CString)
        guard mkdtemp(&folder) != nil else {
            throw .library(call: "make a folder", reason: String(cString: strerror(errno)))
        }
        defer { rmdir(folder) }
        let folderPath = String(
            decoding: folder.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)

        let entries = [
            ("session.load_model_format", "ONNX"),
            ("session.model_external_initializers_file_folder_path", folderPath),
            ("optimization.constant_folding_max_output_size_in_bytes", "16777216"),
            ("session.intra_op.allow_spinning", "0"),
            ("session.inter_op.allow_spinning", "0"),
        ]
        for (key, value) in entries {
            try runtime.check(
                "set \(key)", ingot_ort_options_entry(runtime.library, options, key, value))
        }
        return try runtime.make("load the model") { session in
            model.withUnsafeBytes {
                ingot_ort_session_create(
                    runtime.library, runtime.environment, $0.baseAddress, $0.count, options,
                    &session)
            }
        }
    }

    private static func ports(
        _ session: OpaquePointer, _ runtime: OnnxRuntime, outputs: Bool
    ) throws(InferenceError) -> [Port] {
        var count = 0
        let library = runtime.library
        try runtime.check(
            "count ports", ingot_ort_session_count(library, session, outputs, &count))
        var ports: [Port] = []
        for index in 0..<count {
            var text: UnsafeMutablePointer<CChar>?
            try runtime.check(
                "name a port",
                ingot_ort_session_name(library, session, outputs, index, runtime.allocator, &text))
            let name = text.map { String(cString: $0) } ?? ""
            ingot_ort_free(library, runtime.allocator, text)
            var type = IngotOrtType()
            try runtime.check(
                "describe a port",
                ingot_ort_session_type(library, session, outputs, index, &type))
            guard type.kind == 1 else {
                throw .modelNotTensor(direction: outputs ? "output" : "input", name: name)
            }
            let element: Port.Element =
                switch type.element {
                case 1: .float
                case 7: .integer
                case 8: .string
                case 11: .double
                default: .other(type.element)
                }
            ports.append(Port(name: name, element: element, shape: shape(of: type)))
        }
        return ports
    }

    private static func shape(of type: IngotOrtType) -> [Int] {
        var type = type
        let rank = min(type.rank, Int(INGOT_ORT_MAX_RANK))
        return withUnsafeBytes(of: &type.shape) { raw in
            raw.bindMemory(to: Int64.self).prefix(rank).map { Int($0) }
        }
    }

    /// Runs the model on rows and copies one float output.
    /// - Parameter inputs: those of the model, each of its own datatype.
    /// - Returns: the output's elements in row order, and its shape.
    /// - Throws: `InferenceError.library` if the model fails on these inputs.
    func run(
        _ rows: inout RowBatch, inputs: [ModelSignature.Input], output: String
    ) throws(InferenceError) -> (values: [Float], shape: [Int]) {
        let library = runtime.library
        var tensors: [OpaquePointer?] = []
        var result: OpaquePointer?
        // NULL may be released.
        defer {
            for tensor in tensors { ingot_ort_value_release(library, tensor) }
            ingot_ort_value_release(library, result)
        }
        var strings: OpaquePointer?
        if let input = inputs.first(where: { $0.datatype == .bytes }) {
            strings = try stringTensor(rows, columns: input.columns.count)
        }
        let rowCount = rows.rows
        let integers = rows.integers
        let doubles = rows.doubles
        // The number tensors read the arrays' memory, so everything happens in these closures.
        let status = integers.withUnsafeBufferPointer { integers -> OpaquePointer? in
            doubles.withUnsafeBufferPointer { doubles -> OpaquePointer? in
                rows.numeric.withUnsafeMutableBufferPointer { floats -> OpaquePointer? in
                    let numbers = Numbers(floats: floats, integers: integers, doubles: doubles)
                    for input in inputs {
                        var tensor = input.datatype == .bytes ? strings : nil
                        let shape = [Int64(rowCount), Int64(input.columns.count)]
                        let status = numbers.make(input.datatype, shape, runtime, &tensor)
                        tensors.append(tensor)
                        if let status { return status }
                    }
                    return call(inputs.map(\.name), tensors, output, &result)
                }
            }
        }
        try runtime.check("run the model", status)
        guard let result else { throw .library(call: "run the model", reason: "no output") }
        return try copy(result)
    }

    private func call(
        _ names: [String], _ values: [OpaquePointer?], _ output: String,
        _ result: inout OpaquePointer?
    ) -> OpaquePointer? {
        // All names one after the other, each with its NUL; they live as long as this call.
        var text: [CChar] = []
        var starts: [Int] = []
        for name in names + [output] {
            starts.append(text.count)
            text += name.utf8CString
        }
        return text.withUnsafeBufferPointer { text in
            let pointers = starts.map { start in text.baseAddress.map { $0 + start } }
            guard let output = pointers.last ?? nil else { return nil }
            return ingot_ort_run(
                runtime.library, session, Array(pointers.dropLast()), values, values.count, output,
                &result)
        }
    }

    private func stringTensor(
        _ rows: RowBatch, columns: Int
    ) throws(InferenceError) -> OpaquePointer {
        let library = runtime.library
        let shape = [Int64(rows.rows), Int64(columns)]
        let tensor = try runtime.make("make a string tensor") {
            ingot_ort_value_strings(library, runtime.allocator, shape, 2, &$0)
        }
        let failure = rows.text.withUnsafeBytes { text -> OpaquePointer? in
            for (index, span) in rows.categorical.enumerated() where !span.isEmpty {
                var buffer: UnsafeMutablePointer<CChar>?
                let status = ingot_ort_value_string_buffer(
                    library, tensor, index, span.count, &buffer)
                if let status { return status }
                guard let buffer, span.upperBound <= text.count else { continue }
                UnsafeMutableRawBufferPointer(start: buffer, count: span.count)
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: text[span]))
            }
            return nil
        }
        do throws(InferenceError) {
            try runtime.check("fill a string tensor", failure)
        } catch {
            ingot_ort_value_release(library, tensor)
            throw error
        }
        return tensor
    }

    private func copy(
        _ value: OpaquePointer
    ) throws(InferenceError) -> (values: [Float], shape: [Int]) {
        var type = IngotOrtType()
        try runtime.check(
            "describe an output", ingot_ort_value_type(runtime.library, value, &type))
        // Reading the data of a string tensor would succeed and give C++ objects.
        guard type.kind == 1, type.element == 1, type.rank <= Int(INGOT_ORT_MAX_RANK) else {
            throw .library(call: "read an output", reason: "it is not a float tensor")
        }
        let shape = Self.shape(of: type)
        var data: UnsafeMutablePointer<Float>?
        try runtime.check(
            "read an output", ingot_ort_value_data(runtime.library, value, &data))
        let count = shape.reduce(1, *)
        return (Array(UnsafeBufferPointer(start: data, count: data == nil ? 0 : count)), shape)
    }
}

extension OnnxSession.Port.Element: CustomStringConvertible {
    init(_ datatype: TensorDatatype) {
        switch datatype {
        case .bytes: self = .string
        case .int64: self = .integer
        case .fp64: self = .double
        default: self = .float
        }
    }

    /// In the plural, for messages.
    package var description: String {
        switch self {
        case .float: "floats"
        case .string: "strings"
        case .integer: "64-bit integers"
        case .double: "doubles"
        case .other: "other elements"
        }
    }
}

/// The numbers of rows, packed, while their memory stays where it is.
private struct Numbers {
    let floats: UnsafeMutableBufferPointer<Float>
    let integers: UnsafeBufferPointer<Int64>
    let doubles: UnsafeBufferPointer<Double>

    /// A tensor over the numbers of one datatype; nothing for strings.
    /// - Returns: a failure, to be released.
    func make(
        _ datatype: TensorDatatype, _ shape: [Int64], _ runtime: OnnxRuntime,
        _ tensor: inout OpaquePointer?
    ) -> OpaquePointer? {
        let (library, memory) = (runtime.library, runtime.memory)
        switch datatype {
        case .fp32:
            return ingot_ort_value_floats(
                library, memory, floats.baseAddress, floats.count, shape, 2, &tensor)
        case .int64:
            // Inputs are only read.
            return ingot_ort_value_integers(
                library, memory, UnsafeMutablePointer(mutating: integers.baseAddress),
                integers.count, shape, 2, &tensor)
        case .fp64:
            return ingot_ort_value_doubles(
                library, memory, UnsafeMutablePointer(mutating: doubles.baseAddress),
                doubles.count, shape, 2, &tensor)
        default: return nil
        }
    }
}
