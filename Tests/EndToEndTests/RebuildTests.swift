import Foundation
import Testing

/// Rebuilding from git loses nothing when it cannot be done.
@Suite("Rebuilding from git", .serialized)
struct RebuildTests {
    private func project(_ workshop: Workshop) throws -> NoopProject {
        let project = NoopProject(workshop)
        _ = try project.commit([.init(name: "a", content: "1")], "Start")
        let applied = try project.apply()
        try #require(applied.status == 0, "\(applied)")
        return project
    }

    /// States and what was moved aside.
    private func folders(_ workshop: Workshop) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: workshop.folder)
            .filter { $0.hasPrefix("state") }.sorted()
    }

    @Test("a remote that does not answer moves nothing")
    func deadRemote() throws {
        let workshop = try Workshop()
        defer { workshop.remove() }
        let project = try project(workshop)
        let runs = try project.runs()
        let output = try workshop.ingot(
            "rebuild", "--from-git", "--repository", "https://localhost:1/repo.git")
        #expect(output.status == 1)
        #expect(
            output.standardError.hasPrefix("error: fetching https://localhost:1/repo.git failed:"),
            "\(output)")
        #expect(try folders(workshop) == ["state"])
        #expect(try project.runs() == runs)
    }

    @Test("a branch that is not there moves nothing")
    func missingBranch() throws {
        let workshop = try Workshop()
        defer { workshop.remove() }
        _ = try project(workshop)
        let output = try workshop.ingot(
            "rebuild", "--from-git", "--repository", workshop.bare, "--branch", "none")
        #expect(output.status == 1)
        #expect(output.standardError.contains("there is no branch 'none'"), "\(output)")
        #expect(try folders(workshop) == ["state"])
    }

    @Test("an error on the way says where the old state is")
    func halfway() throws {
        let workshop = try Workshop()
        defer { workshop.remove() }
        var project = try project(workshop)
        project.settings = ["runtime: {requirements: none.lock}"]
        let bad = try project.commit([.init(name: "a", content: "2")], "A missing lock file")
        let output = try workshop.ingot("rebuild", "--from-git", "--repository", workshop.bare)
        #expect(output.status == 1)
        let moved = try #require(
            try folders(workshop).first { $0.hasPrefix("state.before-rebuild-") })
        #expect(try folders(workshop) == ["state", moved])
        #expect(
            output.standardError.hasSuffix(
                """
                error: commit \(bad.prefix(7)) could not be reconciled again, and 0 more were not \
                tried: spec.runtime.requirements names none.lock, which is not in the commit
                hint: mend it and run `ingot apply`; what was made so far is kept
                hint: the old state is in \(workshop.folder)/\(moved)

                """), "\(output)")
        let old = try workshop.ingot("get", "runs", state: "\(workshop.folder)/\(moved)")
        #expect(old.standardOutput.contains("dataset/a#noop"), "\(old)")
    }

    @Test("a log that was removed to make room is not taken for one that was never written")
    func removedLog() throws {
        let workshop = try Workshop()
        defer { workshop.remove() }
        _ = try project(workshop)
        let output = try workshop.ingot("get", "runs", "--output", "json")
        let runs = try #require(try workshop.json(output)["runs"] as? [[String: Any]])
        let id = try #require(runs.first?["run"] as? String)
        let sentence = "its log was removed to make room: those of the newest 20000 runs stay"
        #expect(try !workshop.ingot("logs", id).standardOutput.contains(sentence))
        // As the controller does it.
        let logs = workshop.state + "/logs"
        try Data(id.utf8).write(to: URL(fileURLWithPath: logs + "/removed"))
        for name in try FileManager.default.contentsOfDirectory(atPath: logs)
        where name.hasPrefix(id) {
            try FileManager.default.removeItem(atPath: "\(logs)/\(name)")
        }
        let told = try workshop.ingot("logs", id)
        #expect(told.standardOutput.hasSuffix("\n\(sentence), at most 4 GiB\n"), "\(told)")
        let json = try workshop.json(try workshop.ingot("logs", id, "--output", "json"))
        #expect(json["isRemoved"] as? Bool == true)
    }
}
