import Foundation
import Inference
import ResourceAPI
import Serving
import TestSupport
import Testing

extension ServingFixture {
    /// The binary model, of whose columns two are features of the view `weather`, with its values.
    ///
    /// - Parameters:
    ///   - temp: what the file says of EWR, as SQL.
    ///   - sampled: what training computed.
    func onlineServed(
        version: Int = 1, temp: Float = 8.25, sampled: Float? = nil, replicas: Int = 1
    ) throws -> ServedDeployment {
        let plain = try ServingFixture.served(version: version, replicas: replicas)
        let signature = folder + "/signature.json"
        let text = try String(contentsOfFile: plain.signaturePath, encoding: .utf8)
            .replacing(
                #""columns": ["n0", "n1", "n2", "n3"]"#,
                with:
                    #""columns": ["n0", "n1", "n2", "weather__temp"], "optional": ["weather__temp"]"#
            )
            .replacing(
                #""columns": ["c0", "c1"]"#,
                with: #""columns": ["c0", "weather__sky"], "optional": ["weather__sky"]"#)
        try text.write(toFile: signature, atomically: true, encoding: .utf8)
        let name = "\(folder)/\(UUID().uuidString)"
        try OnlineFixture.write(OnlineFixture.weather(temp: "\(temp)"), to: name + ".sqlite")
        let sample = OnlineFixture.weatherSample(temp: (sampled ?? temp).bitPattern)
        try sample.write(toFile: name + ".json", atomically: true, encoding: .utf8)
        let content = try BoundedFile.read(path: name + ".sqlite", limitBytes: 1 << 20)
        return ServedDeployment(
            name: plain.name, replicas: replicas, model: plain.model, version: version,
            digest: plain.digest, commit: plain.commit, onnxPath: plain.onnxPath,
            signaturePath: signature, onnxDigest: plain.onnxDigest,
            runtimeLibrary: plain.runtimeLibrary,
            online: [
                ServedView(
                    name: "weather", digest: Digest(hashing: content), path: name + ".sqlite",
                    fileDigest: Digest(hashing: content), samplePath: name + ".json",
                    sampleDigest: Digest(hashing: sample.utf8))
            ])
    }

    /// A request by columns: three numbers, a text, and what else is given.
    static func columns(
        _ more: String, parameters: String = #"{"timestamp":"2013-11-15T18:00:00Z"}"#
    )
        -> String
    {
        let numbers = (0..<3).map {
            #"{"name":"n\#($0)","shape":[1],"datatype":"FP32","data":[0.\#($0)]}"#
        }
        let text = #"{"name":"c0","shape":[1],"datatype":"BYTES","data":["JFK"]}"#
        let inputs = (numbers + [text, more]).filter { !$0.isEmpty }.joined(separator: ",")
        return "{\"parameters\":\(parameters),\"inputs\":[\(inputs)]}"
    }

    static func key(_ value: String) -> String {
        #"{"name":"origin","shape":[1],"datatype":"BYTES","data":[\#(value)]}"#
    }

    static func explicit(_ temp: String, _ sky: String) -> String {
        #"{"name":"weather__temp","shape":[1],"datatype":"FP32","data":[\#(temp)]},"#
            + #"{"name":"weather__sky","shape":[1],"datatype":"BYTES","data":[\#(sky)]}"#
    }
}

@Suite("Serving with online features")
struct OnlineServingTests {
    private func with(
        _ served: (ServingFixture) throws -> ServedDeployment = { try $0.onlineServed() },
        _ body: @escaping @Sendable (HTTPConnection) throws -> Void
    ) async throws {
        let fixture = try ServingFixture()
        let path = fixture.folder + "/run/i.sock"
        let instance = try await ServingInstance.start(
            configuration: InstanceConfiguration(served: served(fixture), socketPath: path))
        try await blocking { try body(HTTPConnection(socketPath: path)) }
        await instance.stop()
    }

    private static func infer(_ connection: HTTPConnection, _ body: String) throws -> String {
        try connection.request("POST", "/v2/models/delays/infer", body).body
    }

    private static func outputs(_ body: String) throws -> Substring {
        body[try #require(body.range(of: "\"outputs\":"), "\(body)").lowerBound...]
    }

    @Test("a request with the key alone is answered as one with the values")
    func keysOnly() async throws {
        try await with { connection in
            func same(_ keyed: String, _ explicit: String, _ status: String) throws {
                let first = try Self.infer(connection, ServingFixture.columns(keyed))
                let second = try Self.infer(connection, ServingFixture.columns(explicit))
                #expect(try Self.outputs(first) == Self.outputs(second))
                #expect(first.contains("\"online.weather\":\"\(status)\",\"commit\""), "\(first)")
                #expect(!second.contains("online."))
            }
            let key = ServingFixture.key
            let explicit = ServingFixture.explicit
            try same(key("\"EWR\""), explicit("8.25", "\"clear\""), "PRESENT")
            try same(key("\"we'ird\""), explicit("-0.0", "\"fog\""), "PRESENT")
            try same(key("\"JFK\""), explicit("null", "null"), "NULL_VALUE")
            try same(key("\"LGA\""), explicit("null", "null"), "OUTSIDE_MAX_AGE")
            try same(key("\"XXX\""), explicit("null", "null"), "NOT_FOUND")
            try same(key("null"), explicit("null", "null"), "NOT_FOUND")
            // What the request gives wins over what is looked up.
            let given = #"{"name":"weather__temp","shape":[1],"datatype":"FP32","data":[-3]}"#
            try same("\(given),\(key("\"EWR\""))", explicit("-3", "\"clear\""), "PRESENT")
        }
    }

    @Test("without a time the clock counts, and old values are missing")
    func now() async throws {
        try await with { connection in
            let body = ServingFixture.columns(ServingFixture.key("\"EWR\""), parameters: "{}")
            let answer = try Self.infer(connection, body)
            #expect(answer.contains("\"online.weather\":\"OUTSIDE_MAX_AGE\""))
            let bare = body.replacing("\"parameters\":{},", with: "")
            #expect(try Self.outputs(Self.infer(connection, bare)) == Self.outputs(answer))
        }
    }

    @Test("what a request gets wrong about online features is said in one sentence")
    func badRequests() async throws {
        try await with { connection in
            func check(
                _ more: String, _ expected: String, time: String = "2013-11-15T18:00:00Z"
            ) throws {
                let answer = try connection.request(
                    "POST", "/v2/models/delays/infer",
                    ServingFixture.columns(more, parameters: "{\"timestamp\":\"\(time)\"}"))
                #expect(answer.status == 400)
                #expect(answer.body == "{\"error\":\"\(expected)\"}")
            }
            try check(
                "",
                """
                the request gives neither 'weather__temp' nor 'origin', by which it is looked up in \
                featureview/weather; hint: send the input 'origin'; null stands for an unknown entity
                """)
            try check(
                ServingFixture.key("7"),
                "value 0 of 'origin' is a number; the entity is a string")
            let key = ServingFixture.key("\"EWR\"")
            try check("\(key),\(key)", "input 'origin' is given twice")
            try check(
                key.replacing("\"shape\":[1]", with: "\"shape\":[1,1,1]"),
                "input 'origin' has the shape [1, 1, 1] where [rows] or [rows, 1] is expected")
            try check(
                key.replacing("\"shape\":[1]", with: "\"shape\":[2]")
                    .replacing("]}", with: ",\"JFK\"]}"),
                "input 'origin' has 2 rows, but input 'n0' has 1")
            try check(
                key,
                """
                the parameter 'timestamp' is not a time: 'yesterday'; hint: write it like \
                2013-11-15T18:00:00Z, in UTC
                """, time: "yesterday")
            try check(
                key,
                """
                the request is of 2013-11-15T17:59:59Z, but the online features of 'weather' are \
                those of 2013-11-15T18:00:00Z; hint: values of earlier times are not kept; give the \
                features themselves
                """, time: "2013-11-15T17:59:59Z")
        }
    }

    @Test("an instance whose value is not that of training does not start, and names it")
    func planted() async throws {
        let fixture = try ServingFixture()
        let served = try fixture.onlineServed(temp: 8.5, sampled: 8.25)
        let path = fixture.folder + "/run/i.sock"
        do {
            _ = try await ServingInstance.start(
                configuration: InstanceConfiguration(served: served, socketPath: path))
            Issue.record("it started")
        } catch let error as ServingError {
            #expect(
                error.message == """
                    the online features are not those of training: feature 'weather__temp' of \
                    featureview/weather for origin=EWR at 2013-11-15T18:00:00Z is 8.5 when served \
                    and 8.25 when trained
                    """)
        }
        let data = try Data(contentsOf: URL(filePath: path + ".features.json"))
        let report = try JSONDecoder().decode(FeatureComparison.self, from: data)
        #expect(report.difference?.key == "origin=EWR" && report.difference?.served == "8.5")
    }

    @Test("while new values are wrong the old ones go on, and right ones take their place")
    func gatewayKeepsOld() async throws {
        let fixture = try ServingFixture()
        let gateway = try await fixture.gateway()
        let first = try fixture.onlineServed(temp: 8.25)
        try fixture.write([first])
        let ready = try await fixture.await("ready") { $0.readyReplicas == 1 }
        #expect(ready.online == first.onlineDigests && ready.desiredOnline == first.onlineDigests)
        #expect(
            ready.features?.message
                == "24 values of 8 sampled vectors are bit for bit those of training")
        try fixture.write([try fixture.onlineServed(temp: 8.5, sampled: 8.25)])
        let failed = try await fixture.await("failed") { $0.failure != nil }
        #expect(failed.online == first.onlineDigests && failed.online != failed.desiredOnline)
        #expect(failed.features?.difference?.feature == "weather__temp")
        #expect(failed.readyReplicas == 1)
        func temp() async throws -> String {
            try await blocking { [port = gateway.port] in
                try HTTPConnection(port: port).request(
                    "POST", "/get-online-features",
                    #"{"features":["weather:temp"],"entities":{"origin":["EWR"]},"#
                        + #""timestamp":"2013-11-15T18:00:00Z"}"#
                ).body
            }
        }
        #expect(try await temp().contains("\"values\":[8.25]"))
        let third = try fixture.onlineServed(temp: 9.75)
        try fixture.write([third])
        _ = try await fixture.await("third") { $0.online == third.onlineDigests }
        #expect(try await temp().contains("\"values\":[9.75]"))
        await gateway.stop()
    }

    @Test("new values of one version take the place of the old under load without a failed request")
    func swap() async throws {
        let fixture = try ServingFixture()
        let gateway = try await fixture.gateway()
        try fixture.write([try fixture.onlineServed(temp: 1)])
        _ = try await fixture.await("ready") { $0.readyReplicas == 1 }
        let load = GatewayTests.Load(port: gateway.port, connections: 2)
        try await load.more(50)
        for temp in [2, 3, 1] as [Float] {
            let next = try fixture.onlineServed(temp: temp)
            try fixture.write([next])
            _ = try await fixture.await("swapped") { $0.online == next.onlineDigests }
            try await load.more(50)
        }
        #expect(try await load.end() == [])
        await gateway.stop()
    }
}
