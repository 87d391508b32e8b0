import Planning
import ResourceAPI
import Testing

@Suite("Differences between recipes")
struct JSONDifferenceTests {
    private func paths(_ a: JSONValue, _ b: JSONValue) -> [String] {
        JSONDifference.between(a, b).map(\.path.description)
    }

    @Test("equal values do not differ")
    func equal() {
        #expect(paths(["a": [1, 2]], ["a": [1, 2]]) == [])
    }

    @Test("the smallest part is named")
    func nested() {
        #expect(
            paths(["a": ["b": 1, "c": 2]], ["a": ["b": 1, "c": 3, "d": 4]]) == ["a.c", "a.d"])
    }

    @Test("an inserted element is one difference")
    func insertion() {
        let difference = JSONDifference.between(["l": [1, 2, 3]], ["l": [1, 9, 2, 3]])
        #expect(difference.map(\.path.description) == ["l[1]"])
        #expect(difference.first?.from == nil)
        #expect(difference.first?.to == 9)
    }

    @Test("an element that became another kind of value is named with both")
    func kindChange() {
        let difference = JSONDifference.between(["l": [1, "x"]], ["l": [1, ["y": 2]]])
        #expect(difference.map(\.path.description) == ["l[1]"])
        #expect(difference.first?.from == "x")
    }
}
