import Foundation
import Inference
import NIOHTTP1
import ResourceAPI
import Serving
import Testing

@Suite("An instance on its socket")
struct InstanceTests {
    private func with(
        model: String = "binary", _ body: @escaping @Sendable (HTTPConnection) throws -> Void
    ) async throws {
        let fixture = try ServingFixture()
        let path = fixture.folder + "/run/i.sock"
        let instance = try await ServingInstance.start(
            configuration: InstanceConfiguration(
                served: ServingFixture.served(model: model, version: 3), socketPath: path))
        try await blocking { try body(HTTPConnection(socketPath: path)) }
        await instance.stop()
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test("answers with the model's identity and an id that says what made the prediction")
    func infer() async throws {
        try await with { connection in
            let answer = try connection.request(
                "POST", "/v2/models/delays/infer", ServingFixture.row)
            #expect(answer.status == 200)
            let id = try #require(answer.headers["ingot-prediction-id"])
            let parsed = try #require(PredictionID(id))
            #expect(parsed.deployment.text == "delays")
            #expect(parsed.isFrom(Digest(hashing: [3])))
            let prefix = """
                {"model_name":"delays","model_version":"3","id":"\(id)",\
                "parameters":{"prediction_id":"\(id)","commit":"\
                \(String(repeating: "ab", count: 20))","digest":"\(Digest(hashing: [3]))"},\
                "outputs":[{"name":"probability","shape":[1],"datatype":"FP32","data":[
                """
            #expect(answer.body.hasPrefix(prefix), "\(answer.body)")
            let named = try connection.request(
                "POST", "/v2/models/delays/versions/3/infer",
                #"{"id":"mine","outputs":[{"name":"label"}],"# + ServingFixture.row.dropFirst())
            #expect(named.body.contains(#""id":"mine""#))
            #expect(
                named.body.hasSuffix(
                    #""outputs":[{"name":"label","shape":[1],"datatype":"BYTES","data":["true"]}]}"#
                )
                    || named.body.hasSuffix(#""data":["false"]}]}"#), "\(named.body)")
        }
    }

    @Test("a large batch gives the same as row by row")
    func large() async throws {
        try await with(model: "regression") { connection in
            func request(_ rows: Range<Int>) throws -> [Double] {
                let numbers = rows.map { "[\($0),\(Double($0) / 7),-1]" }.joined(separator: ",")
                let texts = rows.map { $0 % 2 == 0 ? "\"JFK\"" : "\"LGA\"" }.joined(separator: ",")
                let answer = try connection.request(
                    "POST", "/v2/models/delays/infer",
                    """
                    {"inputs":[{"name":"numeric","shape":[\(rows.count),3],"datatype":"FP32",
                    "data":[\(numbers)]},{"name":"categorical","shape":[\(rows.count),1],
                    "datatype":"BYTES","data":[\(texts)]}]}
                    """)
                let start = try #require(answer.body.range(of: "\"data\":["))
                return answer.body[start.upperBound...].prefix { $0 != "]" }
                    .split(separator: ",").compactMap { Double($0) }
            }
            let all = try request(0..<5000)
            #expect(all.count == 5000)
            for row in stride(from: 0, to: 5000, by: 500) {
                #expect(try request(row..<row + 1) == [all[row]])
            }
        }
    }

    @Test("health, metadata and wrong paths")
    func paths() async throws {
        try await with { connection in
            func get(_ path: String) throws -> String { try connection.request("GET", path).body }
            #expect(try get("/v2/health/live") == #"{"live":true,"ready":true}"#)
            #expect(try get("/v2/models/delays/ready") == #"{"name":"delays","ready":true}"#)
            #expect(
                try get("/v2/models/delays") == """
                    {"name":"delays","versions":["3"],"platform":"onnx_onnxv1","inputs":[\
                    {"name":"numeric","datatype":"FP32","shape":[-1,4],\
                    "columns":["n0","n1","n2","n3"]},\
                    {"name":"categorical","datatype":"BYTES","shape":[-1,2],"columns":["c0","c1"]}],\
                    "outputs":[{"name":"probability","datatype":"FP32","shape":[-1]},\
                    {"name":"label","datatype":"BYTES","shape":[-1]}],\
                    "properties":{"task":"binary-classification","label":"late",\
                    "model":"arrival-delay","commit":"\(String(repeating: "ab", count: 20))",\
                    "digest":"\(Digest(hashing: [3]))"}}
                    """)
            #expect(
                try get("/v2/models/delay") == """
                    {"error":"unknown model 'delay'; served here: 'delays'; \
                    hint: did you mean 'delays'?"}
                    """)
            let empty = try connection.request("POST", "/v2/models/delays/infer", "")
            #expect(empty.status == 400)
            #expect(empty.body == #"{"error":"the request has no body"}"#)
        }
    }

    @Test("a model that cannot be loaded is an error, not an instance")
    func broken() async throws {
        let fixture = try ServingFixture()
        await #expect(throws: InferenceError.self) {
            try await ServingInstance.start(
                configuration: InstanceConfiguration(
                    served: ServingFixture.served(isDamaged: true),
                    socketPath: fixture.folder + "/run/i.sock"))
        }
    }
}
