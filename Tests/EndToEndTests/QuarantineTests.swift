import Foundation
import Testing

/// A file that ends the controller while it is parsed. No such file is known, so the journal is
/// written as a controller that one ended would leave it.
@Suite("Quarantine", .serialized)
struct QuarantineTests {
    private static let message = """
        steps/b.yaml:1:1: error: this file is not read: reading it ended the controller twice
        """

    private func crash(_ workshop: Workshop, _ lines: String) throws {
        try Data(lines.utf8).write(to: URL(fileURLWithPath: workshop.state + "/run/parsing"))
    }

    @Test("a file that ended two controllers is kept away, the others converge, a change ends it")
    func quarantine() throws {
        let workshop = try Workshop()
        let services = Services(workshop)
        defer {
            services.stop()
            workshop.remove()
        }
        let project = NoopProject(workshop)
        func steps(_ a: String, _ b: String) -> [NoopProject.Step] {
            [.init(name: "a", content: "a \(a)"), .init(name: "b", content: "b \(b)")]
        }
        _ = try project.commit(steps("1", "1"), "Start")
        #expect(try project.apply().status == 0)

        // The next commit is there, and three controllers ended while they read it: the first read
        // all files together, the others this one alone. Each new one reads the old commit first.
        try project.write(steps("2", "2"))
        try workshop.git("add", "-A")
        try workshop.git("commit", "-q", "-m", "A bad file")
        let bad = try workshop.git("rev-parse", "HEAD:steps/b.yaml")
        let good = try workshop.git("rev-parse", "HEAD:steps/a.yaml")
        try crash(workshop, "among \(good) \namong \(bad) \n")
        #expect(try project.apply().status == 0)
        for _ in 0..<2 {
            try crash(workshop, "alone \(bad) steps/b.yaml\n")
            #expect(try project.apply().status == 0)
        }

        try workshop.git("push", "-q", "origin", "main")
        try services.startController(data: workshop.folder)
        #expect(
            try eventually {
                try workshop.ingot("status").standardOutput.contains(Self.message)
            }, "\(services.log("controller"))")
        #expect(
            try eventually { try project.runs() == ["dataset/a#noop": 2, "dataset/b#noop": 1] })
        #expect(try project.health("dataset/a") == "Healthy")
        let kept = try project.status("dataset/b")
        #expect(kept["health"] as? String == "Healthy")
        #expect(
            kept["message"] as? String
                == "its file cannot be read at this commit; the last applied manifest stays in force"
        )
        let shown = try workshop.ingot("status").standardOutput
        #expect(shown.contains("hint: change the file, and please report it"), "\(shown)")
        let events = try workshop.ingot("events", "--kind", "FileQuarantined").standardOutput
        #expect(events.contains("steps/b.yaml"), "\(events)")
        // Nobody else reads it either: a command that did would end as the controllers did.
        let plan = try workshop.ingot("plan", "--repository", workshop.bare)
        #expect((plan.standardOutput + plan.standardError).contains(Self.message), "\(plan)")

        let mended = try project.commit(steps("2", "3"), "Change the file")
        let ready = try workshop.ingot("wait", "--revision", mended, "--timeout", "1m")
        #expect(ready.status == 0, "\(ready)")
        #expect(try !workshop.ingot("status").standardOutput.contains("is not read"))
        #expect(try project.runs() == ["dataset/a#noop": 2, "dataset/b#noop": 2])
    }

    @Test("a controller that somebody killed while it read is no reason for a quarantine")
    func innocent() throws {
        let workshop = try Workshop()
        defer { workshop.remove() }
        let project = NoopProject(workshop)
        _ = try project.commit([.init(name: "a", content: "1")], "Start")
        #expect(try project.apply().status == 0)
        let blob = try workshop.git("rev-parse", "HEAD:steps/a.yaml")
        for _ in 0..<3 {
            try crash(workshop, "among \(blob) \n")
            #expect(try project.apply().status == 0)
            try crash(workshop, "alone \(blob) steps/a.yaml\n")
            let output = try project.apply()
            #expect(output.status == 0, "\(output)")
        }
        let events = try workshop.ingot("events", "--kind", "FileQuarantined").standardOutput
        #expect(!events.contains("a.yaml"), "\(events)")
    }
}
