import Foundation
import Testing

/// A disk that spoils the controller's own copy of the repository.
@Suite("A damaged mirror", .serialized)
struct MirrorDamageTests {
    private func spoil(_ path: String) throws {
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        bytes[bytes.count / 2] ^= 0xFF
        chmod(path, 0o600)
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }

    @Test("it is made anew when a commit needs the damaged object, and the controller goes on")
    func looseObject() throws {
        let workshop = try Workshop()
        let services = Services(workshop)
        defer {
            services.stop()
            workshop.remove()
        }
        let project = NoopProject(workshop)
        let first = try project.commit([.init(name: "a", content: "1")], "One")
        try services.startController(data: workshop.folder)
        let ready = try workshop.ingot("wait", "--revision", first, "--timeout", "1m")
        try #require(ready.status == 0, "\(ready) \(services.log("controller"))")
        let second = try project.commit([.init(name: "a", content: "2")], "Two")
        #expect(try workshop.ingot("wait", "--revision", second, "--timeout", "1m").status == 0)

        let blob = try workshop.git("rev-parse", "\(first):steps/a.yaml")
        try spoil("\(workshop.state)/repo.git/objects/\(blob.prefix(2))/\(blob.dropFirst(2))")
        try workshop.git("revert", "--no-edit", second)
        try workshop.git("push", "-q", "origin", "main")
        let third = try workshop.git("rev-parse", "HEAD")
        let waited = try workshop.ingot("wait", "--revision", third, "--timeout", "1m")
        #expect(waited.status == 0, "\(waited) \(services.log("controller"))")
        let note = "the mirror was damaged and was made anew from \(workshop.bare): "
        #expect(services.log("controller").contains("warning: " + note))
        let events = try workshop.ingot("events", "--kind", "MirrorRepaired")
        #expect(events.standardOutput.contains(note), "\(events)")
        #expect(try project.runs() == ["dataset/a#noop": 2])
        #expect(try workshop.ingot("status").standardOutput.contains("warning") == false)
        for commit in [first, second, third] {
            let plan = try workshop.ingot(
                "plan", "--head", commit, "--repository", workshop.state + "/repo.git")
            #expect(plan.status == 0, "\(plan)")
        }
        let kept = try workshop.run(
            "git", ["-C", workshop.state + "/repo.git", "for-each-ref", "refs/ingot/seen/"])
        #expect(kept.standardOutput.contains(third), "\(kept)")
        let check = try workshop.run(
            "git", ["-C", workshop.state + "/repo.git", "fsck", "--full", "--strict"])
        #expect(check.status == 0, "\(check)")
    }

    @Test("a commit that is lost with the mirror does not keep the next one from being followed")
    func lostCommit() throws {
        let workshop = try Workshop()
        let services = Services(workshop)
        defer {
            services.stop()
            workshop.remove()
        }
        var project = NoopProject(workshop)
        project.settings = ["history: follow"]
        let first = try project.commit([.init(name: "a", content: "1")], "One")
        try services.startController(data: workshop.folder)
        let ready = try workshop.ingot("wait", "--revision", first, "--timeout", "1m")
        try #require(ready.status == 0, "\(ready) \(services.log("controller"))")
        let second = try project.commit([.init(name: "a", content: "2")], "Two")
        #expect(try workshop.ingot("wait", "--revision", second, "--timeout", "1m").status == 0)

        // What only the second has is damaged here and gone at the source; what the first and the
        // third have is damaged here.
        let tree = try workshop.git("rev-parse", "\(second)^{tree}")
        let blob = try workshop.git("rev-parse", "\(first):steps/a.yaml")
        for id in [tree, blob] {
            try spoil("\(workshop.state)/repo.git/objects/\(id.prefix(2))/\(id.dropFirst(2))")
        }
        try FileManager.default.removeItem(
            atPath: "\(workshop.bare)/objects/\(tree.prefix(2))/\(tree.dropFirst(2))")
        try workshop.git("reset", "-q", "--hard", first)
        try project.write([.init(name: "a", content: "1"), .init(name: "b", content: "b")])
        try workshop.git("add", "-A")
        try workshop.git("commit", "-q", "-m", "Three")
        try workshop.git("push", "-q", "--force", "origin", "main")
        let third = try workshop.git("rev-parse", "HEAD")
        let waited = try workshop.ingot("wait", "--revision", third, "--timeout", "1m")
        #expect(waited.status == 0, "\(waited) \(services.log("controller"))")
        let events = try workshop.ingot("events", "--kind", "MirrorRepaired")
        #expect(
            events.standardOutput.contains(
                "; commits that nobody has any more: \(second.prefix(7))\n"), "\(events)")
    }

    @Test("where it is the source that is damaged, the mirror stays and the trouble is told")
    func damagedSource() throws {
        let workshop = try Workshop()
        defer { workshop.remove() }
        let project = NoopProject(workshop)
        _ = try project.commit([.init(name: "a", content: "1")], "One")
        #expect(try project.apply().status == 0)
        let second = try project.commit([.init(name: "a", content: "2")], "Two")
        let blob = try workshop.git("rev-parse", "\(second):steps/a.yaml")
        try FileManager.default.removeItem(
            atPath: "\(workshop.bare)/objects/\(blob.prefix(2))/\(blob.dropFirst(2))")
        let applied = try project.apply()
        #expect(applied.status == 1, "\(applied)")
        #expect(
            applied.standardError == """
                error: object \(blob) is missing or damaged
                hint: check the repository with 'git fsck'

                """)
        #expect(
            FileManager.default.fileExists(atPath: workshop.state + "/repo.git.damaged") == false)
    }
}
