import Foundation
import Testing

/// The same commit gives the same bytes: on a second run, and after the state was deleted.
@Suite("Reproducibility", .serialized)
struct ReproducibilityTests {
    @Test("the flights project, twice, and once more without its state")
    func flights() throws {
        let workshop = try Workshop()
        defer { workshop.remove() }
        try workshop.copy(folder: Workshop.root + "/manifests", suffix: ".yaml")
        try check(workshop, data: Workshop.fixtures + "/flights")
    }

    @Test("the examples do what their manifests say, twice, and once more without their state")
    func examples() throws {
        let folder = Workshop.root + "/examples"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter {
            FileManager.default.fileExists(atPath: "\(folder)/\($0)/ingot.yaml")
        }
        #expect(names.count == 3)
        for name in names.sorted() {
            let workshop = try Workshop()
            defer { workshop.remove() }
            try workshop.copy(folder: "\(folder)/\(name)")
            try check(workshop, data: nil)
        }
    }

    @Test("an artifact that is missing from the store is made again, with the same bytes")
    func missingArtifact() throws {
        let workshop = try Workshop()
        defer { workshop.remove() }
        #expect(try workshop.run(Workshop.ingot, ["init", workshop.clone]).status == 0)
        try workshop.git("add", "-A")
        try workshop.git("commit", "-q", "-m", "Start")
        let state = workshop.folder + "/state"
        let before = Set(try apply(workshop, data: nil, state: state))
        let store = state + "/store/sha256"
        let files = try FileManager.default.subpathsOfDirectory(atPath: store).filter {
            !(try FileManager.default.attributesOfItem(atPath: store + "/" + $0)[.type]
                as? FileAttributeType == .typeDirectory)
        }
        for file in files { try FileManager.default.removeItem(atPath: store + "/" + file) }
        let after = try apply(workshop, data: nil, state: state)
        #expect(after.count == 2 * before.count)
        #expect(Set(after) == before)
    }

    private func check(_ workshop: Workshop, data: String?) throws {
        try workshop.git("add", "-A")
        try workshop.git("commit", "-q", "-m", "All of it")
        let first = try apply(workshop, data: data, state: workshop.folder + "/first")
        #expect(!first.isEmpty)
        // Again on the same state: nothing runs.
        #expect(try apply(workshop, data: data, state: workshop.folder + "/first") == first)
        // On another state: everything runs, and makes the same bytes.
        let second = try apply(workshop, data: data, state: workshop.folder + "/second")
        #expect(second == first)
    }

    /// - Returns: `step artifact` of every run, sorted.
    private func apply(_ workshop: Workshop, data: String?, state: String) throws -> [String] {
        var arguments = ["apply", "--repository", workshop.clone, "--state", state]
        if let data { arguments += ["--data", data] }
        let output = try workshop.run(Workshop.ingot, arguments)
        try #require(output.status == 0, "\(output.standardError)")
        let runs = try workshop.json(
            workshop.ingot("get", "runs", "-o", "json", state: state))
        let rows = try #require(runs["runs"] as? [[String: Any]])
        return rows.map { "\($0["step"] ?? "") \($0["artifact"] ?? "")" }.sorted()
    }
}
