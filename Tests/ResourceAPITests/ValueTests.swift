import ResourceAPI
import Testing

@Suite("Values")
struct ValueTests {
    @Test("canonical JSON sorts keys by bytes, escapes what must be, and keeps integers apart")
    func canonicalJSON() {
        let value: JSONValue = [
            "b": [1, 2.5, true, .null], "a": "x\"\\\n\u{1}é", "Z": [:], "c": 1.0,
        ]
        #expect(
            value.canonicalText
                == #"{"Z":{},"a":"x\"\\\n\u0001é","b":[1,2.5,true,null],"c":1.0}"#)
    }

    @Test("digests are read in both forms and nothing else")
    func digests() {
        let hex = String(repeating: "ab", count: 32)
        #expect(Digest("sha256:" + hex) == Digest(hex))
        #expect(Digest(hex)?.description == "sha256:" + hex)
        #expect(Digest("sha256:" + hex.dropLast()) == nil)
        #expect(Digest("sha1:" + hex) == nil)
        #expect(Digest(String(repeating: "zz", count: 32)) == nil)
        #expect(
            Digest(hashing: "abc".utf8).hex
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test(
        "names",
        arguments: [
            ("a", true), ("arrival-delay", true), ("9", true), ("", false), ("-a", false),
            ("a-", false), ("A", false), ("a_b", false), ("é", false),
            (String(repeating: "a", count: 63), true), (String(repeating: "a", count: 64), false),
        ])
    func names(_ text: String, _ isValid: Bool) {
        #expect((ResourceName(text) != nil) == isValid)
    }

    @Test(
        "paths that could leave their folder",
        arguments: [
            "../x", "/etc/passwd", "a/../../b", "a//b", "..\\x", "%2e%2e/x", "./a", "a/.", "",
            "a:b",
            "a\u{0}b", "a\nb", String(repeating: "a", count: 256),
        ])
    func escapingPaths(_ text: String) {
        #expect(!RepositoryPath(text).isContained)
    }

    @Test("paths that stay")
    func containedPaths() {
        for text in ["a", "data/flights.csv", "a b/c..d", ".hidden/x"] {
            #expect(RepositoryPath(text).isContained)
        }
        #expect(RepositoryPath("data/x").isInside(RepositoryPath("data")))
        #expect(!RepositoryPath("database/x").isInside(RepositoryPath("data")))
    }

    @Test("two spellings of one character are two paths")
    func unicodePaths() {
        #expect(RepositoryPath("caf\u{E9}") != RepositoryPath("cafe\u{301}"))
    }

    @Test(
        "durations",
        arguments: [
            ("90s", 90), ("15m", 900), ("1h", 3600), ("7d", 604_800), ("2w", 1_209_600), ("0s", 0),
            ("", nil), ("h", nil), ("-1s", nil), ("+1s", nil), ("1.5h", nil), ("1e400", nil),
            ("9223372036855h", nil), ("5", nil), ("5 m", nil),
        ] as [(String, Int64?)])
    func durations(_ text: String, _ seconds: Int64?) {
        #expect(ManifestDuration(text)?.seconds == seconds)
    }

    @Test("durations are shown as people say them")
    func durationTexts() {
        let shown = [90, 900, 3600, 86_400, 172_800, 604_800].map {
            ManifestDuration(seconds: $0).description
        }
        #expect(shown == ["90s", "15m", "1h", "24h", "48h", "7d"])
    }

    @Test("field paths read what they write, and point at the nearest thing that exists")
    func fieldPaths() {
        let path = FieldPath("spec.features[2].column")
        #expect(path.description == "spec.features[2].column")
        let leaf = ManifestNode(content: .scalar("x", isPlain: true), line: 3, column: 9)
        let node = ManifestNode(
            content: .mapping([
                ManifestNode.Entry(key: "spec", keyLine: 2, keyColumn: 1, value: leaf)
            ]), line: 1, column: 1)
        #expect(node.nearest(to: path).line == 3)
        #expect(node.nearest(to: FieldPath("metadata.name")).line == 1)
    }

    @Test("near names are slips, not other words")
    func nearNames() {
        #expect(NearName.of("stagess", among: ["stages", "name"]) == "stages")
        #expect(NearName.of("weather", among: ["flights", "airports"]) == nil)
        #expect(NearName.of("same", among: ["same"]) == nil)
    }
}
