import Foundation
import Testing

/// Real processes, killed at random moments: whatever was under way, the next start finds the old
/// state or the new one, and nothing is done twice.
@Suite("Kills", .serialized)
struct KillTests {
    /// Of processes that were still running.
    private static let kills = 200
    private static let maximumRounds = 600
    private static let seed: UInt64 = 20_261_121

    private struct Dice: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }

    @Test(
        "200 kills at random moments: no orphan, a clean store, and no fingerprint succeeds twice",
        .timeLimit(.minutes(5)))
    func kills() throws {
        let workshop = try Workshop()
        defer { workshop.remove() }
        let project = NoopProject(workshop)
        var dice = Dice(state: Self.seed)
        var serial = 0
        try push(project, serial, &dice)
        var landed = 0
        var round = 0
        var wasKilled = true
        while landed < Self.kills, round < Self.maximumRounds {
            round += 1
            // Where nothing is left to do there is nothing to interrupt.
            if !wasKilled || dice.next() % 4 == 0 {
                serial += 1
                try pushOrRevert(project, serial, &dice)
            }
            wasKilled = try strike(workshop, &dice)
            if wasKilled { landed += 1 }
            try #require(
                eventually(2) { Family(of: workshop).isGone },
                "round \(round) of seed \(Self.seed): \(Family(of: workshop).names)")
        }
        #expect(landed == Self.kills, "\(landed) in \(round) rounds")
        try expectConverged(project)
    }

    /// Starts `ingot apply` and kills it, or only its warm parent.
    ///
    /// - Returns: whether it was still running.
    private func strike(_ workshop: Workshop, _ dice: inout Dice) throws -> Bool {
        let log = workshop.folder + "/apply.log"
        let process = try workshop.launch(
            Workshop.ingot,
            ["apply", "--repository", workshop.bare, "--state", workshop.state],
            output: log + ".out", error: log)
        // Now and then long enough for steps to run and end.
        let limit: UInt64 = dice.next() % 8 == 0 ? 1_200_000 : 250_000
        usleep(UInt32(dice.next() % limit))
        if dice.next() % 8 == 0 {
            _ = eventually(0.6) { warmParent(workshop, of: process) != nil || !process.isRunning }
            if let parent = warmParent(workshop, of: process) {
                kill(parent, SIGKILL)
                usleep(UInt32(dice.next() % 300_000))
            }
        }
        let wasRunning = process.isRunning
        kill(-process.processIdentifier, SIGKILL)
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        return wasRunning
    }

    private func warmParent(_ workshop: Workshop, of process: Process) -> Int32? {
        Family(of: workshop).members.first {
            $0.id != process.processIdentifier && $0.arguments.contains("python")
        }?.id
    }

    private func push(_ project: NoopProject, _ serial: Int, _ dice: inout Dice) throws {
        let steps = (0..<6).map { index in
            NoopProject.Step(
                name: "d\(index)", content: "\(index) \(index == serial % 6 ? serial : 0)",
                after: index > 1 ? ["d\(index - 2)"] : [],
                seconds: Double(dice.next() % 6) / 100)
        }
        _ = try project.commit(steps, "Change \(serial)")
    }

    private func pushOrRevert(
        _ project: NoopProject, _ serial: Int, _ dice: inout Dice
    ) throws {
        let workshop = project.workshop
        guard serial > 1, dice.next() % 3 == 0 else { return try push(project, serial, &dice) }
        try workshop.git("revert", "--no-edit", "HEAD")
        try workshop.git("push", "-q", "origin", "main")
    }

    private func expectConverged(_ project: NoopProject) throws {
        let workshop = project.workshop
        let last = try project.apply()
        #expect(last.status == 0, "\(last)")
        let again = try project.apply()
        #expect(again.standardError.contains("0 steps ran"), "\(again)")
        let verified = try workshop.ingot("verify")
        #expect(verified.status == 0, "\(verified)")
        let output = try workshop.ingot("get", "runs", "--output", "json", "--limit", "1000000")
        let runs = try #require(try workshop.json(output)["runs"] as? [[String: Any]])
        var successes: [String: Int] = [:]
        for run in runs where run["state"] as? String == "succeeded" {
            let fingerprint = try #require(run["fingerprint"] as? String)
            successes[fingerprint, default: 0] += 1
        }
        #expect(!successes.isEmpty)
        #expect(successes.filter { $0.value > 1 }.isEmpty)
        #expect(!runs.contains { $0["state"] as? String == "running" })
    }
}
