import Foundation
import ResourceAPI
import Serving
import TestSupport
import Testing

@Suite("POST /get-online-features")
struct FeatureRequestTests {
    private func with(_ body: @escaping @Sendable (HTTPConnection) throws -> Void) async throws {
        let fixture = try ServingFixture()
        let gateway = try await fixture.gateway()
        try fixture.write([try fixture.onlineServed()])
        _ = try await fixture.await("ready") { $0.readyReplicas == 1 }
        let port = gateway.port
        try await blocking { try body(HTTPConnection(port: port)) }
        await gateway.stop()
    }

    private static func post(
        _ connection: HTTPConnection, _ body: String
    ) throws -> HTTPConnection.Answer {
        try connection.request("POST", "/get-online-features", body)
    }

    private static let time = #""timestamp":"2013-11-15T18:00:00Z""#

    /// As feast 0.67's own server answers, recorded: the order of the two members of the object and
    /// the status of a null (PRESENT there) are all that differs.
    @Test("the answer has the shape of Feast's")
    func shape() async throws {
        try await with { connection in
            let answer = try Self.post(
                connection,
                #"{"features":["weather:temp","weather:sky"],"#
                    + #""entities":{"origin":["EWR","JFK","XXX"]},\#(Self.time)}"#)
            #expect(answer.status == 200)
            let epoch = "1970-01-01T00:00:00Z"
            let times = "[\"2013-11-15T17:00:00Z\",\"2013-11-15T15:00:00Z\",\"\(epoch)\"]"
            let statuses = #"["PRESENT","NULL_VALUE","NOT_FOUND"]"#
            #expect(
                answer.body == """
                    {"metadata":{"feature_names":["origin","temp","sky"]},"results":[\
                    {"values":["EWR","JFK","XXX"],"statuses":["PRESENT","PRESENT","PRESENT"],\
                    "event_timestamps":["\(epoch)","\(epoch)","\(epoch)"]},\
                    {"values":[8.25,null,null],"statuses":\(statuses),"event_timestamps":\(times)},\
                    {"values":["clear",null,null],"statuses":\(statuses),"event_timestamps":\(times)}]}
                    """)
        }
    }

    @Test("full names, a deployment as feature service, and the clock")
    func forms() async throws {
        try await with { connection in
            func names(_ body: String) throws -> String {
                let answer = try Self.post(connection, body).body
                return String(answer.prefix { $0 != "]" }.drop { $0 != "[" }.dropFirst())
            }
            let entities = #""entities":{"origin":["EWR"]}"#
            #expect(
                try names(#"{"features":["weather:temp"],\#(entities),"full_feature_names":true}"#)
                    == #""origin","weather__temp""#)
            #expect(
                try names(
                    #"{"feature_service":"delays",\#(entities),"full_feature_names":false,"#
                        + #""include_feature_view_version_metadata":false,"features":null}"#)
                    == #""origin","temp","sky""#)
            let now = try Self.post(connection, #"{"features":["weather:temp"],\#(entities)}"#).body
            #expect(now.contains(#"{"values":[null],"statuses":["OUTSIDE_MAX_AGE"]"#), "\(now)")
            let many = (0..<500).map { "\"k\($0)\"" }.joined(separator: ",")
            let large = try Self.post(
                connection, #"{"features":["weather:temp"],"entities":{"origin":[\#(many)]}}"#)
            #expect(large.status == 200 && large.body.contains("NOT_FOUND"))
        }
    }

    @Test("what is wrong with a request is said in one sentence")
    func errors() async throws {
        try await with { connection in
            func check(_ body: String, _ status: Int, _ error: String) throws {
                let answer = try Self.post(connection, body)
                #expect(answer.body == "{\"error\":\"\(error)\"}")
                #expect(answer.status == status)
            }
            let entities = #""entities":{"origin":["EWR"]}"#
            try check("", 400, "the request has no body")
            try check(
                "{", 400, "the body is not valid JSON: expected a key before the end at byte 1")
            try check(
                #"{"feature":["weather:temp"]}"#, 400,
                "unknown field 'feature' in the request; hint: did you mean 'features'?")
            try check(
                "{\(entities)}", 400,
                "the request names neither 'features' nor 'feature_service'; hint: send "
                    + #"\"features\": [\"view:feature\"], or the name of a deployment as "#
                    + #"\"feature_service\""#)
            try check(
                #"{"features":["weather:temp"],"feature_service":"delays",\#(entities)}"#, 400,
                "the request names both 'features' and 'feature_service'; hint: send one of them")
            try check(
                #"{"features":["temp"],\#(entities)}"#, 400,
                "'temp' does not name a feature; hint: write it like 'view:feature'")
            try check(
                #"{"features":["wether:temp"],\#(entities)}"#, 404,
                "there is no online view 'wether'; there are 'weather'; hint: did you mean 'weather'?"
            )
            try check(
                #"{"features":["weather:tmp"],\#(entities)}"#, 404,
                "the view 'weather' has no feature 'tmp'; hint: did you mean 'temp'?")
            try check(
                #"{"feature_service":"delay",\#(entities)}"#, 404,
                "there is no deployment 'delay'; there are 'delays'; hint: did you mean 'delays'?")
            try check(
                #"{"features":["weather:temp"]}"#, 400,
                #"the request has no 'entities'; hint: send \"entities\": {\"key\": [values]}"#)
            try check(
                #"{"features":["weather:temp"],"entities":{"orgin":["EWR"]}}"#, 400,
                "no view that is asked for is looked up by 'orgin'; hint: did you mean 'origin'?")
            try check(
                #"{"features":["weather:temp"],"entities":{"origin":["EWR"],"x":[]}}"#, 400,
                "'x' has 0 values, but 'origin' has 1")
            try check(
                #"{"features":["weather:temp"],"entities":{"origin":[1]}}"#, 400,
                "value 0 of 'origin' is a number; the entity is a string")
            try check(
                #"{"features":["weather:temp"],"entities":{"origin":"EWR"}}"#, 400,
                "field 'origin' of 'entities' must be an array of values")
            try check(
                #"{"features":"weather:temp",\#(entities)}"#, 400,
                "field 'features' of the request must be an array of strings")
            try check(
                #"{"features":["weather:temp"],"entities":{"origin":["EWR"],"origin":["EWR"]}}"#,
                400, "the key 'origin' occurs twice in one JSON object")
            let get = try connection.request("GET", "/get-online-features")
            #expect(get.status == 405)
        }
    }
}
