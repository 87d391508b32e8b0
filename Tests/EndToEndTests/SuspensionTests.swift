import Foundation
import Testing

@Suite("Suspensions", .serialized)
struct SuspensionTests {
    private static let first = [
        NoopProject.Step(name: "a", content: "a1"),
        NoopProject.Step(name: "b", content: "1", after: ["a"]),
        NoopProject.Step(name: "c", content: "c1"),
    ]
    private static let second = [
        NoopProject.Step(name: "a", content: "a2"),
        NoopProject.Step(name: "b", content: "1", after: ["a"]),
        NoopProject.Step(name: "c", content: "c2"),
    ]

    @Test("without a controller a suspended resource is left alone by apply until it is resumed")
    func withoutController() throws {
        let workshop = try Workshop()
        defer { workshop.remove() }
        let project = NoopProject(workshop)
        _ = try project.commit(Self.first, "Start")
        #expect(try project.apply().status == 0)

        let suspended = try workshop.ingot("suspend", "dataset/a", "--reason", "incident 12")
        #expect(suspended.status == 0, "\(suspended)")
        #expect(
            suspended.standardOutput == """
                suspended dataset/a until `ingot resume dataset/a`
                no controller is running: it takes effect at the next `ingot apply` or `ingot run`

                """)
        #expect(try project.health("dataset/a") == "Suspended")
        _ = try project.commit(Self.second, "Change a and c")
        #expect(try project.apply().status == 1)
        #expect(
            try project.runs() == ["dataset/a#noop": 1, "dataset/b#noop": 1, "dataset/c#noop": 2])
        let status = try project.status("dataset/a")
        let message = try #require(status["message"] as? String)
        #expect(message.contains("\(NSUserName()): incident 12"), "\(message)")
        #expect(status["sync"] as? String == "OutOfSync")

        #expect(try workshop.ingot("resume", "dataset/a").status == 0)
        #expect(try project.apply().status == 0)
        #expect(
            try project.runs() == ["dataset/a#noop": 2, "dataset/b#noop": 2, "dataset/c#noop": 2])
        let again = try workshop.ingot("resume", "dataset/a")
        #expect(again.standardOutput == "dataset/a was not suspended\n")
    }

    @Test("a running controller suspends and resumes everything at once, and says so")
    func withController() throws {
        let workshop = try Workshop()
        let services = Services(workshop)
        defer {
            services.stop()
            workshop.remove()
        }
        let project = NoopProject(workshop)
        let start = try project.commit(Self.first, "Start")
        try services.startController(data: workshop.folder)
        let ready = try workshop.ingot("wait", "--revision", start, "--timeout", "1m")
        try #require(ready.status == 0, "\(ready) \(services.log("controller"))")

        let suspended = try workshop.ingot(
            "suspend", "--all", "--reason", "the disk is being replaced", "--for", "1h")
        #expect(suspended.status == 0, "\(suspended)")
        #expect(suspended.standardOutput.hasPrefix("suspended everything until 20"))
        #expect(!suspended.standardOutput.contains("no controller"))
        let change = try project.commit(Self.second, "Change a and c")
        let held = try workshop.ingot("wait", "--revision", change, "--timeout", "1m")
        #expect(held.status == 2, "\(held)")
        #expect(held.standardError.contains("suspended by"), "\(held)")
        let shown = try workshop.ingot("status").standardOutput
        #expect(shown.contains("suspended everything, by \(NSUserName()) until 20"), "\(shown)")
        #expect(shown.contains(": the disk is being replaced\n"), "\(shown)")
        #expect(try project.runs().values.reduce(0, +) == 3)

        #expect(try workshop.ingot("resume", "--all").standardOutput == "resumed everything\n")
        let resumed = try workshop.ingot("wait", "--revision", change, "--timeout", "1m")
        #expect(try eventually { try project.runs().values.reduce(0, +) == 6 }, "\(resumed)")
        let kinds = try workshop.ingot("events", "--kind", "suspended", "--kind", "Resumed")
        #expect(kinds.standardOutput.split(separator: "\n").count == 3, "\(kinds)")
    }

    @Test("a suspension ends by itself when its time is over")
    func expiry() throws {
        let workshop = try Workshop()
        let services = Services(workshop)
        defer {
            services.stop()
            workshop.remove()
        }
        let project = NoopProject(workshop)
        let start = try project.commit(Self.first, "Start")
        try services.startController(data: workshop.folder)
        let ready = try workshop.ingot("wait", "--revision", start, "--timeout", "1m")
        try #require(ready.status == 0, "\(ready) \(services.log("controller"))")
        #expect(
            try workshop.ingot("suspend", "dataset/a", "--reason", "short", "--for", "3s").status
                == 0)
        _ = try project.commit(Self.second, "Change a and c")
        #expect(try eventually { try project.runs()["dataset/c#noop"] == 2 })
        #expect(try eventually { try project.runs()["dataset/a#noop"] == 2 })
        #expect(try eventually { try project.health("dataset/a") == "Healthy" })
    }

    @Test("mistakes: no reason, no resource, an unknown one, a bad length of time")
    func mistakes() throws {
        let workshop = try Workshop()
        defer { workshop.remove() }
        let project = NoopProject(workshop)
        let early = try workshop.ingot("suspend", "dataset/a", "--reason", "x")
        #expect(
            early.standardError == """
                error: no state in \(workshop.state)
                hint: run `ingot apply` or `ingot run` first

                """)
        _ = try project.commit(Self.first, "Start")
        #expect(try project.apply().status == 0)
        func error(_ arguments: String...) throws -> String {
            let output = try workshop.run(
                Workshop.ingot, arguments + ["--state", workshop.state])
            #expect(output.status == 1, "\(output)")
            return output.standardError
        }
        #expect(
            try error("suspend", "datset/a", "--reason", "x") == """
                error: there is no resource 'datset/a'
                hint: write it as kind/name

                """)
        #expect(
            try error("suspend", "dataset/aa", "--reason", "x") == """
                error: there is no resource 'dataset/aa'
                hint: did you mean 'dataset/a'?

                """)
        #expect(
            try error("suspend", "--reason", "x") == """
                error: it is not said what
                hint: name a resource as kind/name, or write --all

                """)
        #expect(
            try error("suspend", "--all", "--reason", " ") == """
                error: the reason is empty
                hint: say why, for those who wonder: --reason "incident 12"

                """)
        #expect(
            try error("suspend", "--all", "--reason", "x", "--for", "2 hours") == """
                error: '2 hours' is not a length of time
                hint: write a number and a unit: 90s, 15m, 1h

                """)
    }
}
