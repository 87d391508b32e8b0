import Foundation
import Testing

@Suite("Approvals", .serialized)
struct ApprovalTests {
    private func steps(_ count: Int) -> [NoopProject.Step] {
        (0..<count).map { NoopProject.Step(name: "d\($0)", content: "1") }
    }

    @Test("a commit that removes too much is held until it is approved")
    func pruneBudget() throws {
        let workshop = try Workshop()
        let services = Services(workshop)
        defer {
            services.stop()
            workshop.remove()
        }
        let project = NoopProject(workshop)
        let start = try project.commit(steps(8), "Start")
        try services.startController(data: workshop.folder)
        let ready = try workshop.ingot("wait", "--revision", start, "--timeout", "1m")
        try #require(ready.status == 0, "\(ready) \(services.log("controller"))")

        let early = try workshop.ingot("approve", start)
        #expect(early.status == 1)
        #expect(
            early.standardError == """
                error: commit \(start.prefix(7)) is not held
                hint: `ingot status` shows what is held, and why

                """)
        let removal = try project.commit(steps(2), "Remove most")
        let held = try workshop.ingot("wait", "--revision", removal, "--timeout", "1m")
        let why =
            "the commit \(removal.prefix(7)) would remove 6 of 9 resources, more than spec.prune.maxFraction 0.25"
        #expect(held.status == 3, "\(held)")
        #expect(held.standardError.contains(why), "\(held)")
        #expect(
            try eventually { try workshop.ingot("status").standardOutput.contains(why) })
        #expect(try project.status("dataset/d7")["sync"] as? String == "Synced")

        let approved = try workshop.ingot("approve", String(removal.prefix(7)))
        #expect(approved.status == 0, "\(approved)")
        #expect(approved.standardOutput == "approved: \(why)\n")
        let done = try workshop.ingot("wait", "--revision", removal, "--timeout", "1m")
        #expect(done.status == 0, "\(done)")
        #expect(!(try workshop.ingot("status").standardOutput.contains("d7")))
        #expect(!(try workshop.ingot("status").standardOutput.contains("warning")))
        // It was followed: that it was held once counts no more.
        expectNotHeld(try workshop.ingot("approve", removal), removal)
    }

    private func expectNotHeld(_ output: Workshop.Output, _ commit: String) {
        #expect(output.status == 1)
        #expect(
            output.standardError == """
                error: commit \(commit.prefix(7)) is not held
                hint: `ingot status` shows what is held, and why

                """)
    }

    @Test("only what is held now can be approved, not what was held once")
    func heldOnce() throws {
        let workshop = try Workshop()
        defer { workshop.remove() }
        let project = NoopProject(workshop)
        let start = try project.commit(steps(8), "Start")
        #expect(try project.apply().status == 0)
        let first = try project.commit(steps(2), "Remove most")
        #expect(try project.apply().status == 1)
        let second = try project.commit(steps(1), "Remove more")
        #expect(try project.apply().status == 1)
        expectNotHeld(try workshop.ingot("approve", first), first)
        // The branch goes back to where it was, and on from there.
        try workshop.git("reset", "-q", "--hard", start)
        try workshop.git("push", "-q", "--force", "origin", "main")
        #expect(try project.apply().status == 0)
        expectNotHeld(try workshop.ingot("approve", second), second)
        _ = try project.commit(steps(9), "Add one")
        #expect(try project.apply().status == 0)
        expectNotHeld(try workshop.ingot("approve", second), second)
        // Held again, it can be approved.
        let third = try project.commit(steps(2), "Remove most after all")
        #expect(try project.apply().status == 1)
        let approved = try workshop.ingot("approve", third)
        #expect(approved.status == 0, "\(approved)")
        #expect(try project.apply().status == 0)
    }

    @Test("a rewritten history is held until it is approved, with apply too")
    func rewrittenHistory() throws {
        let workshop = try Workshop()
        defer { workshop.remove() }
        let project = NoopProject(workshop)
        _ = try project.commit(steps(2), "Start")
        let second = try project.commit(steps(3), "Add one")
        #expect(try project.apply().status == 0)
        try workshop.git("commit", "-q", "--amend", "-m", "Add one, said better")
        try workshop.git("push", "-q", "--force", "origin", "main")
        let amended = try workshop.git("rev-parse", "HEAD")

        let held = try project.apply()
        #expect(held.status == 1, "\(held)")
        let why =
            "main moved to \(amended.prefix(7)), which leaves out \(second.prefix(7)), reconciled last; it is held"
        #expect(held.standardError.contains(why), "\(held)")
        #expect(try workshop.ingot("status").standardOutput.contains(why))
        let approved = try workshop.ingot("approve", amended)
        #expect(
            approved.standardOutput == """
                approved: \(why)
                no controller is running: `ingot apply` or `ingot run` follows it

                """, "\(approved)")
        let again = try workshop.ingot("approve", amended)
        #expect(again.standardOutput.hasPrefix("was approved already: "), "\(again)")
        #expect(try project.apply().status == 0)
        let waited = try workshop.ingot("wait", "--revision", amended, "--timeout", "0s")
        #expect(waited.status == 0, "\(waited)")
        // What was left out stays resolvable.
        let old = try workshop.ingot(
            "plan", "--head", second, "--repository", workshop.state + "/repo.git")
        #expect(old.status == 0, "\(old)")
    }

    @Test("wait tells a commit that was replaced from one that was not seen, and resolves names")
    func waiting() throws {
        let workshop = try Workshop()
        defer { workshop.remove() }
        let project = NoopProject(workshop)
        let first = try project.commit(steps(1), "Start")
        let between = try project.commit(steps(2), "Add one")
        let last = try project.commit(steps(3), "Add another")
        #expect(try project.apply().status == 0)
        let byName = try workshop.ingot(
            "wait", "--revision", "HEAD", "--repository", workshop.clone)
        #expect(byName.status == 0, "\(byName)")
        #expect(byName.standardOutput.hasPrefix("ready: main@sha1:\(last.prefix(7))"))
        #expect(try workshop.ingot("wait", "--revision", String(last.prefix(8))).status == 0)
        for old in [first, between] {
            let output = try workshop.ingot("wait", "--revision", old, "--timeout", "30s")
            #expect(output.status == 4, "\(output)")
            #expect(
                output.standardError
                    == "superseded: main@sha1:\(last.prefix(7)) was reconciled instead of \(old.prefix(7))\n"
            )
        }
        let unseen = try workshop.ingot(
            "wait", "--revision", "0123456789012345678901234567890123456789", "--timeout", "1s")
        #expect(unseen.status == 124, "\(unseen)")
    }
}
