import Foundation
import Planning
import ResourceAPI
import StateStore
import Testing

@Suite("Opening the state")
struct OpeningTests {
    let scratch: Scratch

    init() throws {
        scratch = try Scratch()
    }

    private func openWriter() async throws { try await scratch.writer().close() }
    private func openReader() async throws { try await scratch.reader().close() }

    @Test("without a state there is nothing to read")
    func missing() async throws {
        let error = await stateError { try await openReader() }
        #expect(
            error?.description == """
                no state in \(scratch.state)
                hint: run `ingot apply` or `ingot run` first
                """)
        #expect(FileManager.default.fileExists(atPath: scratch.state) == false)
    }

    @Test("a folder that cannot be made is named")
    func unusable() async throws {
        let file = try scratch.output(["file": ""]) + "/file"
        let error = await stateError {
            _ = try await StateStore.openWriter(directory: file + "/.ingot", clock: { 0 })
        }
        #expect(
            error?.description == """
                cannot use the state directory \(file)/.ingot: Not a directory
                hint: it must be a folder that this user can write to
                """)
    }

    @Test("a second writer is refused with the number of the first one's process")
    func twoWriters() async throws {
        let first = try await scratch.writer()
        let error = await stateError { try await openWriter() }
        #expect(
            error?.description == """
                another controller (process \(getpid())) is using the state directory \(scratch.state)
                hint: stop it first, or give this one another state directory
                """)
        #expect(try await first.runs().isEmpty)
    }

    @Test("the lock goes with the process that holds it, however it ends")
    func lockOfAnotherProcess() async throws {
        try FileManager.default.createDirectory(
            atPath: scratch.state, withIntermediateDirectories: true)
        let process = Process()
        let (input, output) = (Pipe(), Pipe())
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "python3", "-c",
            """
            import fcntl, os, sys
            f = open(sys.argv[1], "w"); fcntl.flock(f, fcntl.LOCK_EX)
            f.write(f"{os.getpid()}\\n"); f.flush()
            print(os.getpid(), flush=True); sys.stdin.read()
            """, scratch.state + "/state.lock",
        ]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        let answer = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        let holder = answer.trimmingCharacters(in: .whitespacesAndNewlines)
        let error = await stateError { try await openWriter() }
        #expect(
            error?.message
                == "another controller (process \(holder)) is using the state directory \(scratch.state)"
        )
        #expect(kill(Int32(holder) ?? 0, SIGKILL) == 0)
        process.waitUntilExit()
        try await openWriter()
    }

    @Test("a state of a newer Ingot is refused and stays as it is")
    func newerSchema() async throws {
        try await openWriter()
        try scratch.sql("PRAGMA user_version = 99")
        let path = scratch.state + "/state.sqlite"
        let before = try Data(contentsOf: URL(fileURLWithPath: path))
        for open in [openWriter, openReader] {
            let error = await stateError { try await open() }
            #expect(
                error?.description == """
                    \(path) was written by a newer Ingot: its schema is 99, this one knows up to 2
                    hint: use that version of Ingot; nothing was changed
                    """)
            #expect(error?.isFatal == true)
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
    }

    @Test("a reader does not bring an older state up to date")
    func olderSchema() async throws {
        try await openWriter()
        try scratch.sql("PRAGMA user_version = -1")
        let error = await stateError { try await openReader() }
        #expect(
            error?.description == """
                \(scratch.state)/state.sqlite was written by an older Ingot: its schema is -1, this one reads 2
                hint: run `ingot apply` or `ingot run` once, which brings it up to date
                """)
    }

    @Test("a state that a writer is just making is no state yet")
    func stateInTheMaking() async throws {
        let message = """
            no state in \(scratch.state)
            hint: run `ingot apply` or `ingot run` first
            """
        try await openWriter()
        // After the application id, before the first migration is complete.
        try scratch.sql("PRAGMA user_version = 0")
        #expect(await stateError { try await openReader() }?.description == message)
    }

    @Test("a first start that was killed before the application id was written is gone on with")
    func listOfMigrationsOnly() async throws {
        try FileManager.default.createDirectory(
            atPath: scratch.state, withIntermediateDirectories: true)
        try scratch.sql("CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY)")
        #expect(
            await stateError { try await openReader() } == .stateMissing(directory: scratch.state))
        try await openWriter()
        try await openReader()
    }

    @Test(
        "another program's database is refused and stays as it is",
        arguments: [
            "CREATE TABLE songs (title TEXT)",
            """
            CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
            INSERT INTO grdb_migrations VALUES ('songs');
            """,
        ])
    func foreign(content: String) async throws {
        try FileManager.default.createDirectory(
            atPath: scratch.state, withIntermediateDirectories: true)
        try scratch.sql(content)
        let path = scratch.state + "/state.sqlite"
        let before = try Data(contentsOf: URL(fileURLWithPath: path))
        for open in [openWriter, openReader] {
            let error = await stateError { try await open() }
            #expect(
                error?.description == """
                    \(path) is an SQLite database, but not one of Ingot's
                    hint: give Ingot a state directory of its own
                    """)
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
    }

    @Test("a damaged database is refused with a way out, and never deleted")
    func corrupt() async throws {
        try await openWriter()
        let path = scratch.state + "/state.sqlite"
        let garbage = Data(repeating: 0x2A, count: 8192)
        try garbage.write(to: URL(fileURLWithPath: path))
        for open in [openWriter, openReader] {
            let error = await stateError { try await open() }
            #expect(
                error?.description == """
                    \(path) is damaged: file is not a database
                    hint: nothing was deleted: `ingot rebuild` moves the file aside and makes a new one from the store's records
                    """)
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == garbage)
    }

    @Test("damage in the middle of the database is found when a writer starts")
    func corruptPage() async throws {
        do {
            let store = try await scratch.writer()
            for number in 1...50 {
                _ = try await store.startRun(newRun("dataset/a#snapshot", "\(number)"))
            }
            try await store.close()
        }
        let path = scratch.state + "/state.sqlite"
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        let half = bytes.count / 2
        bytes.replaceSubrange(
            half..<bytes.count, with: Data(repeating: 0xFF, count: bytes.count - half))
        try bytes.write(to: URL(fileURLWithPath: path))
        let error = await stateError { try await openWriter() }
        guard case .corruptDatabase(let named, _) = error else {
            Issue.record("not refused: \(String(describing: error))")
            return
        }
        #expect(named == path)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == bytes)
    }

    @Test("an empty file, left by a first start that was killed, is begun anew")
    func emptyFile() async throws {
        try FileManager.default.createDirectory(
            atPath: scratch.state, withIntermediateDirectories: true)
        try Data().write(to: URL(fileURLWithPath: scratch.state + "/state.sqlite"))
        let error = await stateError { try await openReader() }
        #expect(error == .stateMissing(directory: scratch.state))
        try await openWriter()
        try await openReader()
    }

    @Test("a journal, left by a first start that was killed, is rolled back")
    func killedFirstTransaction() async throws {
        try FileManager.default.createDirectory(
            atPath: scratch.state, withIntermediateDirectories: true)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        // Pages of the transaction are in the file already, as when it is about to be committed.
        process.arguments = [
            "python3", "-c",
            """
            import os, signal, sqlite3, sys
            database = sqlite3.connect(sys.argv[1], isolation_level=None)
            database.execute("PRAGMA cache_size = 1")
            database.execute("BEGIN")
            database.execute("CREATE TABLE t (a)")
            database.executemany("INSERT INTO t VALUES (?)", [["x" * 3000]] * 100)
            os.kill(os.getpid(), signal.SIGKILL)
            """, scratch.state + "/state.sqlite",
        ]
        try process.run()
        process.waitUntilExit()
        #expect(FileManager.default.fileExists(atPath: scratch.state + "/state.sqlite-journal"))
        #expect(
            await stateError { try await openReader() } == .stateMissing(directory: scratch.state))
        let store = try await scratch.writer()
        #expect(try await store.runs().isEmpty)
        try await store.close()
        try await openReader()
    }

    @Test("a reader reads beside a writer, and cannot write")
    func readerBesideWriter() async throws {
        let writer = try await scratch.writer()
        let reader = try await scratch.reader()
        async let written: Void = {
            for number in 1...30 {
                _ = try await writer.succeed(
                    scratch, newRun("dataset/a#snapshot", "\(number)"), "content \(number)")
            }
        }()
        for _ in 1...30 {
            let state = try await reader.recordedState()
            // One consistent view: a result is never there without its execution.
            #expect(state.results.isEmpty == state.lastExecutions.isEmpty)
        }
        try await written
        #expect(try await reader.recordedState().results.count == 30)
        #expect(try await reader.runs(limit: 100).count == 30)
        let error = await stateError {
            _ = try await reader.startRun(newRun("dataset/a#snapshot", "x"))
        }
        #expect(
            error?.description == """
                the state was opened for reading only
                hint: only `ingot run` and `ingot apply` write to the state
                """)
    }

    @Test("a reader changes no byte of what a killed writer left")
    func readerAfterKill() async throws {
        let copy = try Scratch()
        do {
            let writer = try await scratch.writer()
            _ = try await writer.succeed(scratch, newRun("dataset/a#snapshot", "1"), "one")
            // What is on disk now is what a kill would leave: the log is not yet checkpointed.
            try FileManager.default.copyItem(atPath: scratch.state, toPath: copy.state)
            try await writer.close()
        }
        let names = ["/state.sqlite", "/state.sqlite-wal"]
        let before = try names.map { try Data(contentsOf: URL(fileURLWithPath: copy.state + $0)) }
        do {
            let reader = try await copy.reader()
            #expect(try await reader.recordedState().results.count == 1)
            try await reader.close()
        }
        let after = try names.map { try Data(contentsOf: URL(fileURLWithPath: copy.state + $0)) }
        #expect(before == after)
        #expect(before[1].isEmpty == false)
    }

    @Test("after a kill in the middle, half-written files are swept and running runs are over")
    func recovery() async throws {
        do {
            let writer = try await scratch.writer()
            _ = try await writer.succeed(scratch, newRun("dataset/a#snapshot", "1"), "one")
            _ = try await writer.startRun(newRun("dataset/a#profile", "2"))
            try Data("half".utf8).write(
                to: URL(fileURLWithPath: scratch.state + "/store/tmp/99"))
            try await writer.close()
            try await writer.close()
            let error = await stateError { _ = try await writer.runs() }
            #expect(error?.description == "the state is closed: this process is about to end")
        }
        let writer = try await scratch.writer()
        #expect(try scratch.files(below: ".ingot/store/tmp").isEmpty)
        #expect(try await writer.abandonRunningRuns() == ["run-2"])
        #expect(try await writer.abandonRunningRuns().isEmpty)
        let run = try await writer.run("run-2")
        #expect(run.state == .failed)
        #expect(
            run.failure
                == RunFailure(
                    class: "interrupted", code: "Interrupted",
                    message: "the controller ended while the step ran"))
        #expect(run.isDeterministic == false)
        let state = try await writer.recordedState()
        #expect(state.failures.isEmpty)
        #expect(state.results.count == 1)
        let events = try await writer.events(EventFilter(kinds: [.runInterrupted]))
        #expect(
            events.map(\.event.result) == ["Interrupted: the controller ended while the step ran"])
        #expect(try await writer.verify(isDeep: true).findings.isEmpty)
        _ = try await writer.startRun(newRun("dataset/a#profile", "2", attempt: 2))
    }
}
