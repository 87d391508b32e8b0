import ResourceAPI
import Testing

@Suite("Path patterns")
struct PathPatternTests {
    @Test(
        "a star stands for any bytes and a question mark for one, neither for a slash",
        arguments: [
            ("data/2013-*.csv", "data/2013-01.csv", true),
            ("data/2013-*.csv", "data/2013-.csv", true),
            ("data/2013-*.csv", "data/2013-01.csv.gz", false),
            ("data/*.csv", "data/more/a.csv", false),
            ("data/*/a.csv", "data/more/a.csv", true),
            ("data/?.csv", "data/a.csv", true),
            ("data/?.csv", "data/ab.csv", false),
            ("a*b*c", "abxbbc", true),
            ("a*b*c", "abxbb", false),
            ("*", "", true),
        ])
    func matches(pattern: String, path: String, isMatch: Bool) throws {
        let pattern = try #require(PathPattern(RepositoryPath(pattern)))
        #expect(pattern.matches(RepositoryPath(path)) == isMatch)
    }

    @Test("a path without wildcards is no pattern, brackets are none, and the fixed part is known")
    func folders() throws {
        #expect(PathPattern(RepositoryPath("data/a[1].csv")) == nil)
        func folder(_ text: String) throws -> String {
            try #require(PathPattern(RepositoryPath(text))).folder.display
        }
        #expect(try folder("data/year/*.csv") == "data/year")
        #expect(try folder("data/*/a.csv") == "data")
        #expect(try folder("*.csv") == "")
    }

    @Test("a pattern of many stars does not take for ever")
    func cost() {
        let name = [UInt8](repeating: UInt8(ascii: "a"), count: 255)
        let pattern = Array(String(repeating: "a*", count: 120).utf8) + [UInt8(ascii: "b")]
        #expect(!PathPattern.matches(name, pattern))
    }
}
