import Manifests
import ResourceAPI
import Testing

@Suite("Limits, and files with little in them")
struct LimitsTests {
    @Test("A file beyond the limit is refused unread")
    func tooLarge() {
        let bytes = Array(repeating: UInt8(ascii: "#"), count: (256 << 10) + 1)
        let shown = String(repeating: "#", count: 200)
        #expect(
            messages(of: bytes) == """
                m.yaml:1:1: error: the file has 262145 bytes; a manifest may have at most 262144
                    \(shown)
                    ^
                hint: split it into several files
                """)
        #expect(parse(Array(bytes.dropLast())).diagnostics.isEmpty)
    }

    @Test("Too many events are refused where they become too many")
    func tooManyEvents() {
        let text = "a:\n" + String(repeating: "- b\n", count: 60_000)
        #expect(
            messages(of: text) == """
                m.yaml:49997:3: error: the file has more than 50000 YAML events
                    - b
                      ^
                hint: split it into several files
                """)
    }

    @Test("100 kB of brackets are refused at the first that is too deep")
    func brackets() {
        let shown = String(repeating: "[", count: 200)
        #expect(
            messages(of: String(repeating: "[", count: 100_000)) == """
                m.yaml:1:33: error: mappings and lists are nested more than 32 deep
                    \(shown)
                    \(String(repeating: " ", count: 32))^
                hint: no field of a manifest is nested that deep
                """)
    }

    @Test("A value beyond the limit is refused")
    func longScalar() {
        let text = validDataset + "  timestamp: \n    " + String(repeating: "x", count: 65_537)
        #expect(
            messages(of: text) == """
                m.yaml:7:5: error: this text has 65537 bytes; a value may have at most 65536
                        \(String(repeating: "x", count: 196))
                        ^
                hint: keep long texts in files of their own
                """)
    }

    @Test("Manifests that are too large together are refused, and every file keeps its state")
    func commitTooLarge() {
        var limits = ManifestLimits.standard
        limits.commitBytes = 150
        let files = ["a.yaml", "b.yaml"].map {
            ManifestFile(path: RepositoryPath($0), bytes: Array(validDataset.utf8))
        }
        let parsed = ManifestParser.parse(files, limits: limits)
        #expect(
            parsed.diagnostics.map(\.description) == [
                """
                error: the manifests of this commit have \(validDataset.utf8.count * 2) bytes \
                together; at most 150 are read
                hint: point the manifest path at a folder that holds only manifests
                """
            ])
        #expect(parsed.failedFiles == Set(files.map(\.path)))
        #expect(parsed.resources.isEmpty)
    }

    @Test(
        "Files without content are no resource and no error",
        arguments: ["", "\n\n", "# only a comment\n", "---\n", "---\n---\n# nothing\n...\n"])
    func nothing(text: String) {
        let parsed = parse(text)
        #expect(parsed.resources.isEmpty)
        #expect(parsed.diagnostics.map(\.description) == [])
        #expect(parsed.failedFiles.isEmpty && parsed.invalid.isEmpty)
    }

    @Test("More problems than the limit are not shown")
    func manyProblems() {
        var limits = ManifestLimits.standard
        limits.diagnostics = 2
        let text = validDataset + "  a: 1\n  b: 1\n  c: 1\n  d: 1\n"
        let lines = messages(of: text, limits: limits).split(separator: "\n")
            .filter { $0.hasPrefix("m.yaml") }
        #expect(
            lines == [
                "m.yaml:6:3: error: unknown field 'a'", "m.yaml:7:3: error: unknown field 'b'",
                "m.yaml:8:3: error: there are more problems in this file, which are not shown",
            ])
    }
}
