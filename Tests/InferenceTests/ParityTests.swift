import Foundation
import Inference
import ResourceAPI
import Testing

@Suite("Answers are those of Python's ONNX Runtime")
struct ParityTests {
    @Test(
        "the answer has the same bits as in Python",
        arguments: ["binary", "multiclass", "regression"])
    func sameBits(name: String) throws {
        let predictor = try TestModels.predictor(name)
        let expected = try TestModels.expected(name)
        let batch = try #require(
            RowBatch(
                sample: .init(numeric: expected.numeric, categorical: expected.categorical),
                signature: predictor.signature))
        #expect(try predictor.predict(batch).values.map(\.bitPattern) == expected.bits)
        try predictor.warmUp()
    }

    @Test(
        "a request as packed tensors and one by columns have the same bits too",
        arguments: [
            "binary", "multiclass", "regression",
        ])
    func requests(name: String) throws {
        let predictor = try TestModels.predictor(name)
        let expected = try TestModels.expected(name)
        let encoder = JSONEncoder()
        func json(_ value: some Encodable) throws -> String {
            String(decoding: try encoder.encode(value), as: UTF8.self)
        }
        let signature = predictor.signature
        let rows = expected.numeric.count
        let widths = [expected.numeric[0].count, expected.categorical[0].count]
        let packed = """
            {"inputs":[{"name":"numeric","shape":[\(rows),\(widths[0])],"datatype":"FP32",
            "data":\(try json(expected.numeric))},{"name":"categorical",
            "shape":[\(rows),\(widths[1])],"datatype":"BYTES",
            "data":\(try json(expected.categorical.flatMap { $0 }))}]}
            """
        var inputs: [String] = []
        for (index, column) in (signature.categorical?.columns ?? []).enumerated() {
            inputs.append(
                """
                {"name":"\(column)","shape":[\(rows)],"datatype":"BYTES",
                "data":\(try json(expected.categorical.map { $0[index] }))}
                """)
        }
        for (index, column) in (signature.numeric?.columns ?? []).enumerated() {
            inputs.append(
                """
                {"data":\(try json(expected.numeric.map { [$0[index]] })),"name":"\(column)",
                "shape":[\(rows),1],"datatype":"FP64"}
                """)
        }
        let columns = "{\"inputs\":[" + inputs.joined(separator: ",") + "]}"
        for text in [packed, columns] {
            let batch = try predictor.rows(of: InferRequest.read(text))
            #expect(try predictor.predict(batch).values.map(\.bitPattern) == expected.bits)
        }
    }

    @Test("no rows give no predictions")
    func empty() throws {
        let predictor = try TestModels.predictor("binary")
        let request = try InferRequest.read(
            """
            {"inputs":[{"name":"numeric","shape":[0,4],"datatype":"FP32","data":[]},
            {"name":"categorical","shape":[0,2],"datatype":"BYTES","data":[]}]}
            """)
        #expect(try predictor.predict(predictor.rows(of: request)).values == [])
    }

    @Test("labels: above one half is positive, and the first of equal classes")
    func labels() {
        let binary = Predictions(
            rows: 2, values: [0.5, 0.5, 0.4, 0.6], classes: ["false", "true"])
        #expect(binary.labels == ["false", "true"])
        #expect(binary.positive == [0.5, 0.6])
        let three = Predictions(
            rows: 2, values: [0.2, 0.4, 0.4, 0.1, 0.2, 0.7], classes: ["a", "b", "c"])
        #expect(three.labels == ["b", "c"])
    }

    @Test("a response is valid JSON with the identity of the model in it")
    func response() throws {
        let signature = try TestModels.predictor("multiclass").signature
        let identity = ModelIdentity(
            deployment: "delays", version: 3, digest: Digest(hashing: []),
            commit: String(repeating: "a", count: 40))
        let writer = InferResponseWriter(identity: identity, signature: signature)
        let predictions = Predictions(
            rows: 1, values: [0.25, 0.5, .nan], classes: signature.outputs[0].classes)
        let bytes = writer.write(
            predictions, outputs: [.probabilities, .label], id: "a\"\u{1}\\é", predictionID: "p")
        #expect(
            String(decoding: bytes, as: UTF8.self) == """
                {"model_name":"delays","model_version":"3","id":"a\\"\\u0001\\\\é",\
                "parameters":{"prediction_id":"p","commit":"\(identity.commit)",\
                "digest":"\(identity.digest)"},"outputs":[{"name":"probabilities",\
                "shape":[1,3],"datatype":"FP32","parameters":{"classes":"early,on time,late"},\
                "data":[0.25,0.5,null]},{"name":"label","shape":[1],"datatype":"BYTES",\
                "data":["on time"]}]}
                """)
    }
}
