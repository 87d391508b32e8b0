import Foundation
import NIOCore
import ResourceAPI
import Testing

@testable import Serving

@Suite("Instances as processes")
struct ProcessTests {
    private func launch(
        _ fixture: ServingFixture, script: String
    ) async throws -> (instance: any LaunchedInstance, logPath: String) {
        let path = fixture.folder + "/instance.sh"
        try Data("#!/bin/sh\n\(script)\n".utf8).write(to: URL(filePath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: path)
        let logPath = fixture.folder + "/log"
        let instance = try await ProcessLauncher(executablePath: path).launch(
            InstanceConfiguration(
                served: ServingFixture.served(), socketPath: fixture.folder + "/run/i.sock"),
            logPath: logPath)
        return (instance, logPath)
    }

    private func text(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test("an instance gets its configuration, and its words and its exit code are kept")
    func exit() async throws {
        let fixture = try ServingFixture()
        let (instance, logPath) = try await launch(
            fixture, script: #"echo "$1 $2"; cp "$3" "$3.copy"; echo "no such model" >&2; exit 3"#)
        #expect(await instance.waitForEnd() == "exited with code 3")
        #expect(text(logPath) == "instance --config\nno such model\n")
        let path = fixture.folder + "/run/i.sock.json"
        #expect(!FileManager.default.fileExists(atPath: path))
        let configuration = try InstanceConfiguration.read(path: path + ".copy")
        #expect(configuration.served == (try ServingFixture.served()))
    }

    private func waitUntilUp(_ logPath: String) async throws {
        while text(logPath)?.contains("up") != true {
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    @Test("an instance is asked to end, and killed if it does not")
    func stop() async throws {
        let fixture = try ServingFixture()
        let (polite, politeLog) = try await launch(fixture, script: "echo up; exec sleep 60")
        try await waitUntilUp(politeLog)
        await polite.terminate()
        #expect(await polite.waitForEnd() == "was ended by signal 15")
        let (stubborn, logPath) = try await launch(
            fixture, script: "trap '' TERM; echo up; sleep 60 & wait; wait")
        try await waitUntilUp(logPath)
        await stubborn.terminate()
        await stubborn.kill()
        #expect(await stubborn.waitForEnd() == "was ended by signal 9")
    }

    @Test("an instance is asked to end in the same way while it is being started")
    func stopAtStart() async throws {
        let fixture = try ServingFixture()
        let (polite, _) = try await launch(fixture, script: "exec sleep 60")
        await polite.terminate()
        #expect(await polite.waitForEnd() == "was ended by signal 15")
        let (killed, _) = try await launch(fixture, script: "exec sleep 60")
        await killed.kill()
        await killed.terminate()
        #expect(await killed.waitForEnd() == "was ended by signal 9")
    }

    @Test("standard input is a pipe that stays open, in a session of the instance's own")
    func lifeline() async throws {
        let fixture = try ServingFixture()
        // read waits as long as the pipe is open; the session's leader is the instance itself.
        let (instance, logPath) = try await launch(
            fixture, script: "ps -o sid= -p $$ | tr -d ' '; echo $$; read line; echo closed")
        while text(logPath)?.split(separator: "\n").count != 2 {
            try await Task.sleep(for: .milliseconds(5))
        }
        let lines = text(logPath)?.split(separator: "\n") ?? []
        #expect(lines.count == 2 && lines.first == lines.last)
        await instance.kill()
        #expect(await instance.waitForEnd() == "was ended by signal 9")
        #expect(text(logPath)?.contains("closed") == false)
    }

    @Test("an executable that is missing is an end with a reason")
    func missing() async throws {
        let fixture = try ServingFixture()
        let instance = try await ProcessLauncher(executablePath: "/nowhere/ingot").launch(
            InstanceConfiguration(
                served: ServingFixture.served(), socketPath: fixture.folder + "/run/i.sock"),
            logPath: fixture.folder + "/log")
        let how = await instance.waitForEnd()
        #expect(how.hasPrefix("could not be started: "))
    }

    @Test("the last line of a log is what an instance said last")
    func lastWords() async throws {
        let fixture = try ServingFixture()
        let folders = try GatewayFolders(statePath: fixture.folder)
        let path = folders.logPath(deployment: "a", id: 1)
        #expect(folders.lastWords(path) == nil)
        try Data((String(repeating: "x\n", count: 5000) + "error: last\n\n").utf8).write(
            to: URL(filePath: path))
        #expect(folders.lastWords(path) == "error: last")
        await folders.release()
    }

    @Test("a client that is slower than its limits is overdue")
    func overdue() {
        let clock = ConnectionClock()
        #expect(!clock.isOverdue(.now() + .seconds(9)))
        #expect(clock.isOverdue(.now() + .seconds(11)))
        clock.enter(.body)
        #expect(!clock.isOverdue(.now() + .seconds(59)))
        #expect(clock.isOverdue(.now() + .seconds(61)))
        clock.enter(.answering)
        #expect(!clock.isOverdue(.now() + .hours(1)))
        clock.enter(.idle)
        #expect(clock.isOverdue(.now() + .seconds(76)))
    }

    @Test("paths of the protocol, and what is none")
    func paths() {
        #expect(V2Path("/") == .root)
        #expect(V2Path("/v2/") == .server)
        #expect(V2Path("/v2/health/live?x=/1") == .live)
        #expect(V2Path("/v2/models/a") == .model(name: "a", version: nil, .metadata))
        #expect(V2Path("/v2/models/a/versions/2/infer") == .model(name: "a", version: "2", .infer))
        #expect(V2Path("/v2/models/a/versions/2") == .model(name: "a", version: "2", .metadata))
        for path in [
            "", "v2", "*", "/v1", "/v2/models", "/v2/models/", "/v2/models//infer",
            "/v2/models/a/versions", "/v2/models/a/b/c/d", "/v2/health", "/../v2",
        ] {
            #expect(V2Path(path) == nil, "\(path)")
        }
    }
}
