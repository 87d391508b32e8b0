import Foundation
import Testing

@Suite("Rollback", .serialized)
struct RollbackTests {
    private func steps(_ content: String) -> [NoopProject.Step] {
        [
            NoopProject.Step(name: "a", content: content),
            NoopProject.Step(name: "b", content: "1", after: ["a"]),
        ]
    }

    private func rollback(
        _ workshop: Workshop, _ arguments: String...
    ) throws -> Workshop.Output {
        try workshop.run(
            Workshop.ingot,
            ["rollback", "--repository", workshop.bare, "--state", workshop.state] + arguments,
            environment: ["GIT_AUTHOR_NAME": "Grace", "GIT_AUTHOR_EMAIL": "grace@example.com"])
    }

    @Test("it says what would happen, does it when told to, and nothing runs again")
    func oneStep() throws {
        let workshop = try Workshop()
        defer { workshop.remove() }
        let project = NoopProject(workshop)
        let first = try project.commit(steps("1"), "Start")
        #expect(try project.apply().status == 0)
        let alone = try rollback(workshop)
        #expect(alone.status == 1)
        #expect(
            alone.standardError == """
                error: no other commit than \(first.prefix(7)) was reconciled to roll back to
                hint: name a commit: `ingot history` lists those that were reconciled

                """)
        let second = try project.commit(steps("2"), "Change a")
        #expect(try project.apply().status == 0)

        let shown = try rollback(workshop)
        #expect(shown.status == 0, "\(shown)")
        #expect(
            shown.standardOutput == """
                back to \(first.prefix(7))  Start
                  changes steps/a.yaml
                  nothing has to be made again: all 2 artifacts exist

                nothing was changed; `ingot rollback \(first.prefix(7)) --push` does it, or:
                  git revert --no-edit \(second)
                  git push

                """)
        #expect(try workshop.git("rev-parse", "main", in: workshop.bare) == second)
        let pushed = try rollback(workshop, "--push")
        #expect(pushed.status == 0, "\(pushed)")
        let tip = try workshop.git("rev-parse", "main", in: workshop.bare)
        #expect(pushed.standardOutput.hasSuffix("pushed as \(tip.prefix(7))\n"), "\(pushed)")
        #expect(
            try workshop.git("log", "-1", "--format=%an %s", "main", in: workshop.bare)
                == "Grace Revert \"Change a\"")
        let applied = try project.apply()
        #expect(applied.status == 0, "\(applied)")
        #expect(applied.standardError.contains("0 steps ran, 2 artifacts in place"), "\(applied)")
        #expect(try project.runs() == ["dataset/a#noop": 2, "dataset/b#noop": 2])
    }

    @Test("several commits back, the project's folder is restored in one")
    func severalSteps() throws {
        let workshop = try Workshop()
        defer { workshop.remove() }
        let project = NoopProject(workshop)
        let first = try project.commit(steps("1"), "Start")
        for number in 2...4 { _ = try project.commit(steps("\(number)"), "Change \(number)") }
        #expect(try project.apply().status == 0)
        // Never reconciled: its steps have to run.
        let shown = try rollback(workshop, first)
        #expect(shown.standardOutput.contains("0 artifacts exist, 2 steps must run again"))
        #expect(shown.standardOutput.contains("git restore --source=\(first)"), "\(shown)")
        #expect(try rollback(workshop, String(first.prefix(7)), "--push").status == 0)
        #expect(
            try workshop.git("diff", "--stat", first, "main", in: workshop.bare) == "")
        #expect(try project.apply().status == 0)
        let unknown = try rollback(workshop, "0123456789")
        #expect(unknown.status == 1)
        #expect(unknown.standardError.hasPrefix("error: "), "\(unknown)")
        let same = try rollback(workshop, "main")
        #expect(same.status == 1)
        #expect(same.standardError.contains("is already as in commit"), "\(same)")
    }
}
