import Foundation
import Inference
import ResourceAPI
import Testing

/// The fixtures made by Fixtures/make_fixtures.py, and the ONNX Runtime of the test's venv.
enum TestModels {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "Fixtures").path

    struct NoRuntime: Error, CustomStringConvertible {
        let description =
            "no Python runtime with ONNX Runtime: set INGOT_TEST_RUNTIME to a virtual environment"
    }

    /// The path of libonnxruntime.so in the virtual environment of INGOT_TEST_RUNTIME.
    static func libraryPath() throws -> String {
        let runtime = ProcessInfo.processInfo.environment["INGOT_TEST_RUNTIME"] ?? "/opt/ingot-rt"
        let files = FileManager.default
        for python in (try? files.contentsOfDirectory(atPath: runtime + "/lib")) ?? [] {
            let capi = "\(runtime)/lib/\(python)/site-packages/onnxruntime/capi"
            let names = (try? files.contentsOfDirectory(atPath: capi)) ?? []
            if let name = names.first(where: { $0.hasPrefix("libonnxruntime.so") }) {
                return "\(capi)/\(name)"
            }
        }
        throw NoRuntime()
    }

    static func bytes(_ name: String) throws -> [UInt8] {
        try BoundedFile.read(path: "\(folder)/\(name)", limitBytes: 1 << 20)
    }

    static func predictor(_ name: String) throws -> Predictor {
        try Predictor(
            modelPath: "\(folder)/\(name).onnx",
            modelDigest: Digest(hashing: bytes(name + ".onnx")),
            signaturePath: "\(folder)/\(name).signature.json",
            runtime: OnnxRuntime.load(path: libraryPath()))
    }

    /// What Python's ONNX Runtime answered.
    struct Expected: Codable {
        let numeric: [[Float?]]
        let categorical: [[String?]]
        let bits: [UInt32]
    }

    static func expected(_ name: String) throws -> Expected {
        try JSONDecoder().decode(
            Expected.self, from: Data(bytes(name + ".expected.json")))
    }
}

extension InferRequest {
    static func read(_ text: String) throws(InferenceError) -> InferRequest {
        try read(Array(text.utf8))
    }

    static func read(_ bytes: [UInt8]) throws(InferenceError) -> InferRequest {
        let result = bytes.withUnsafeBufferPointer {
            buffer -> Result<InferRequest, InferenceError> in
            do throws(InferenceError) {
                return .success(try InferRequestReader.read(buffer))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}
