import ResourceAPI
import Testing

@testable import StateStore

@Suite("Stored JSON")
struct JSONReaderTests {
    @Test(
        "what was written canonically is read back the same",
        arguments: [
            .null, true, false, 0, -7, 9_223_372_036_854_775_807, 1.0, -0.5, 1e300, 1e-300, "",
            "a \"quoted\" \\ text / with\nlines\r\t\u{0}\u{1F} and ☕ é",
            [], [:], [1, [2.5, .null], ["k": []]], ["a": ["b": ["c": true]], "ü": "x"],
        ] as [JSONValue])
    func roundTrip(value: JSONValue) {
        #expect(JSONReader.value(value.canonicalText) == value)
    }

    @Test(
        "damaged text is nil, never a trap",
        arguments: [
            "", " ", "{", "[", "\"", "\"\\", "\"\\u00", "\"\\u00zz\"", "\"\\ud800\"", "{\"a\"}",
            "{\"a\":}", "{\"a\":1", "{a:1}", "[1,]", "[1 2]", "tru", "nul", "-", "1e", "--1", "1 ",
            "1x", "{\"a\":1,}", "[1]]", String(repeating: "[", count: 100_000),
        ])
    func damaged(text: String) {
        #expect(JSONReader.value(text) == nil)
    }
}
