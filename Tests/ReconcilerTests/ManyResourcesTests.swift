import Manifests
import Reconciler
import ResourceAPI
import ResourceGraph
import TestSupport
import Testing

@Suite("Reconciler core with ten thousand resources")
struct ManyResourcesTests {
    private static let count = 10_000
    private static let perFile = 50
    private static let bad = 1234

    private func manifest(_ number: Int) -> String {
        let field = number == Self.bad ? "contents" : "content"
        return """
            apiVersion: ingot/v1
            kind: Dataset
            metadata: {name: n\(number)}
            spec: {source: {noop: {\(field): "\(number)"}}}

            """
    }

    private func parsed() -> ParsedManifests {
        ManifestParser.parse(
            stride(from: 0, to: Self.count, by: Self.perFile).map { first in
                let text = (first..<first + Self.perFile).map(manifest).joined(separator: "---\n")
                return ManifestFile(
                    path: RepositoryPath("n\(first).yaml"), bytes: Array(text.utf8))
            })
    }

    @Test("one bad resource leaves the other 9,999 converging")
    func oneBad() throws {
        let parsed = parsed()
        #expect(parsed.invalid.map(\.description) == ["dataset/n\(Self.bad)"])
        let graph = GraphCompiler.compile(resources: parsed.resources, invalid: parsed.invalid)
        var factory = ScriptedFactory(budget: StepBudget(cpus: 2, memoryBytes: 1 << 40))
        try factory.push(graph, commit: 1, sources: [:])
        while let launch = factory.running.first { try factory.finish(launch) }
        #expect(factory.effects.last == "settled: 9999 ran, 9999 cached, 0 failed")
        let healths = Dictionary(grouping: factory.statuses.values, by: \.health)
        #expect(healths[.healthy]?.count == Self.count - 1)
        #expect(healths[.degraded]?.map(\.resource.description) == ["dataset/n\(Self.bad)"])
    }
}
