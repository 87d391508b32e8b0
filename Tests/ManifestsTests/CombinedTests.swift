import Manifests
import ResourceAPI
import Testing

@Suite("Documents and files together")
struct CombinedTests {
    private func file(_ path: String, _ text: String) -> ManifestFile {
        ManifestFile(path: RepositoryPath(path), bytes: Array(text.utf8))
    }

    private let other = validDataset.split(separator: "weather}").joined(separator: "planes}")
    private let project = """
        apiVersion: ingot/v1
        kind: Project
        metadata: {name: flights}
        spec: {}

        """

    @Test("Two resources of one name in two files are both refused, with both places")
    func sameName() {
        let parsed = ManifestParser.parse([
            file("b.yaml", validDataset), file("a.yaml", other + "---\n" + validDataset),
        ])
        #expect(
            parsed.diagnostics.map(\.description) == [
                """
                b.yaml:3:18: error: there are two resources dataset/weather
                    metadata: {name: weather}
                                     ^
                note: the other one is here (a.yaml:9:18)
                hint: rename or remove one of them; until then neither is used
                """
            ])
        #expect(parsed.resources.map(\.id.description) == ["dataset/planes"])
        #expect(parsed.invalid.map(\.description) == ["dataset/weather"])
        #expect(parsed.failedFiles.isEmpty)
    }

    @Test("A broken document counts as one of two of a name")
    func sameNameBroken() {
        let broken = validDataset + "  colour: red\n"
        let parsed = ManifestParser.parse([file("a.yaml", validDataset), file("b.yaml", broken)])
        #expect(
            parsed.diagnostics.map(\.message) == [
                "there are two resources dataset/weather", "unknown field 'colour'",
            ])
        #expect(parsed.resources.isEmpty)
    }

    @Test("A bad document stops itself and not its file; a bad file stops itself and no other")
    func badStopsItself() {
        let parsed = ManifestParser.parse([
            file("a.yaml", other + "---\n" + validDataset + "  colour: red\n"),
            file("b.yaml", other + "---\n'"),
        ])
        #expect(parsed.resources.map(\.id.description) == ["dataset/planes"])
        #expect(parsed.invalid.map(\.description) == ["dataset/weather"])
        #expect(parsed.failedFiles == [RepositoryPath("b.yaml")])
    }

    @Test("A document whose name cannot be told marks its file, so that nothing is pruned")
    func unreadableName() {
        let bad = validDataset.split(separator: "weather}").joined(separator: "Weather!}")
        let parsed = ManifestParser.parse([file("a.yaml", other + "---\n" + bad)])
        #expect(parsed.resources.map(\.id.description) == ["dataset/planes"])
        #expect(parsed.failedFiles == [RepositoryPath("a.yaml")])
        let twice = ManifestParser.parse([file("a.yaml", validDataset + "kind: Model\n")])
        #expect(twice.failedFiles == [RepositoryPath("a.yaml")])
    }

    @Test("A project stands in ingot.yaml of the manifests' root only")
    func projectElsewhere() {
        let root = RepositoryPath("ml")
        let good = ManifestParser.parse([file("ml/ingot.yaml", project)], root: root)
        #expect(good.diagnostics.isEmpty && good.resources.count == 1)
        let bad = ManifestParser.parse([file("ml/a/ingot.yaml", project)], root: root)
        #expect(
            bad.diagnostics.map(\.description) == [
                """
                ml/a/ingot.yaml:3:18: error: a Project may stand only in ml/ingot.yaml
                    metadata: {name: flights}
                                     ^
                hint: move it there
                """
            ])
        #expect(bad.resources.isEmpty && bad.invalid.map(\.description) == ["project/flights"])
    }

    @Test("There is at most one project")
    func twoProjects() {
        let second = project.split(separator: "flights").joined(separator: "trains")
        let parsed = ManifestParser.parse([file("ingot.yaml", project + "---\n" + second)])
        #expect(
            parsed.diagnostics.map(\.description) == [
                """
                ingot.yaml:8:18: error: there are two Projects; a repository has at most one
                    metadata: {name: trains}
                                     ^
                note: the other one is here (ingot.yaml:3:18)
                hint: remove one of them
                """
            ])
        #expect(parsed.resources.isEmpty)
        #expect(parsed.invalid.count == 2)
    }

    @Test("Files that are parsed on their own and combined give the same as all at once")
    func combine() {
        let files = [
            file("ingot.yaml", DesignManifests.complete), file("b.yaml", DesignManifests.others),
            file("c.yaml", validDataset), file("d.yaml", "\t- a"),
        ]
        let together = ManifestParser.parse(files)
        let apart = ManifestParser.combine(files.reversed().map { ManifestParser.parse($0) })
        #expect(together == apart)
    }

    @Test("Lines that end with carriage return and line feed have the same places")
    func windowsLines() {
        let text = (validDataset + "  colour: red\n").split(separator: "\n")
            .joined(separator: "\r\n")
        #expect(
            messages(of: text) == """
                m.yaml:6:3: error: unknown field 'colour'
                      colour: red
                      ^
                hint: the fields here are source, sql, schema, primaryKey, timestamp, expectations and refresh
                """)
    }

    @Test("Keys that differ only in how Unicode composes them count as one key given twice")
    func unicodeForms() {
        let text = validDataset.split(separator: "metadata: {name: weather}")
            .joined(
                separator: "metadata: {name: weather, labels: {\u{E9}: a, e\u{301}: b}}")
        #expect(
            parse(text).diagnostics.map(\.message) == ["the key '\u{E9}' is given twice"])
    }

    @Test("Long lists of names are cut")
    func longLists() {
        let columns = (0..<30).map { "    - {name: c\($0), type: double}\n" }.joined()
        let text = validDataset + "  schema:\n" + columns + "  timestamp: departure\n"
        let names = (0..<20).map { "c\($0)" }.joined(separator: ", ")
        #expect(
            messages(of: text) == """
                m.yaml:37:14: error: the schema has no column 'departure'
                      timestamp: departure
                                 ^
                hint: its columns are \(names) and 10 more
                """)
    }
}
