import Manifests
import Planning
import ResourceAPI
import ResourceGraph
import Testing

@Suite("Pinned snapshots")
struct PinnedSnapshotTests {
    private let pin = Digest(hashing: "rows".utf8)
    private let runtime = Digest(hashing: "runtime".utf8)

    private func resources(url: String = "https://example.org/weather.csv") -> [Resource] {
        let text = """
            apiVersion: ingot/v1
            kind: Dataset
            metadata: {name: weather}
            spec:
              source: {http: {url: "\(url)", credentials: api}}
              schema: [{name: temp, type: double}]
            ---
            apiVersion: ingot/v1
            kind: Dataset
            metadata: {name: planes}
            spec:
              source: {file: {path: data/planes.csv}}
              schema: [{name: seats, type: integer}]
            """
        let parsed = ManifestParser.parse([
            ManifestFile(path: RepositoryPath("a.yaml"), bytes: Array(text.utf8))
        ])
        #expect(parsed.diagnostics.map(\.description) == [])
        return parsed.resources
    }

    private func lock(_ digests: [String: Digest]) throws -> SnapshotLock {
        var lock = SnapshotLock.none
        for (name, digest) in digests {
            lock.entries[try #require(ResourceName(name))] = SnapshotLock.Entry(
                digest: digest, observed: "2026-11-28T12:00:00Z")
        }
        return lock
    }

    private func step(_ graph: ResourceGraph, _ id: String) throws -> Step {
        let id = try #require(StepID(id))
        return try #require(graph.steps[id])
    }

    private func action(
        _ graph: ResourceGraph, _ id: String, state: RecordedState = RecordedState(),
        sources: [RepositoryPath: SourceFile] = [:]
    ) throws -> PlannedStep.Action {
        let plan = Planner.plan(graph, state: state, sources: sources, runtime: runtime)
        let id = try #require(StepID(id))
        return try #require(plan.step(id)?.action)
    }

    @Test("without an entry nothing runs, and it is said what to do")
    func unpinned() throws {
        let graph = GraphCompiler.compile(resources: resources())
        #expect(
            try action(graph, "dataset/weather#snapshot")
                == .missingSource(
                    RepositoryPath("ingot.lock"),
                    "ingot.lock does not say which rows are meant; run `ingot snapshot weather`"))
    }

    @Test("with a lock that cannot be read, nothing runs that it might pin")
    func unreadable() throws {
        let graph = GraphCompiler.compile(resources: resources(), lock: .unreadable)
        for name in ["weather", "planes"] {
            guard
                case .missingSource(_, let problem) = try action(
                    graph, "dataset/\(name)#snapshot",
                    sources: [RepositoryPath("data/planes.csv"): .present(pin)])
            else {
                Issue.record("it would run")
                return
            }
            #expect(
                problem
                    == "ingot.lock cannot be read, so nobody knows which rows are meant; `ingot validate` shows what is wrong with it"
            )
        }
    }

    @Test("what is pinned is known by its pin, whatever the runtime and the file")
    func known() throws {
        let graph = GraphCompiler.compile(
            resources: resources(), lock: try lock(["weather": pin, "planes": pin]))
        for name in ["weather", "planes"] {
            let step = try step(graph, "dataset/\(name)#snapshot")
            #expect(step.pin == pin)
            let fingerprint = try #require(step.fingerprint(inputs: [:], runtime: runtime))
            #expect(
                step.fingerprint(inputs: ["source": pin], runtime: Digest(hashing: "b".utf8))
                    == fingerprint)
            let state = RecordedState(results: [
                fingerprint: RecordedResult(digest: pin, runID: "r", seconds: 1)
            ])
            #expect(
                try action(
                    graph, step.id.description, state: state,
                    sources: [RepositoryPath("data/planes.csv"): .unreadable("gone")])
                    == .cached(pin))
        }
    }

    @Test("another pin, another source and another schema are other steps")
    func others() throws {
        let id = "dataset/weather#snapshot"
        let lock = try lock(["weather": pin])
        let graph = GraphCompiler.compile(resources: resources(), lock: lock)
        let other = GraphCompiler.compile(
            resources: resources(),
            lock: try self.lock(["weather": Digest(hashing: "others".utf8)]), reusing: graph)
        let moved = GraphCompiler.compile(
            resources: resources(url: "https://example.org/b.csv"), lock: lock, reusing: graph)
        let steps = try [graph, other, moved].map { try step($0, id) }
        #expect(Set(steps.map { $0.fingerprint(inputs: [:], runtime: runtime) }).count == 3)
        // Back again: the very step that there was.
        let back = GraphCompiler.compile(resources: resources(), lock: lock, reusing: moved)
        #expect(try step(back, id) == steps[0])
    }

    @Test("a lock that comes, changes or goes is noticed although no manifest has changed")
    func reuse() throws {
        var before: ResourceGraph?
        for lock in [SnapshotLock.none, try lock(["planes": pin]), .unreadable, .none] {
            let fresh = GraphCompiler.compile(resources: resources(), lock: lock)
            let reused = GraphCompiler.compile(
                resources: resources(), lock: lock, reusing: before)
            #expect(reused.steps == fresh.steps)
            #expect(reused.lock == lock)
            before = reused
        }
    }

    @Test("the program names the credentials, and the recipe does not")
    func credentials() throws {
        let graph = GraphCompiler.compile(
            resources: resources(), lock: try lock(["weather": pin]))
        let step = try step(graph, "dataset/weather#snapshot")
        #expect(graph.program(of: step)["credentials"] == "api")
        #expect(!step.recipe.canonicalText.contains("api"))
        #expect(graph.program(of: step)["pinned"]?["observed"] == "2026-11-28T12:00:00Z")
        let free = try #require(graph.freeSnapshot(of: step.id.resource))
        #expect(free.program["pinned"] == nil)
        #expect(free.step.pin == nil)
    }

    @Test("a file's snapshot without an entry is what it was before there were locks")
    func unchangedRecipe() throws {
        let graph = GraphCompiler.compile(resources: resources())
        let step = try step(graph, "dataset/planes#snapshot")
        #expect(
            step.recipe == [
                "source": ["file": ["format": "csv", "nullValues": []]],
                "schema": [["name": "seats", "type": "integer", "nullable": true]],
            ])
    }
}
