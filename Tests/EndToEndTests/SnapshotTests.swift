import Foundation
import Testing

/// A source behind HTTP, pinned by `ingot.lock`.
@Suite("Snapshots", .serialized)
struct SnapshotTests {
    /// A file server on a port of its own, which wants a token.
    private final class FileServer {
        let folder: String
        let port: Int
        private let process: Process

        init(_ workshop: Workshop) throws {
            folder = workshop.folder + "/web"
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true)
            let output = workshop.folder + "/web.out"
            process = try workshop.launch(
                "python3", ["-u", Workshop.fixtures + "/file_server.py", folder, "t0p-secret"],
                output: output, error: workshop.folder + "/web.err")
            var text = ""
            for _ in 0..<200 where !text.hasSuffix("\n") {
                usleep(50_000)
                text = (try? String(contentsOfFile: output, encoding: .utf8)) ?? ""
            }
            port = try #require(Int(text.trimmingCharacters(in: .whitespacesAndNewlines)))
        }

        func write(_ text: String) throws {
            try text.write(toFile: folder + "/a.csv", atomically: true, encoding: .utf8)
        }

        func stop() {
            // What the test's process blocks, its children may block too: no gentler signal.
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
    }

    private let configuration = """
        credentials:
          web: {token: {env: INGOT_TEST_TOKEN}}

        """

    private func ingot(
        _ workshop: Workshop, _ arguments: String..., token: String? = "t0p-secret"
    ) throws -> Workshop.Output {
        var environment = [
            "GIT_AUTHOR_NAME": "Grace", "GIT_AUTHOR_EMAIL": "grace@example.com",
            "INGOT_CONFIG": workshop.folder + "/config.yaml",
        ]
        if let token { environment["INGOT_TEST_TOKEN"] = token }
        return try workshop.run(
            Workshop.ingot,
            arguments + ["--repository", workshop.bare, "--state", workshop.state],
            environment: environment)
    }

    private func start(_ workshop: Workshop, _ server: FileServer) throws {
        let path = workshop.folder + "/config.yaml"
        try configuration.write(toFile: path, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        try workshop.write(
            "apiVersion: ingot/v1\nkind: Project\nmetadata: {name: web}\nspec: {}\n",
            to: "ingot.yaml")
        try workshop.write(
            """
            apiVersion: ingot/v1
            kind: Dataset
            metadata: {name: weather}
            spec:
              source: {http: {url: "http://127.0.0.1:\(server.port)/a.csv", credentials: web}}
              schema: [{name: origin, type: string}, {name: temp, type: double}]

            """, to: "weather.yaml")
        _ = try workshop.commitAndPush("Start")
    }

    private func status(_ workshop: Workshop) throws -> String {
        try workshop.run(
            Workshop.ingot, ["status", "dataset/weather", "--state", workshop.state]
        ).standardOutput
    }

    private func digests(_ workshop: Workshop) throws -> String {
        try workshop.git("show", "main:ingot.lock", in: workshop.bare)
    }

    @Test("a source is pinned by a commit, whose revert brings the old rows back")
    func pinned() throws {
        let workshop = try Workshop()
        defer { workshop.remove() }
        let server = try FileServer(workshop)
        defer { server.stop() }
        try server.write("origin,temp\nEWR,1\n")
        try start(workshop, server)

        // Without an entry nothing is read.
        #expect(try ingot(workshop, "apply").status == 1)
        let blocked = try status(workshop)
        #expect(
            blocked.contains(
                "ingot.lock does not say which rows are meant; run `ingot snapshot weather`"),
            "\(blocked)")

        let dry = try ingot(workshop, "snapshot", "--dry-run")
        #expect(dry.status == 0, "\(dry)")
        #expect(dry.standardOutput.hasPrefix("dataset/weather  1 row, "), "\(dry)")
        #expect(dry.standardOutput.hasSuffix("\nnothing was written\n"), "\(dry)")
        let first = try ingot(workshop, "snapshot", "weather")
        #expect(first.status == 0, "\(first)")
        let commit = try workshop.git("rev-parse", "main", in: workshop.bare)
        #expect(
            first.standardOutput.hasSuffix("\ncommitted as \(commit.prefix(7)) to main\n"),
            "\(first)")
        #expect(
            try workshop.git("log", "-1", "--format=%an %s", "main", in: workshop.bare)
                == "Grace Snapshot weather")
        let lock = try digests(workshop)
        #expect(lock.contains("    version: \"etag:"), "\(lock)")

        // What was read is in the store: only the profile runs.
        let applied = try ingot(workshop, "apply")
        #expect(applied.status == 0, "\(applied)")
        #expect(applied.standardError.contains("1 step ran"), "\(applied)")
        #expect(!applied.standardError.contains("weather#snapshot"), "\(applied)")

        // Nothing has changed: no commit.
        let again = try ingot(workshop, "snapshot")
        #expect(
            again.standardOutput == "dataset/weather  1 row, as before\nnothing has changed\n",
            "\(again)")
        #expect(try workshop.git("rev-parse", "main", in: workshop.bare) == commit)

        try server.write("origin,temp\nEWR,1\nJFK,2\n")
        #expect(try ingot(workshop, "snapshot").status == 0)
        let second = try digests(workshop)
        #expect(second != lock)
        #expect(try ingot(workshop, "apply").status == 0)

        // The snapshot's run stands at the commit before the one that pins its rows.
        let diff = try ingot(workshop, "diff", "weather", commit, "main")
        #expect(diff.standardOutput.contains("1 added"), "\(diff)")
        let older = try ingot(workshop, "profile", "weather", "--revision", commit)
        #expect(older.standardOutput.contains(": 1 row, "), "\(older)")

        // Back, without asking the server, which is not even there.
        server.stop()
        try workshop.git("pull", "-q", "origin", "main")
        try workshop.git("revert", "--no-edit", "HEAD")
        try workshop.git("push", "-q", "origin", "main")
        #expect(try digests(workshop) == lock)
        let back = try ingot(workshop, "apply")
        #expect(back.status == 0, "\(back)")
        #expect(back.standardError.contains("0 steps ran"), "\(back)")
    }

    @Test("a new column of a source is in the commit of its snapshot, and fails what forbids it")
    func drift() throws {
        let workshop = try Workshop()
        defer { workshop.remove() }
        let server = try FileServer(workshop)
        defer { server.stop() }
        try server.write("origin,temp\nEWR,1\n")
        try start(workshop, server)
        #expect(try ingot(workshop, "snapshot").status == 0)
        try workshop.git("pull", "-q", "origin", "main")
        let manifest = try String(
            contentsOfFile: workshop.clone + "/weather.yaml", encoding: .utf8)
        try workshop.write(
            manifest + "  expectations: [{schemaDrift: [extraColumns]}]\n", to: "weather.yaml")
        _ = try workshop.commitAndPush("Expect no other columns")

        // The entry is older than the expectation.
        #expect(try ingot(workshop, "apply").status == 1)
        let unknown = try status(workshop)
        #expect(
            unknown.contains(
                "schemaDrift failed: ingot.lock does not say which columns the source had; run `ingot snapshot`"
            ), "\(unknown)")
        let noted = try ingot(workshop, "snapshot")
        #expect(
            noted.standardOutput.hasPrefix(
                "dataset/weather  1 row as before, of a source with other columns\n"), "\(noted)")
        #expect(
            try digests(workshop).hasSuffix(
                "    columns:\n      \"origin\": \"untyped\"\n      \"temp\": \"untyped\""))
        #expect(try ingot(workshop, "apply").status == 0)

        // The same rows, as far as the schema reads them.
        try server.write("origin,temp,gate\nEWR,1,A\n")
        let grown = try ingot(workshop, "snapshot")
        #expect(
            grown.standardOutput.hasPrefix(
                "dataset/weather  1 row as before, of a source with other columns, new column: gate\n"
            ), "\(grown)")
        #expect(
            try workshop.git("log", "-1", "--format=%b", "main", in: workshop.bare)
                .hasSuffix(", new column: gate"))
        let change = try workshop.git("show", "--format=", "-U0", "main", in: workshop.bare)
        #expect(change.hasSuffix("\n+      \"gate\": \"untyped\""), "\(change)")
        #expect(!change.contains("digest:"), "\(change)")
        #expect(try ingot(workshop, "apply").status == 1)
        let drifted = try status(workshop)
        #expect(
            drifted.contains(
                "schemaDrift failed: the source has the column 'gate', not in the schema"),
            "\(drifted)")
    }

    @Test("a source that has moved on is told of, and a proposal leaves the branch alone")
    func moved() throws {
        let workshop = try Workshop()
        defer { workshop.remove() }
        let server = try FileServer(workshop)
        defer { server.stop() }
        try server.write("origin,temp\nEWR,1\n")
        try start(workshop, server)
        let tip = try workshop.git("rev-parse", "main", in: workshop.bare)
        let proposed = try ingot(workshop, "snapshot", "--proposal", "proposal/weather")
        #expect(proposed.status == 0, "\(proposed)")
        #expect(try workshop.git("rev-parse", "main", in: workshop.bare) == tip)
        let twice = try ingot(workshop, "snapshot", "--proposal", "proposal/weather")
        #expect(
            twice.standardError == """
                error: there is a branch 'proposal/weather' already
                hint: remove it, or choose another name

                """, "\(twice)")
        try workshop.git("fetch", "-q", "origin")
        try workshop.git("merge", "-q", "origin/proposal/weather")
        try workshop.git("push", "-q", "origin", "main")

        // Another machine, whose store has no such rows.
        try FileManager.default.removeItem(atPath: workshop.state)
        try server.write("origin,temp\nEWR,2\n")
        #expect(try ingot(workshop, "apply").status == 1)
        let text = try status(workshop)
        #expect(text.contains("the source of dataset/weather has moved on since 20"), "\(text)")
        // It is not asked again and again.
        let again = try ingot(workshop, "apply")
        #expect(!again.standardError.contains("start  dataset/weather#snapshot"), "\(again)")
        // The rows that are meant are there again.
        #expect(try ingot(workshop, "snapshot").status == 0)
        #expect(try ingot(workshop, "apply").status == 0)
    }

    @Test("a controller makes new snapshots by itself, and proposes them if it shall")
    func refreshed() throws {
        let workshop = try Workshop()
        defer { workshop.remove() }
        let server = try FileServer(workshop)
        defer { server.stop() }
        try server.write("origin,temp\nEWR,1\n")
        try start(workshop, server)
        let manifest = try String(
            contentsOfFile: workshop.clone + "/weather.yaml", encoding: .utf8)
        try workshop.write(manifest + "  refresh: {onChange: 1s}\n", to: "weather.yaml")
        _ = try workshop.commitAndPush("Refresh")

        let controller = try workshop.launch(
            Workshop.ingot,
            [
                "run", "--interval", "1", "--repository", workshop.bare, "--state",
                workshop.state,
            ],
            environment: [
                "INGOT_CONFIG": workshop.folder + "/config.yaml",
                "INGOT_TEST_TOKEN": "t0p-secret",
            ], output: workshop.folder + "/run.out", error: workshop.folder + "/run.err")
        defer {
            controller.terminate()
            controller.waitUntilExit()
        }
        func said() -> String {
            (try? String(contentsOfFile: workshop.folder + "/run.err", encoding: .utf8)) ?? ""
        }
        func wait(_ isSo: () throws -> Bool) throws {
            for _ in 0..<600 {
                if try isSo() { return }
                usleep(100_000)
            }
            Issue.record("it does not come: \(said())")
        }
        func main() throws -> String {
            try workshop.git("log", "-1", "--format=%an %s", "main", in: workshop.bare)
        }
        try wait { try main() == "ingot Snapshot weather" }
        let first = try digests(workshop)
        try server.write("origin,temp\nEWR,2\n")
        try wait { try digests(workshop) != first }
        let second = try workshop.git("rev-parse", "main", in: workshop.bare)

        try workshop.git("pull", "-q", "origin", "main")
        try workshop.write(
            """
            apiVersion: ingot/v1
            kind: Project
            metadata: {name: web}
            spec: {snapshots: {push: proposal}}

            """, to: "ingot.yaml")
        let third = try workshop.commitAndPush("Propose")
        #expect(third != second)
        try wait { said().contains("settled main@sha1:\(third.prefix(7))") }
        try server.write("origin,temp\nEWR,3\n")
        try wait {
            try workshop.git("branch", "--list", "proposal/*", in: workshop.bare).contains(
                "proposal/snapshot-20")
        }
        #expect(try workshop.git("rev-parse", "main", in: workshop.bare) == third)
    }

    @Test("what is wrong with credentials is told, and a secret shows nowhere")
    func credentials() throws {
        let workshop = try Workshop()
        defer { workshop.remove() }
        let server = try FileServer(workshop)
        defer { server.stop() }
        try server.write("origin,temp\nEWR,1\n")
        try start(workshop, server)
        let config = workshop.folder + "/config.yaml"
        let missing = try ingot(workshop, "snapshot", token: nil)
        #expect(missing.status == 1)
        #expect(
            missing.standardError == """
                error: dataset/weather: the field 'token' of the credentials 'web' cannot be read from the environment variable INGOT_TEST_TOKEN
                hint: correct the entry, or provide what it names

                """)
        let wrong = try ingot(workshop, "snapshot", token: "wr0ng-secret")
        #expect(
            wrong.standardError == """
                error: dataset/weather: http://127.0.0.1:\(server.port)/a.csv: the server answered 401 Unauthorized
                hint: correct the source's credentials in the controller's configuration; the step is retried

                """)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: config)
        let open = try ingot(workshop, "snapshot")
        #expect(
            open.standardError == """
                error: dataset/weather: \(config) can be read by everybody
                hint: chmod 600 \(config)

                """)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: config)
        try "credentials: {wep: {token: a}}\n".write(
            toFile: config, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: config)
        let unknown = try ingot(workshop, "snapshot")
        #expect(
            unknown.standardError == """
                error: dataset/weather: \(config) has no credentials 'web'
                hint: did you mean 'wep'?

                """)
        let unnamed = try ingot(workshop, "snapshot", "whether")
        #expect(
            unnamed.standardError == """
                error: there is no resource 'dataset/whether'
                hint: did you mean 'weather'?

                """)
        for (name, secret) in [("state", "t0p-secret"), ("state", "wr0ng-secret")] {
            let found = try workshop.run("grep", ["-r", secret, workshop.folder + "/" + name])
            #expect(found.standardOutput == "")
        }
    }
}
