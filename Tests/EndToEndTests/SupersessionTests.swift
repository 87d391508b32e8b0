import Foundation
import Testing

/// A newer commit while steps run, and a git server that hangs.
@Suite("While a controller runs", .serialized)
struct SupersessionTests {
    private func runs(_ workshop: Workshop) throws -> [[String: Any]] {
        let output = try workshop.ingot("get", "runs", "--output", "json")
        return try #require(try workshop.json(output)["runs"] as? [[String: Any]])
    }

    private func states(_ runs: [[String: Any]], of step: String) -> [String: String] {
        var states: [String: String] = [:]
        for run in runs where run["step"] as? String == step {
            if let id = run["run"] as? String { states[id] = run["state"] as? String }
        }
        return states
    }

    @Test(
        "a newer commit cancels within 5 s what it does not want, and what it wants goes on",
        .timeLimit(.minutes(2)))
    func supersession() throws {
        let workshop = try Workshop()
        let services = Services(workshop)
        defer {
            services.stop()
            workshop.remove()
        }
        let project = NoopProject(workshop)
        let keep = NoopProject.Step(name: "keep", content: "keep", seconds: 300)
        let drop = NoopProject.Step(name: "drop", content: "drop", seconds: 300)
        _ = try project.commit([keep, drop], "Two long steps")
        try services.startController(data: workshop.folder)
        let steps = ["dataset/keep#noop", "dataset/drop#noop"]
        #expect(
            eventually {
                // Until the controller has made its state there are none.
                guard let runs = try? runs(workshop) else { return false }
                return steps.allSatisfy { Array(states(runs, of: $0).values) == ["running"] }
            }, "\(services.log("controller"))")
        let before = try runs(workshop)

        _ = try project.commit([keep], "One of them")
        let pushed = Date()
        let dropped = states(before, of: steps[1]).mapValues { _ in "cancelled" }
        #expect(try eventually(30) { states(try runs(workshop), of: steps[1]) == dropped })
        let seconds = Date().timeIntervalSince(pushed)
        print("superseded: cancelled \(String(format: "%.2f", seconds)) s after the push")
        #expect(seconds < 5)
        // It is not only said: its process is gone, and the other's is not.
        let workers = Family(of: workshop).members.filter { member in
            let cwd = try? FileManager.default.destinationOfSymbolicLink(
                atPath: "/proc/\(member.id)/cwd")
            return cwd?.hasSuffix("/output") ?? false
        }
        #expect(workers.count == 1, "\(workers)")
        #expect(
            try eventually(10) {
                try workshop.ingot("status").standardOutput.contains("One of them")
            })
        #expect(states(try runs(workshop), of: steps[0]) == states(before, of: steps[0]))
    }

    @Test(
        "beside a git server that hangs the last state stays, and status says why; then it goes on",
        .timeLimit(.minutes(3)))
    func hangingServer() throws {
        let workshop = try Workshop()
        let services = Services(workshop)
        let server = try HangingServer(workshop)
        defer {
            services.stop()
            workshop.remove()
        }
        let project = NoopProject(workshop)
        let first = try project.commit([NoopProject.Step(name: "a", content: "1")], "Start")
        try services.startController(
            data: workshop.folder, repository: server.url,
            environment: server.environment.merging(["INGOT_FETCH_TIMEOUT": "3s"]) { $1 },
            "--interval", "1")
        let ready = try workshop.ingot("wait", "--revision", first, "--timeout", "1m")
        try #require(ready.status == 0, "\(ready) \(services.log("controller"))")

        try server.hang()
        let second = try project.commit([NoopProject.Step(name: "a", content: "2")], "Go on")
        let trouble = "fetching \(server.url) took longer than 3 s and was stopped"
        #expect(
            try eventually {
                try workshop.ingot("status").standardOutput.contains(trouble)
            }, "\(services.log("controller"))")
        let shown = try workshop.ingot("status").standardOutput
        #expect(
            shown.contains(
                """
                warning: the repository cannot be followed; this is the last good state
                \(trouble)
                hint: the next poll tries again; check the network and the server
                """), "\(shown)")
        #expect(shown.contains("Start"))
        let status = try project.status("dataset/a")
        #expect(status["sync"] as? String == "Synced" && status["health"] as? String == "Healthy")

        try server.goOn()
        let again = try workshop.ingot("wait", "--revision", second, "--timeout", "1m")
        #expect(again.status == 0, "\(again) \(services.log("controller"))")
        #expect(
            try eventually(10) {
                try !workshop.ingot("status").standardOutput.contains("cannot be followed")
            })
        #expect(try project.runs() == ["dataset/a#noop": 2])
    }
}
