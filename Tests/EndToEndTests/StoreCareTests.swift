import Foundation
import Testing

/// Drift, garbage, verification and rebuilding, with a state of real files.
@Suite("Care of the store", .serialized)
struct StoreCareTests {
    private func steps(_ content: String) -> [NoopProject.Step] {
        [
            NoopProject.Step(name: "a", content: content),
            NoopProject.Step(name: "b", content: "1", after: ["a"]),
            NoopProject.Step(name: "c", content: "c"),
        ]
    }

    /// Files of the store, absolute.
    private func blobs(_ workshop: Workshop) throws -> [String] {
        let root = workshop.state + "/store/sha256"
        let walk = FileManager.default.enumerator(atPath: root)
        var paths: [String] = []
        while let name = walk?.nextObject() as? String {
            var isFolder: ObjCBool = false
            let path = root + "/" + name
            if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder),
                !isFolder.boolValue
            {
                paths.append(path)
            }
        }
        return paths.sorted()
    }

    /// The file of the store that holds the output of a step.
    private func output(_ workshop: Workshop, of step: String) throws -> String {
        let shown = try workshop.ingot("get", "runs", "--output", "json")
        let runs = try #require(try workshop.json(shown)["runs"] as? [[String: Any]])
        let run = try #require(runs.first { $0["step"] as? String == step })
        let artifact = try #require(run["artifact"] as? String).dropFirst("sha256:".count)
        let manifest = try #require(
            try blobs(workshop).first { $0.hasSuffix(String(artifact.dropFirst(2))) })
        let text = try String(contentsOfFile: manifest, encoding: .utf8)
        return try #require(
            try blobs(workshop).first { path in
                let name = (path as NSString).lastPathComponent
                return path != manifest && text.contains(name)
            })
    }

    @Test("drift names what is missing and changes nothing; a controller's start makes it again")
    func drift() throws {
        let workshop = try Workshop()
        defer { workshop.remove() }
        var project = NoopProject(workshop)
        project.metadata = ["c": "driftPolicy: report"]
        _ = try project.commit(steps("1"), "Start")
        let early = try workshop.ingot("drift", "--repository", workshop.bare)
        #expect(early.status == 1)
        #expect(early.standardError.hasPrefix("error: no state in "), "\(early)")
        #expect(try project.apply().status == 0)
        let none = try workshop.ingot("drift", "--repository", workshop.bare)
        #expect(none.status == 0, "\(none)")
        #expect(none.standardOutput == "no drift\n")

        try FileManager.default.removeItem(atPath: try output(workshop, of: "dataset/c#noop"))
        for _ in 0..<2 {
            let found = try workshop.ingot(
                "drift", "--repository", workshop.bare, "--output", "json")
            #expect(found.status == 2, "\(found)")
            let rows = try #require(try workshop.json(found)["drift"] as? [[String: String]])
            #expect(rows.count == 1)
            #expect(rows.first?["resource"] == "dataset/c")
            #expect(rows.first?["driftPolicy"] == "report")
            #expect(rows.first?["expected"] == "made again")
        }
        #expect(try project.runs()["dataset/c#noop"] == 1)
    }

    @Test("gc shows, then deletes, what nothing needs; a revert to it runs its steps again")
    func garbage() throws {
        let workshop = try Workshop()
        defer { workshop.remove() }
        let project = NoopProject(workshop)
        _ = try project.commit(steps("1"), "Start")
        #expect(try project.apply().status == 0)
        _ = try project.commit(steps("2"), "Change a")
        #expect(try project.apply().status == 0)
        let before = try blobs(workshop).count

        let early = try workshop.ingot("gc")
        #expect(early.status == 0, "\(early)")
        #expect(
            early.standardOutput.hasPrefix("would delete 0 artifacts, 0 bytes\n"),
            "\(early)")
        let shown = try workshop.ingot("gc", "--retention", "0s", "--output", "json")
        #expect(shown.status == 0, "\(shown)")
        let artifacts = try workshop.json(shown)["artifacts"] as? [[String: String]]
        #expect(artifacts?.count == 2, "\(shown)")
        #expect(try blobs(workshop).count == before)
        let deleted = try workshop.ingot("gc", "--delete", "--retention", "0s")
        #expect(deleted.status == 0, "\(deleted)")
        #expect(deleted.standardOutput.contains("deleted 2 artifacts"), "\(deleted)")
        #expect(try blobs(workshop).count < before)
        let again = try workshop.ingot("gc", "--delete", "--retention", "0s")
        #expect(again.standardOutput.hasPrefix("deleted 0 artifacts, 0 bytes\n"), "\(again)")
        let verified = try workshop.ingot("verify")
        #expect(verified.status == 0, "\(verified)")

        try workshop.git("revert", "--no-edit", "HEAD")
        try workshop.git("push", "-q", "origin", "main")
        let applied = try project.apply()
        #expect(applied.status == 0, "\(applied)")
        #expect(applied.standardError.contains("2 steps ran, 3 artifacts in place"), "\(applied)")
        let bad = try workshop.ingot("gc", "--retention", "soon")
        #expect(bad.standardError.hasPrefix("error: 'soon' is not a length of time\n"))
    }

    @Test("verify finds one flipped bit, beside a running controller too")
    func flippedBit() throws {
        let workshop = try Workshop()
        let services = Services(workshop)
        defer {
            services.stop()
            workshop.remove()
        }
        let project = NoopProject(workshop)
        let start = try project.commit(steps("1"), "Start")
        try services.startController(data: workshop.folder)
        let ready = try workshop.ingot("wait", "--revision", start, "--timeout", "1m")
        try #require(ready.status == 0, "\(ready) \(services.log("controller"))")
        let clean = try workshop.ingot("verify")
        #expect(clean.status == 0, "\(clean)")
        let dry = try workshop.ingot("gc", "--retention", "0s")
        #expect(dry.standardOutput.hasPrefix("would delete 0 artifacts"), "\(dry)")

        try flipOneBit(of: try output(workshop, of: "dataset/c#noop"))
        let found = try workshop.ingot("verify", "--output", "json")
        #expect(found.status == 1, "\(found)")
        let findings = try #require(try workshop.json(found)["findings"] as? [[String: Any]])
        #expect(!findings.isEmpty)
        #expect(
            findings.contains { ($0["message"] as? String)?.contains("damaged") ?? false },
            "\(findings)")
        #expect(try project.runs()["dataset/c#noop"] == 1)
    }

    private func flipOneBit(of path: String) throws {
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        bytes[bytes.startIndex] ^= 1
        chmod(path, 0o644)
        try bytes.write(to: URL(fileURLWithPath: path))
    }

    @Test("verify --repair has a running controller make again what a flipped bit has spoiled")
    func repair() throws {
        let workshop = try Workshop()
        let services = Services(workshop)
        defer {
            services.stop()
            workshop.remove()
        }
        let project = NoopProject(workshop)
        let start = try project.commit(steps("1"), "Start")
        try services.startController(data: workshop.folder)
        let ready = try workshop.ingot("wait", "--revision", start, "--timeout", "1m")
        try #require(ready.status == 0, "\(ready) \(services.log("controller"))")
        let before = try digests(workshop)
        // In the middle: what comes after it is still right, and must not run again.
        let path = try output(workshop, of: "dataset/a#noop")
        try flipOneBit(of: path)

        let repaired = try workshop.ingot("verify", "--repair")
        #expect(repaired.status == 0, "\(repaired)")
        #expect(repaired.standardOutput.contains("error: the artifact sha256:"), "\(repaired)")
        #expect(
            repaired.standardOutput.hasSuffix(
                "1 file put aside in store/damaged; the controller makes again what the newest commit needs\n"
            ), "\(repaired)")
        #expect(try eventually { try project.runs()["dataset/a#noop"] == 2 })
        #expect(try eventually { try workshop.ingot("verify").status == 0 })
        #expect(FileManager.default.fileExists(atPath: path))
        #expect(Set(try digests(workshop)) == Set(before))
        #expect(try project.runs()["dataset/b#noop"] == 1)
        #expect(try eventually { try project.health("dataset/a") == "Healthy" })
        let again = try workshop.ingot("verify", "--repair", "--output", "json")
        #expect(again.status == 0, "\(again)")
        #expect(try workshop.json(again)["repaired"] == nil)
    }

    @Test("without a controller verify --repair does it itself, and a file put back counts again")
    func repairAlone() throws {
        let workshop = try Workshop()
        defer { workshop.remove() }
        let project = NoopProject(workshop)
        _ = try project.commit(steps("1"), "Start")
        #expect(try project.apply().status == 0)
        let path = try output(workshop, of: "dataset/c#noop")
        let good = try Data(contentsOf: URL(fileURLWithPath: path))
        try flipOneBit(of: path)
        let repaired = try workshop.ingot("verify", "--repair")
        #expect(repaired.status == 0, "\(repaired)")
        #expect(
            repaired.standardOutput.hasSuffix(
                "1 file put aside in store/damaged; `ingot apply` or `ingot run` makes again what the newest commit needs\n"
            ), "\(repaired)")
        #expect(FileManager.default.fileExists(atPath: path) == false)

        try good.write(to: URL(fileURLWithPath: path))
        let restored = try workshop.ingot("verify", "--repair")
        #expect(restored.status == 0, "\(restored)")
        #expect(restored.standardOutput.contains("is whole again\n"), "\(restored)")
        #expect(try project.apply().standardError.contains("0 steps ran, 3 artifacts in place"))
        #expect(try workshop.ingot("verify").status == 0)
    }

    @Test("after the database is lost, rebuild brings back what was made, and nothing runs again")
    func rebuildFromStore() throws {
        let workshop = try Workshop()
        defer { workshop.remove() }
        let project = NoopProject(workshop)
        _ = try project.commit(steps("1"), "Start")
        #expect(try project.apply().status == 0)
        for name in ["state.sqlite", "state.sqlite-wal", "state.sqlite-shm"] {
            try? FileManager.default.removeItem(atPath: workshop.state + "/" + name)
        }
        let rebuilt = try workshop.ingot("rebuild")
        #expect(rebuilt.status == 0, "\(rebuilt)")
        let applied = try project.apply()
        #expect(applied.status == 0, "\(applied)")
        #expect(applied.standardError.contains("0 steps ran, 3 artifacts in place"), "\(applied)")
        let verified = try workshop.ingot("verify")
        #expect(verified.status == 0, "\(verified)")
    }

    @Test("rebuild from git alone reconciles every commit again, oldest first")
    func rebuildFromGit() throws {
        let workshop = try Workshop()
        defer { workshop.remove() }
        let project = NoopProject(workshop)
        var commits: [String] = []
        for content in ["1", "2", "3"] {
            commits.append(try project.commit(steps(content), "Content \(content)"))
            #expect(try project.apply().status == 0)
        }
        let runs = try project.runs()
        let before = try digests(workshop)
        let rebuilt = try workshop.ingot("rebuild", "--from-git", "--repository", workshop.bare)
        #expect(rebuilt.status == 0, "\(rebuilt)")
        #expect(rebuilt.standardOutput.hasPrefix("reconciled 3 commits again\n"), "\(rebuilt)")
        #expect(try project.runs() == runs)
        #expect(try digests(workshop) == before)
        let history = try workshop.ingot("history", "--output", "json")
        let rows = try #require(try workshop.json(history)["revisions"] as? [[String: Any]])
        #expect(rows.map { $0["commit"] as? String } == commits.reversed())
    }

    /// Step and artifact of each run, oldest first.
    private func digests(_ workshop: Workshop) throws -> [String] {
        let shown = try workshop.ingot("get", "runs", "--output", "json")
        let runs = try #require(try workshop.json(shown)["runs"] as? [[String: Any]])
        return runs.map { "\($0["step"] ?? "") \($0["artifact"] ?? "")" }.sorted()
    }

    @Test("events are filtered by resource, kind, commit and age, and followed")
    func events() throws {
        let workshop = try Workshop()
        defer { workshop.remove() }
        let project = NoopProject(workshop)
        let first = try project.commit(steps("1"), "Start")
        #expect(try project.apply().status == 0)
        let second = try project.commit(steps("2"), "Change a")
        #expect(try project.apply().status == 0)
        func events(_ arguments: String...) throws -> [[String: Any]] {
            let output = try workshop.run(
                Workshop.ingot,
                ["events", "--output", "json", "--state", workshop.state] + arguments)
            #expect(output.status == 0, "\(output)")
            return try #require(try workshop.json(output)["events"] as? [[String: Any]])
        }
        let runs = try events("--kind", "RunSucceeded", "--resource", "dataset/a")
        #expect(runs.compactMap { $0["commit"] as? String } == [first, second])
        #expect(try events("--kind", "runsucceeded", "--revision", second).count == 2)
        #expect(try events("--limit", "3").count == 3)
        #expect(try events("--since", "1h", "--kind", "RevisionObserved").count == 2)
        let all = try events()
        let sequences = all.compactMap { $0["sequence"] as? Int }
        #expect(sequences == sequences.sorted())
        let wrong = try workshop.ingot("events", "--kind", "RunSucceded")
        #expect(
            wrong.standardError == """
                error: 'RunSucceded' is not a kind of event
                hint: did you mean 'RunSucceeded'?

                """)
        try follow(workshop, project)
    }

    private func follow(_ workshop: Workshop, _ project: NoopProject) throws {
        let out = workshop.folder + "/follow.out"
        let process = try workshop.launch(
            Workshop.ingot,
            [
                "events", "--follow", "--limit", "1", "--kind", "RevisionSettled", "--state",
                workshop.state,
            ], output: out, error: out + ".err")
        defer {
            process.terminate()
            process.waitUntilExit()
        }
        func lines() -> Int {
            let text = (try? String(contentsOfFile: out, encoding: .utf8)) ?? ""
            return text.split(separator: "\n").count
        }
        #expect(eventually { lines() == 1 })
        _ = try project.commit(steps("3"), "Change a again")
        #expect(try project.apply().status == 0)
        #expect(eventually { lines() == 2 })
    }
}
