import COnnxRuntime
import Glibc
import Synchronization

/// A loaded ONNX Runtime library with its one environment. Loaded once per path and never unloaded.
///
/// `@unchecked Sendable`: all fields are constant after `init`, and the API's functions on an
/// environment, the default allocator and CPU memory information may be called from any thread.
package final class OnnxRuntime: @unchecked Sendable {
    package let version: String
    let library: UnsafePointer<IngotOrtLibrary>
    let environment: OpaquePointer
    let memory: OpaquePointer
    let allocator: OpaquePointer

    private static let loaded = Mutex<[String: OnnxRuntime]>([:])

    /// Loads the library, or gives the one that was loaded from this path before. Call it early in
    /// the process: it sets ORT_DISABLE_TELEMETRY, and setenv is not safe beside other threads
    /// that read the environment. Blocks for some 20 ms.
    /// - Throws: `InferenceError.libraryMissing`, `.libraryForeign`, `.libraryTooOld`, `.library`.
    package static func load(path: String) throws(InferenceError) -> OnnxRuntime {
        let result = loaded.withLock { known -> Result<OnnxRuntime, InferenceError> in
            if let runtime = known[path] { return .success(runtime) }
            do throws(InferenceError) {
                let runtime = try OnnxRuntime(path: path)
                known[path] = runtime
                return .success(runtime)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private init(path: String) throws(InferenceError) {
        // The library uploads telemetry unless this is set before its environment is made; the
        // other variable would let a model carry session options.
        setenv("ORT_DISABLE_TELEMETRY", "1", 1)
        unsetenv("ORT_LOAD_CONFIG_FROM_MODEL")

        let library = UnsafeMutablePointer<IngotOrtLibrary>.allocate(capacity: 1)
        library.initialize(to: IngotOrtLibrary())
        var text = [CChar](repeating: 0, count: 1024)
        let code = Int(ingot_ort_load(path, library, &text, text.count))
        let reason = OnnxRuntime.string(text)
        guard code == INGOT_ORT_LOADED else {
            library.deallocate()
            switch code {
            case INGOT_ORT_NO_ENTRY: throw .libraryForeign(path: path)
            case INGOT_ORT_TOO_OLD: throw .libraryTooOld(path: path, version: reason)
            default: throw .libraryMissing(path: path, reason: reason)
            }
        }
        let constant = UnsafePointer(library)
        self.library = constant
        version = String(cString: library.pointee.version)
        environment = try Self.made("create an environment", constant) {
            ingot_ort_env_create(constant, &$0)
        }
        memory = try Self.made("describe the memory", constant) {
            ingot_ort_memory_create(constant, &$0)
        }
        allocator = try Self.made("find its allocator", constant) {
            ingot_ort_allocator(constant, &$0)
        }
    }

    /// Throws if a call did not succeed. The reason holds paths and is for logs only.
    func check(_ call: String, _ status: OpaquePointer?) throws(InferenceError) {
        if let status { throw Self.failure(call, library, status) }
    }

    /// The object that a call makes.
    func make(
        _ call: String, _ body: (inout OpaquePointer?) -> OpaquePointer?
    ) throws(InferenceError) -> OpaquePointer {
        try Self.made(call, library, body)
    }

    private static func made(
        _ call: String, _ library: UnsafePointer<IngotOrtLibrary>,
        _ body: (inout OpaquePointer?) -> OpaquePointer?
    ) throws(InferenceError) -> OpaquePointer {
        var object: OpaquePointer?
        if let status = body(&object) { throw failure(call, library, status) }
        guard let object else { throw .library(call: call, reason: "nothing was made") }
        return object
    }

    private static func failure(
        _ call: String, _ library: UnsafePointer<IngotOrtLibrary>, _ status: OpaquePointer
    ) -> InferenceError {
        var text = [CChar](repeating: 0, count: 1024)
        ingot_ort_status_describe(library, status, &text, text.count)
        ingot_ort_status_release(library, status)
        return .library(call: call, reason: string(text))
    }

    /// The first line of a C string.
    private static func string(_ text: [CChar]) -> String {
        let line = text.prefix { $0 != 0 && $0 != CChar(UInt8(ascii: "\n")) }
        return String(decoding: line.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
