import Foundation
import ResourceAPI
import Testing

@testable import Inference

@Suite("Models that compute features from request values")
struct OnDemandTests {
    private struct Expected: Codable {
        let bits: [UInt32]
        /// Of training's own pipeline, in Python.
        let trained: [Float]
    }

    private func request(_ change: (inout [[String: Any]]) -> Void = { _ in }) throws -> String {
        let text = try TestModels.bytes("ondemand.expected.json")
        let all = try JSONSerialization.jsonObject(with: Data(text)) as? [String: Any]
        var inputs = try #require(all?["inputs"] as? [[String: Any]])
        change(&inputs)
        let body = try JSONSerialization.data(withJSONObject: ["inputs": inputs])
        return String(decoding: body, as: UTF8.self)
    }

    @Test("the answer has the same bits as in Python, and is that of training's own pipeline")
    func sameBits() throws {
        let predictor = try TestModels.predictor("ondemand")
        try predictor.warmUp()
        let expected = try JSONDecoder().decode(
            Expected.self, from: Data(TestModels.bytes("ondemand.expected.json")))
        let batch = try predictor.rows(of: InferRequest.read(request()))
        let values = try predictor.predict(batch).values
        #expect(values.map(\.bitPattern) == expected.bits)
        #expect(zip(values, expected.trained).allSatisfy { abs($0 - $1) < 1e-5 })
    }

    @Test("packed tensors and microseconds say the same")
    func packed() throws {
        let predictor = try TestModels.predictor("ondemand")
        let batch = try predictor.rows(of: InferRequest.read(request()))
        func list(_ values: [some Any]) -> String {
            "[" + values.map { "\($0)" }.joined(separator: ",") + "]"
        }
        let integers = batch.integers.map { $0 == RowBatch.missingInteger ? "null" : "\($0)" }
        let texts = batch.categorical.map {
            "\"\(String(decoding: batch.text[$0], as: UTF8.self))\""
        }
        let body = """
            {"inputs":[
            {"name":"numeric","shape":[40,1],"datatype":"FP32","data":\(list(batch.numeric))},
            {"name":"categorical","shape":[40,1],"datatype":"BYTES","data":\(list(texts))},
            {"name":"integer","shape":[40,4],"datatype":"INT64","data":\(list(integers))},
            {"name":"double","shape":[40,1],"datatype":"FP64","data":\(list(batch.doubles))}]}
            """
        let other = try predictor.rows(of: InferRequest.read(body))
        #expect(other.integers == batch.integers)
        #expect(other.doubles == batch.doubles)
        let mine = try predictor.predict(batch).values
        #expect(try predictor.predict(other).values.map(\.bitPattern) == mine.map(\.bitPattern))
    }

    private func failure(_ name: String, _ datatype: String, _ data: [Any]) throws -> String {
        let predictor = try TestModels.predictor("ondemand")
        let body = try request { inputs in
            for index in inputs.indices {
                let values = inputs[index]["data"] as? [Any] ?? []
                inputs[index]["data"] = Array(values.prefix(data.count))
                inputs[index]["shape"] = [data.count]
                guard inputs[index]["name"] as? String == name else { continue }
                inputs[index]["datatype"] = datatype
                inputs[index]["data"] = data
            }
        }
        do throws(InferenceError) {
            _ = try predictor.rows(of: InferRequest.read(body))
            return "no error"
        } catch {
            #expect(error.isRequestFault)
            return error.description
        }
    }

    @Test("what is no request value is told with name and row")
    func badValues() throws {
        #expect(
            try failure("departure", "BYTES", ["2013-10-01", "2013-13-01"])
                == "value 1 of input 'departure' is '2013-13-01', which is not a time; hint: write it as 2013-10-01T06:00:00Z, or send INT64 microseconds since 1970 UTC"
        )
        #expect(
            try failure("departure", "INT64", [1, 1.5])
                == "value 1 of input 'departure' is a fraction, but the datatype is INT64")
        #expect(
            try failure("departure", "BOOL", [true])
                == "input 'departure' has the datatype BOOL where INT64 is expected")
        #expect(
            try failure("seats", "BYTES", ["7"])
                == "input 'seats' has the datatype BYTES where INT64 is expected")
        #expect(
            try failure("seats", "INT64", [9_007_199_254_740_994])
                == "value 0 of input 'seats' does not fit the 53 bits that a JSON number keeps exactly"
        )
        #expect(
            try failure("big", "INT64", [0, 2])
                == "value 1 of input 'big' does not fit BOOL")
        #expect(
            try failure("distance", "BYTES", ["far"])
                == "input 'distance' has the datatype BYTES where FP64 is expected")
    }

    @Test("a request value must be given, if only as null")
    func missing() throws {
        let predictor = try TestModels.predictor("ondemand")
        let body = try request { inputs in
            inputs.removeAll { $0["name"] as? String == "departure" }
        }
        #expect {
            _ = try predictor.rows(of: InferRequest.read(body))
        } throws: { error in
            "\(error)"
                == "the request lacks input 'departure'; hint: send the column with null values if it is unknown"
        }
    }

    @Test(
        "times are read in every usual form",
        arguments: [
            ("1970-01-01", 0), ("1970-01-01T00:00:01Z", 1_000_000),
            ("1969-12-31 23:59:59.999999", -1), ("2000-02-29T12:30", 951_827_400_000_000),
            ("2013-10-01T06:00:00+02:00", 1_380_600_000_000_000),
            ("2013-10-01T06:00:00.1234567-0530", 1_380_627_000_123_456),
            ("0001-01-01", -62_135_596_800_000_000),
            ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999),
        ])
    func times(text: String, microseconds: Int64) {
        #expect(RequestTime.microseconds(Array(text.utf8)) == microseconds)
    }

    @Test(
        "what is no time is none",
        arguments: [
            "", "2013", "2013-1-1", "2013-02-29", "1900-02-29", "2013-10-01T", "2013-10-01T24:00",
            "2013-10-01T06:60", "2013-10-01T06:00:00.", "2013-10-01T06:00:00+", "2013-10-01x",
            "2013-10-01T06:00:00Zz", "99999999999999999999999999999999999999999999",
            "2013-10-01T06:00:00+25:00",
        ])
    func noTimes(text: String) {
        #expect(RequestTime.microseconds(Array(text.utf8)) == nil)
    }

    @Test("a day begins at midnight, before 1970 too")
    func midnight() {
        #expect(RequestTime.midnight(-1) == -86_400_000_000)
        #expect(RequestTime.midnight(86_400_000_001) == 86_400_000_000)
        #expect(RequestTime.midnight(-86_400_000_000) == -86_400_000_000)
    }
}
