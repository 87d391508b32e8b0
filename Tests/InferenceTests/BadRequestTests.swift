import Foundation
import Inference
import ResourceAPI
import Testing

@Suite("Bad requests get whole messages")
struct BadRequestTests {
    static let numeric = #"{"name":"numeric","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}"#
    static let categorical =
        #"{"name":"categorical","shape":[1,2],"datatype":"BYTES","data":["a","b"]}"#

    /// A request by columns, of which some are replaced (nil: left out).
    static func columns(_ replaced: [String: String?] = [:], extra: String = "") -> String {
        var inputs: [String] = []
        for name in ["n0", "n1", "n2", "n3", "c0", "c1"] {
            if let replacement = replaced[name] {
                if let replacement { inputs.append(replacement) }
            } else if name.hasPrefix("n") {
                inputs.append(#"{"name":"\#(name)","shape":[1],"datatype":"FP32","data":[1]}"#)
            } else {
                inputs.append(#"{"name":"\#(name)","shape":[1],"datatype":"BYTES","data":["a"]}"#)
            }
        }
        return "{\"inputs\":[" + inputs.joined(separator: ",") + extra + "]}"
    }

    static func n0(_ rest: String) -> String { columns(["n0": #"{"name":"n0",\#(rest)}"#]) }

    static let cases: [(String, String)] = [
        // Inputs.
        (
            columns(["n2": nil]),
            "the request lacks input 'n2'; hint: send the column with null values if it is unknown"
        ),
        (
            "{\"inputs\":[]}",
            "the request lacks 6 of the model's 6 inputs: 'n0', 'n1', 'n2', 'n3', 'c0' and 1 more; "
                + "hint: send the column with null values if it is unknown"
        ),
        (
            "{\"inputs\":[\(numeric)]}",
            "the request lacks input 'categorical'; "
                + "hint: send the column with null values if it is unknown"
        ),
        (
            columns(extra: #",{"name":"n7","shape":[1],"datatype":"FP32","data":[1]}"#),
            "unknown input 'n7'; hint: did you mean 'n0'?"
        ),
        (
            columns(extra: #",{"name":"weather","shape":[1],"datatype":"FP32","data":[1]}"#),
            "unknown input 'weather'"
        ),
        (
            columns(extra: #",{"name":"n0","shape":[1],"datatype":"FP32","data":[1]}"#),
            "input 'n0' is given twice"
        ),
        (
            columns(extra: "," + numeric),
            "the packed input 'numeric' and the column 'n0' are mixed in one request; "
                + "hint: send either the packed tensors or one input per column"
        ),
        (
            n0(#""shape":[1],"datatype":"BYTES","data":["1"]"#),
            "input 'n0' has the datatype BYTES where FP32 is expected"
        ),
        (
            columns(["c0": #"{"name":"c0","shape":[1],"datatype":"FP32","data":[1]}"#]),
            "input 'c0' has the datatype FP32 where BYTES is expected"
        ),
        (
            n0(#""shape":[1],"datatype":"DECIMAL","data":[1]"#),
            "input 'n0' has the unknown datatype 'DECIMAL'; hint: one of BOOL, UINT8, UINT16, "
                + "UINT32, UINT64, INT8, INT16, INT32, INT64, FP16, FP32, FP64, BYTES"
        ),
        (
            n0(#""shape":[1,2],"datatype":"FP32","data":[1,2]"#),
            "input 'n0' has the shape [1, 2] where [rows] or [rows, 1] is expected"
        ),
        (
            "{\"inputs\":[\(categorical),{\"name\":\"numeric\",\"shape\":[1,3],"
                + "\"datatype\":\"FP32\",\"data\":[1,2,3]}]}",
            "input 'numeric' has the shape [1, 3] where [rows, 4] is expected"
        ),
        (
            n0(#""shape":[1],"datatype":"FP32","data":[1,2]"#),
            "input 'n0' has 2 values in data, but its shape is [1]; "
                + "hint: data is row by row, flat or nested like the shape"
        ),
        (
            "{\"inputs\":[\(categorical),{\"name\":\"numeric\",\"shape\":[2,4],"
                + "\"datatype\":\"FP32\",\"data\":[[1,2,3],[4,5,6,7,8]]}]}",
            "the nested data of input 'numeric' does not have the shape [2, 4]; "
                + "hint: data is row by row, flat or nested like the shape"
        ),
        (
            columns(["c1": #"{"name":"c1","shape":[2],"datatype":"BYTES","data":["a","b"]}"#]),
            "input 'c1' has 2 rows, but input 'n0' has 1"
        ),
        (
            n0(#""shape":[10001],"datatype":"FP32","data":[]"#),
            "the request has 10001 rows; at most 10000 are allowed; hint: split the request"
        ),
        // Values.
        (
            n0(#""shape":[1],"datatype":"FP32","data":["NaN"]"#),
            "value 0 of input 'n0' is the text 'NaN', not a number; "
                + "hint: send null for a missing number"
        ),
        (
            n0(#""shape":[1],"datatype":"FP32","data":["12"]"#),
            "value 0 of input 'n0' is a string, but the datatype is FP32"
        ),
        (
            n0(#""shape":[1],"datatype":"FP32","data":[true]"#),
            "value 0 of input 'n0' is a boolean, but the datatype is FP32"
        ),
        (
            n0(#""shape":[1],"datatype":"BOOL","data":[1]"#),
            "value 0 of input 'n0' is a number, but the datatype is BOOL"
        ),
        (
            n0(#""shape":[1],"datatype":"INT64","data":[1.5]"#),
            "value 0 of input 'n0' is a fraction, but the datatype is INT64"
        ),
        (
            n0(#""shape":[1],"datatype":"UINT8","data":[256]"#),
            "value 0 of input 'n0' does not fit UINT8"
        ),
        (
            n0(#""shape":[1],"datatype":"FP32","data":[1e39]"#),
            "value 0 of input 'n0' does not fit FP32"
        ),
        (
            n0(#""shape":[1],"datatype":"FP64","data":[1e400]"#),
            "value 0 of input 'n0' does not fit FP32, which the model takes"
        ),
        (
            columns(["c0": #"{"name":"c0","shape":[1],"datatype":"BYTES","data":[1]}"#]),
            "value 0 of input 'c0' is a number, but the datatype is BYTES"
        ),
        (
            n0(#""shape":[1],"datatype":"FP32","data":[NaN]"#),
            "the body is not valid JSON: NaN and Infinity are not JSON numbers, at byte 62; "
                + "hint: send null for a missing number"
        ),
        // Fields.
        ("{}", "the request has no field 'inputs'"),
        (
            #"{"input":[]}"#,
            "unknown field 'input' in the request; hint: did you mean 'inputs'?"
        ),
        (
            n0(#""shape":[1],"dataType":"FP32","data":[1]"#),
            "unknown field 'dataType' in input 0; hint: did you mean 'datatype'?"
        ),
        (n0(#""datatype":"FP32","data":[1]"#), "input 'n0' has no field 'shape'"),
        (n0(#""shape":[1],"datatype":"FP32""#), "input 'n0' has no field 'data'"),
        (
            n0(#""shape":[-1],"datatype":"FP32","data":[1]"#),
            "field 'shape' of input 0 must be an array of at most 8 whole numbers"
        ),
        (#"{"id":7,"inputs":[]}"#, "field 'id' of the request must be a string"),
        (#"{"inputs":{}}"#, "field 'inputs' of the request must be an array of objects"),
        (#"{"inputs":[],"inputs":[]}"#, "the key 'inputs' occurs twice in one JSON object"),
        // JSON.
        ("", "the body is not valid JSON: the body is empty at byte 0"),
        ("[]", "the body is not valid JSON: expected '{', found '[' at byte 0"),
        (
            #"{"inputs":[]} x"#,
            "the body is not valid JSON: unexpected text after the end at byte 14"
        ),
        (
            #"{"inputs":["#,
            "field 'inputs' of the request must be an array of objects"
        ),
        (#"{"id":"a"#, "the body is not valid JSON: a string does not end at byte 8"),
        (#"{"id":"\ud800"}"#, "the body is not valid JSON: half of a surrogate pair at byte 13"),
        (
            "{\"id\":\"a\u{1}\"}",
            "the body is not valid JSON: a control character in a string at byte 8"
        ),
        (
            n0(#""shape":[1],"datatype":"FP32","data":[01]"#),
            "the body is not valid JSON: a number starts with a needless 0 at byte 63"
        ),
        (
            #"{"parameters":"# + String(repeating: "[", count: 100_000),
            "field 'parameters' of the request must be an object"
        ),
        (
            #"{"parameters":{"a":"# + String(repeating: "[", count: 100_000),
            "the body is not valid JSON: values nested deeper than 16 at byte 34"
        ),
    ]

    @Test("each with its message", arguments: cases)
    func message(body: String, message: String) throws {
        let predictor = try TestModels.predictor("binary")
        let error = #expect(throws: InferenceError.self) {
            try predictor.rows(of: InferRequest.read(body))
        }
        #expect(error?.description == message)
        #expect(error?.isRequestFault == true)
    }

    @Test("an unknown output is named with those that there are")
    func output() throws {
        let predictor = try TestModels.predictor("binary")
        let error = #expect(throws: InferenceError.self) {
            try PredictionOutput.select(["prediction"], of: predictor.signature)
        }
        #expect(
            error?.description
                == "unknown output 'prediction'; hint: the model has 'probability', 'label'")
        #expect(try PredictionOutput.select(["label"], of: predictor.signature) == [.label])
    }

    @Test("UTF-16 and broken UTF-8 are refused")
    func encodings() {
        let utf16 = Array("{\"id\":\"x\"}".utf16).flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
        #expect(
            throws: InferenceError.json(offset: 1, problem: "expected a key")
        ) { try InferRequest.read(utf16) }
        #expect(
            throws: InferenceError.json(offset: 7, problem: "a string that is not UTF-8")
        ) { try InferRequest.read(Array("{\"id\":\"".utf8) + [0xff] + Array("\"}".utf8)) }
    }

    @Test("a null is a missing value, and all number types are accepted")
    func accepted() throws {
        let predictor = try TestModels.predictor("binary")
        let body = Self.columns([
            "n0": #"{"name":"n0","shape":[1],"datatype":"FP32","data":[null]}"#,
            "n1": #"{"name":"n1","shape":[1,1],"datatype":"INT8","data":[[-128]]}"#,
            "n2": #"{"name":"n2","shape":[1],"datatype":"BOOL","data":[true]}"#,
            "n3": #"{"name":"n3","shape":[1],"datatype":"UINT64","data":[18446744073709549568]}"#,
            "c0": #"{"name":"c0","shape":[1],"datatype":"BYTES","data":[null]}"#,
            "c1": #"{"name":"c1","shape":[1],"datatype":"BYTES","data":["\u00fc\ud83d\ude00"]}"#,
        ])
        let batch = try predictor.rows(of: InferRequest.read(body))
        #expect(batch.numeric[0].isNaN)
        #expect(batch.numeric[1...] == [-128, 1, 1.8446744e19])
        let texts = batch.categorical.map { String(decoding: batch.text[$0], as: UTF8.self) }
        #expect(texts == ["", "ü😀"])
    }

    @Test("numbers are read as the nearest doubles")
    func numbers() throws {
        let texts = [
            "0", "-0", "0.1", "1e22", "123456789012345678901234567890", "9007199254740993", "1e-5",
            "2.2250738585072014e-308", "4.9e-324", "1.7976931348623157e308", "-1.5E+3", "0.000001",
            "179769313486231580793e289", "0.1e1", "1E0",
        ]
        for text in texts {
            let value = try Array(text.utf8).withUnsafeBufferPointer { buffer in
                var scanner = JSONScanner(buffer)
                return try scanner.number()
            }
            #expect(value == Double(text), "\(text)")
        }
    }

    @Test("mutated requests never trap")
    func fuzz() throws {
        let predictor = try TestModels.predictor("binary")
        let seeds = Self.cases.map { Array($0.0.utf8.prefix(2000)) } + [Array(Self.columns().utf8)]
        let spice = Array("{}[]\",:\\u0eE+-.19nNtf \u{e9}".utf8) + [0, 0x80, 0xff]
        var random = SplitMix(state: 42)
        func below(_ limit: Int) -> Int { Int(random.next() % UInt64(max(1, limit))) }
        var accepted = 0
        for _ in 0..<20_000 {
            var bytes = seeds[below(seeds.count)]
            for _ in 0...below(4) where !bytes.isEmpty {
                let place = below(bytes.count)
                switch below(4) {
                case 0: bytes[place] = spice[below(spice.count)]
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(spice[below(spice.count)], at: place)
                default: bytes.removeSubrange(place..<min(bytes.count, place + below(20)))
                }
            }
            do throws(InferenceError) {
                _ = try predictor.rows(of: InferRequest.read(bytes))
                accepted += 1
            } catch {
                #expect(error.isRequestFault, "\(error)")
            }
        }
        #expect(accepted > 0)
    }
}
