import Manifests
import ResourceAPI
import ResourceGraph
import SimulationSupport
import SourceControl
import Testing

@Suite("Simulated histories")
struct HistoryTests {
    private func graph(
        _ repository: SimulatedRepository, _ commit: CommitID
    ) async throws -> (ResourceGraph, errors: Int) {
        let files = try repository.content(of: commit).files
            .filter { $0.key.hasSuffix(".yaml") }.sorted { $0.key < $1.key }
            .map { ManifestFile(path: $0.key, bytes: $0.value) }
        let parsed = ManifestParser.parse(files)
        let graph = GraphCompiler.compile(resources: parsed.resources, invalid: parsed.invalid)
        let errors = (parsed.diagnostics + graph.diagnostics).count { $0.severity == .error }
        return (graph, errors)
    }

    @Test func `a first commit has no mistakes, and equal seeds make equal histories`()
        async throws
    {
        for seed in UInt64(1)...40 {
            var heads: [[CommitID]] = []
            for _ in 1...2 {
                let repository = SimulatedRepository()
                var history = try HistoryGenerator(
                    repository, random: SeededRandom(seed: seed), time: 1)
                let (graph, errors) = try await graph(repository, history.head)
                #expect(errors == 0)
                #expect(graph.steps.count >= 2)
                for time in Int64(2)...20 { _ = try history.edit(time: time) }
                heads.append(repository.commits.map(\.id))
            }
            #expect(heads.first == heads.last)
        }
    }

    @Test func `edits make every kind of trouble`() async throws {
        var edits: Set<HistoryGenerator.Edit> = []
        var broken = 0
        var sound = 0
        for seed in UInt64(1)...20 {
            let repository = SimulatedRepository()
            var history = try HistoryGenerator(
                repository, random: SeededRandom(seed: seed), time: 1)
            for time in Int64(2)...30 {
                edits.insert(try history.edit(time: time))
                let (_, errors) = try await graph(repository, history.head)
                if errors > 0 { broken += 1 } else { sound += 1 }
            }
        }
        #expect(edits == Set(HistoryGenerator.Edit.allCases))
        #expect(broken > 50)
        #expect(sound > 50)
    }

    @Test func `a branch's ways through a history have names`() async throws {
        let repository = SimulatedRepository()
        let path = RepositoryPath("a.yaml")
        func commit(_ text: String, _ parents: [CommitID]) throws -> CommitID {
            try repository.commit(
                [path: Array(text.utf8)], parents: parents, author: "ada", summary: text, time: 1)
        }
        let first = try commit("1", [])
        let second = try commit("2", [first])
        let other = try commit("3", [first])
        let stranger = try commit("4", [])
        #expect(try await repository.relation(from: first, to: first) == .same)
        #expect(try await repository.relation(from: first, to: second) == .forward)
        #expect(try await repository.relation(from: second, to: first) == .rewound)
        #expect(try await repository.relation(from: second, to: other) == .diverged(base: first))
        #expect(try await repository.relation(from: second, to: stranger) == .unrelated)
        let changes = try await repository.changedFiles(from: first, to: second)
        #expect(changes.map(\.kind) == [.modified])
        #expect(try await repository.changedFiles(from: second, to: second) == [])
        #expect(try await repository.resolve(branch: "main") == nil)
        repository.set(branch: "main", to: second)
        #expect(try await repository.tip(ofBranch: "main") == second)
    }

    @Test func `scripts depend on fingerprint, attempt and seed only`() {
        let workers = ScriptedWorkers(seed: 3, trouble: 0.5)
        var endings: Set<ScriptedWorkers.Script.Ending> = []
        for number in 0..<400 {
            let fingerprint = Fingerprint(Digest(hashing: "\(number)".utf8))
            let script = workers.script(fingerprint, attempt: 1, fails: false)
            #expect(script == workers.script(fingerprint, attempt: 1, fails: false))
            endings.insert(script.ending)
            let last = workers.script(fingerprint, attempt: 3, fails: false).ending
            #expect(
                (last == .deterministicFailure) != workers.succeeds(fingerprint, fails: false))
            let doomed = workers.script(fingerprint, attempt: 3, fails: true).ending
            #expect(doomed == .deterministicFailure)
        }
        #expect(endings == Set(ScriptedWorkers.Script.Ending.allCases))
    }
}
