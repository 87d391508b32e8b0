import Foundation
import Testing

/// What people see when they mistype or come too early: whole messages, from the real binary.
@Suite("Command line")
struct CommandLineTests {
    private func run(_ workshop: Workshop, _ arguments: String...) throws -> Workshop.Output {
        try workshop.run(Workshop.ingot, arguments)
    }

    @Test("not a repository, an unborn branch, a missing branch")
    func repositories() throws {
        let workshop = try Workshop()
        defer { workshop.remove() }
        let state = workshop.state
        let plain = try run(workshop, "apply", "-C", workshop.folder, "--state", state)
        #expect(plain.status == 1)
        #expect(
            plain.standardError.hasPrefix("error: \(workshop.folder) is not a git repository\n"),
            "\(plain.standardError)")
        let unborn = try run(workshop, "apply", "-C", workshop.bare, "--state", state)
        #expect(unborn.status == 1)
        #expect(
            unborn.standardError.hasPrefix("error: branch 'main' has no commits yet"),
            "\(unborn.standardError)")
        try workshop.write("x", to: "x")
        _ = try workshop.commitAndPush("Something")
        let missing = try run(
            workshop, "apply", "-C", workshop.bare, "--branch", "mian", "--state", state)
        #expect(missing.status == 1)
        #expect(missing.standardError.contains("'mian'"), "\(missing.standardError)")
        #expect(missing.standardError.contains("hint: did you mean 'main'?"))
    }

    @Test("too early: there is no state yet")
    func noState() throws {
        let workshop = try Workshop()
        defer { workshop.remove() }
        let output = try workshop.ingot("status")
        #expect(output.status == 1)
        #expect(
            output.standardError == """
                error: no state in \(workshop.state)
                hint: run `ingot apply` or `ingot run` first

                """)
        let waited = try workshop.ingot("wait", "--timeout", "0s")
        #expect(waited.status == 124)
    }

    @Test("a port in use")
    func portInUse() throws {
        let workshop = try Workshop()
        let services = Services(workshop)
        defer {
            services.stop()
            workshop.remove()
        }
        try services.startGateway()
        for _ in 0..<200 where !services.log("gateway").contains("listening") {
            usleep(50_000)
        }
        let other = workshop.folder + "/other"
        let output = try workshop.run(
            Workshop.ingot, ["gateway", "--state", other, "--port", "\(workshop.port)"])
        #expect(output.status == 1)
        #expect(
            output.standardError.contains(
                "cannot listen on 127.0.0.1:\(workshop.port): the address is already in use"),
            "\(output.standardError)")
    }

    @Test("validate names file, line and column, and exits with 1")
    func validate() throws {
        let workshop = try Workshop()
        defer { workshop.remove() }
        #expect(try run(workshop, "init", workshop.clone).status == 0)
        let fine = try run(workshop, "validate", workshop.clone)
        #expect(fine.status == 0)
        #expect(fine.standardOutput == "5 resources, no errors\n")
        let manifest = try String(
            contentsOfFile: workshop.clone + "/houses.yaml", encoding: .utf8)
        try workshop.write(
            manifest.replacingOccurrences(
                of: "trainingConfig: price", with: "trainingConfig: prize"),
            to: "houses.yaml")
        let broken = try run(workshop, "validate", workshop.clone)
        #expect(broken.status == 1)
        #expect(
            broken.standardOutput.contains(
                """
                error: model/price refers to trainingconfig/prize, which does not exist
                      trainingConfig: prize
                                      ^
                hint: did you mean 'price'?
                """), "\(broken.standardOutput)")
    }

    @Test("init refuses a folder that has a project")
    func initTwice() throws {
        let workshop = try Workshop()
        defer { workshop.remove() }
        #expect(try run(workshop, "init", workshop.clone).status == 0)
        let again = try run(workshop, "init", workshop.clone)
        #expect(again.status == 1)
        #expect(
            again.standardError == """
                error: \(workshop.clone) already has ingot.yaml
                hint: choose an empty folder

                """)
    }

    @Test("plan tells Terraform's exit codes when asked")
    func detailedExitCode() throws {
        let workshop = try Workshop()
        defer { workshop.remove() }
        #expect(try run(workshop, "init", workshop.clone).status == 0)
        try workshop.git("add", "-A")
        try workshop.git("commit", "-q", "-m", "Start")
        let plan = ["plan", "-C", workshop.clone, "--state", workshop.state, "--detailed-exitcode"]
        #expect(try workshop.run(Workshop.ingot, plan).status == 2)
        let applied = try workshop.run(
            Workshop.ingot, ["apply", "-C", workshop.clone, "--state", workshop.state])
        #expect(applied.status == 0, "\(applied.standardError)")
        #expect(try workshop.run(Workshop.ingot, plan).status == 0)
    }
}
