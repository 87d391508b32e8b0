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
                case 8: .string
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
    /// - Parameters:
    ///   - numeric: the float input's name and column count; nil if the model has none.
    ///   - categorical: the string input's name and column count; nil if the model has none.
    /// - Returns: the output's elements in row order, and its shape.
    /// - Throws: `InferenceError.library` if the model fails on these inputs.
    func run(
        _ rows: inout RowBatch, numeric: (name: String, columns: Int)?,
        categorical: (name: String, columns: Int)?, output: String
    ) throws(InferenceError) -> (values: [Float], shape: [Int]) {
        var floats: OpaquePointer?
        var strings: OpaquePointer?
        var result: OpaquePointer?
        let library = runtime.library
        // NULL may be released.
        defer {
            ingot_ort_value_release(library, floats)
            ingot_ort_value_release(library, strings)
            ingot_ort_value_release(library, result)
        }
        if let categorical {
            strings = try stringTensor(rows, columns: categorical.columns)
        }
        let rowCount = rows.rows
        // The float tensor reads the array's memory, so everything happens in this closure.
        let status = rows.numeric.withUnsafeMutableBufferPointer { buffer -> OpaquePointer? in
            if let numeric {
                let shape = [Int64(rowCount), Int64(numeric.columns)]
                let status = ingot_ort_value_floats(
                    library, runtime.memory, buffer.baseAddress, buffer.count, shape, 2, &floats)
                if let status { return status }
            }
            return call(
                numeric: numeric?.name, floats, categorical: categorical?.name, strings, output,
                &result)
        }
        try runtime.check("run the model", status)
        guard let result else { throw .library(call: "run the model", reason: "no output") }
        return try copy(result)
    }

    private func call(
        numeric: String?, _ floats: OpaquePointer?, categorical: String?,
        _ strings: OpaquePointer?, _ output: String, _ result: inout OpaquePointer?
    ) -> OpaquePointer? {
        // Absent inputs are left out; the names live as long as these calls.
        (numeric ?? "").withCString { first in
            (categorical ?? "").withCString { second in
                output.withCString { output in
                    var names: [UnsafePointer<CChar>?] = []
                    var values: [OpaquePointer?] = []
                    if numeric != nil {
                        names.append(first)
                        values.append(floats)
                    }
                    if categorical != nil {
                        names.append(second)
                        values.append(strings)
                    }
                    return ingot_ort_run(
                        runtime.library, session, names, values, values.count, output, &result)
                }
            }
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
