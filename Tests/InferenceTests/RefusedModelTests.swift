import Foundation
import Inference
import ResourceAPI
import Testing

@Suite("Models that are refused")
struct RefusedModelTests {
    private func load(_ model: [UInt8]) throws -> OnnxSession {
        try OnnxSession(
            model: model, runtime: OnnxRuntime.load(path: TestModels.libraryPath()))
    }

    @Test(
        "each is refused with the reason",
        arguments: [
            (
                "custom-domain",
                "the model uses operators of the domain 'com.evil'; hint: export the model with "
                    + "the standard operators of ONNX and ONNX-ML only"
            ),
            (
                "functions",
                "the model defines local functions; hint: export the model with the standard "
                    + "operators of ONNX and ONNX-ML only"
            ),
            (
                "external-data",
                "the model keeps weights in other files; hint: export the model as one file"
            ),
            (
                "zipmap",
                "the model's output 'probabilities' is not a tensor; hint: export the classifier "
                    + "without ZipMap"
            ),
        ])
    func refused(name: String, message: String) throws {
        let model = try TestModels.bytes(name + ".onnx")
        let error = #expect(throws: InferenceError.self) { try load(model) }
        #expect(error?.description == message)
    }

    @Test("graphs nested deeper than the limit are refused before ONNX Runtime sees them")
    func nested() throws {
        // graph { node { attribute { g: graph … } } }, from the inside out.
        func field(_ number: UInt8, _ content: [UInt8]) -> [UInt8] {
            var length = content.count
            var bytes = [number << 3 | 2]
            repeat {
                bytes.append(UInt8(length & 0x7f) | (length > 0x7f ? 0x80 : 0))
                length >>= 7
            } while length > 0
            return bytes + content
        }
        var graph: [UInt8] = []
        for _ in 0..<20 { graph = field(1, field(5, field(6, graph))) }
        let error = #expect(throws: InferenceError.self) { try load(field(7, graph)) }
        #expect(error?.description == "the model's graphs are nested deeper than 16")
    }

    @Test("no damaged model is a crash")
    func damaged() throws {
        let model = try TestModels.bytes("binary.onnx")
        for count in stride(from: 0, to: model.count, by: 997) {
            #expect(throws: InferenceError.self) { try load(Array(model.prefix(count))) }
        }
        var random = SplitMix(state: 7)
        for _ in 0..<2000 {
            var bytes = model
            for _ in 0..<3 {
                bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(
                    truncatingIfNeeded: random.next())
            }
            // Either is right, as long as it returns.
            _ = try? OnnxModelScan.check(bytes)
        }
        #expect(throws: InferenceError.modelMalformed(offset: 0)) { try load([0xff, 0xff]) }
    }

    @Test("a file with another digest is not loaded")
    func digest() throws {
        let wrong = Digest(hashing: [1])
        let right = try Digest(hashing: TestModels.bytes("binary.onnx"))
        let path = TestModels.folder + "/binary.onnx"
        let error = #expect(throws: InferenceError.self) {
            try Predictor(
                modelPath: path, modelDigest: wrong,
                signaturePath: TestModels.folder + "/binary.signature.json",
                runtime: OnnxRuntime.load(path: TestModels.libraryPath()))
        }
        #expect(
            error?.description == "'\(path)' has the digest \(right) where \(wrong) is expected; "
                + "hint: the file was changed or damaged after it was published")
    }

    @Test("a signature of another model is refused")
    func signature() throws {
        let session = try load(TestModels.bytes("binary.onnx"))
        let other = try TestModels.predictor("regression").signature
        let error = #expect(throws: InferenceError.self) {
            try Predictor(session: session, signature: other)
        }
        #expect(
            error?.description == "the model does not fit its signature: input 'numeric' has the "
                + "shape [-1, 4] for 3 columns")
    }

    @Test("a missing library, and a library that is not ONNX Runtime")
    func library() {
        let missing = #expect(throws: InferenceError.self) {
            try OnnxRuntime.load(path: "/nowhere/lib.so")
        }
        #expect(
            missing?.description == "cannot load '/nowhere/lib.so': /nowhere/lib.so: cannot open "
                + "shared object file: No such file or directory")
        #expect(throws: InferenceError.libraryForeign(path: "libz.so.1")) {
            try OnnxRuntime.load(path: "libz.so.1")
        }
    }
}

/// Reproducible random numbers.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
