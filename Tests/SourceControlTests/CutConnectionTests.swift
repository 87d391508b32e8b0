import Foundation
import ResourceAPI
import Testing

@testable import SourceControl

@Suite("Connections that break")
struct CutConnectionTests {
    private func source(_ scratch: Scratch) throws -> (git: Git, tip: CommitID) {
        let git = try scratch.repository()
        var noise = SystemRandomNumberGenerator()
        for number in 0..<20 {
            let text = (0..<400).map { _ in String(noise.next(), radix: 36) }.joined()
            try git.write("file\(number)", text)
        }
        return (git, try git.commit("first"))
    }

    @Test(
        "a connection that is cut at any byte changes nothing; the next fetch succeeds",
        .timeLimit(.minutes(3)))
    func cut() async throws {
        let scratch = try Scratch()
        let (git, tip) = try source(scratch)
        let server = try GitServer(scratch, serving: git)
        let child = try FetchChildEntry.child(["INGOT_CA_FILE": server.certificatePath])
        let proxy = try CuttingProxy(scratch, to: server.port)
        let url = try RepositoryURL("https://localhost:\(proxy.port)/repo.git")
        let path = scratch.path + "/repo.git"
        let mirror = try SourceControl.Mirror(at: path, of: url, fetcher: child)
        for bytes in [0, 1, 100, 2500, 4000, 6000, 20_000, 40_000, 55_000] {
            try proxy.limit(bytes)
            let text = await message { _ = try await mirror.update(branch: "main") }
            #expect(text.hasPrefix("fetching \(url) failed: "), "\(bytes)")
            #expect(try await !mirror.repository.contains(tip))
            #expect(try await mirror.repository.branches().isEmpty)
            #expect(try Git(path: path).run(["for-each-ref"]) == "")
            let packs = try FileManager.default.contentsOfDirectory(atPath: path + "/objects/pack")
            #expect(!packs.contains { $0.hasSuffix(".pack") || $0.hasSuffix(".idx") })
        }
        try proxy.limit(1 << 40)
        #expect(try await mirror.update(branch: "main") == tip)
        #expect(try Git(path: path).run(["fsck", "--strict", "--full"]) == "")
    }

    @Test(
        "a fetch that is killed in the middle of the pack leaves nothing to be seen",
        .timeLimit(.minutes(2)))
    func killed() async throws {
        let scratch = try Scratch()
        let (git, tip) = try source(scratch)
        let server = try GitServer(scratch, serving: git)
        let proxy = try CuttingProxy(scratch, to: server.port)
        let url = try RepositoryURL("https://localhost:\(proxy.port)/repo.git")
        let path = scratch.path + "/repo.git"
        let environment = ["INGOT_CA_FILE": server.certificatePath]
        let hurried = try FetchChildEntry.child(environment, deadline: .seconds(4))
        let mirror = try SourceControl.Mirror(at: path, of: url, fetcher: hurried)
        try proxy.limit(60_000, stalls: true)
        let text = await message { _ = try await mirror.update(branch: "main") }
        #expect(
            text == """
                fetching \(url) took longer than 4 s and was stopped
                hint: the next poll tries again; check the network and the server
                """)
        #expect(try await !mirror.repository.contains(tip))
        #expect(try Git(path: path).run(["for-each-ref"]) == "")
        // What the killed child was writing is swept away when the mirror is opened.
        let patient = try FetchChildEntry.child(environment)
        let opened = try SourceControl.Mirror(at: path, of: url, fetcher: patient)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: path + "/objects/pack").isEmpty)
        try proxy.limit(1 << 40)
        #expect(try await opened.update(branch: "main") == tip)
    }

    @Test("a damaged mirror of a server is made anew from it", .timeLimit(.minutes(2)))
    func repair() async throws {
        let scratch = try Scratch()
        let (git, tip) = try source(scratch)
        let server = try GitServer(scratch, serving: git)
        let child = try FetchChildEntry.child(["INGOT_CA_FILE": server.certificatePath])
        let url = try RepositoryURL("https://localhost:\(server.port)/repo.git")
        let path = scratch.path + "/repo.git"
        let mirror = try SourceControl.Mirror(at: path, of: url, fetcher: child)
        #expect(try await mirror.update(branch: "main") == tip)
        for name in try FileManager.default.contentsOfDirectory(atPath: path + "/objects/pack") {
            try FileManager.default.removeItem(atPath: path + "/objects/pack/" + name)
        }
        let opened = try SourceControl.Mirror(at: path, of: url, fetcher: child)
        let repair = try #require(try await opened.repair(branch: "main"))
        #expect(repair.lost == [])
        #expect(repair.damage.code == "MissingObject")
        #expect(try await opened.repository.contains(tip))
        #expect(try Git(path: path).run(["fsck", "--strict", "--full"]) == "")
    }
}

/// Passes bytes on to a port until a number of them has come back, then cuts or holds the connection.
private final class CuttingProxy {
    let port: Int
    private let process = Process()
    private let input = Pipe()
    private let limitPath: String

    init(_ scratch: Scratch, to target: Int) throws {
        limitPath = scratch.path + "/limit"
        let program = scratch.path + "/proxy.py"
        try Data(Self.program.utf8).write(to: URL(fileURLWithPath: program))
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", program, String(target), limitPath]
        let output = Pipe()
        process.standardOutput = output
        process.standardInput = input
        try process.run()
        var line: [UInt8] = []
        while let byte = output.fileHandleForReading.readData(ofLength: 1).first,
            byte != UInt8(ascii: "\n")
        {
            line.append(byte)
        }
        port = try #require(Int(String(decoding: line, as: UTF8.self)))
    }

    /// For all connections together, from now on.
    func limit(_ bytes: Int, stalls: Bool = false) throws {
        try Data("\(bytes) \(stalls ? 1 : 0)".utf8).write(
            to: URL(fileURLWithPath: limitPath), options: .atomic)
    }

    deinit {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    private static let program = """
        import os, socket, sys, threading, time

        target, path = int(sys.argv[1]), sys.argv[2]
        lock = threading.Lock()
        state = {"stamp": None, "left": 0, "stalls": False}

        def take(count):
            with lock:
                stamp = os.stat(path).st_ino
                if state["stamp"] != stamp:
                    left, stalls = open(path).read().split()
                    state.update(stamp=stamp, left=int(left), stalls=stalls == "1")
                taken = min(count, state["left"])
                state["left"] -= taken
                return taken, state["stalls"]

        def forward(source, sink):
            try:
                while data := source.recv(65536):
                    sink.sendall(data)
            except OSError:
                pass

        def back(source, sink):
            try:
                while data := source.recv(65536):
                    taken, stalls = take(len(data))
                    sink.sendall(data[:taken])
                    if taken < len(data):
                        if stalls:
                            time.sleep(3600)
                        break
            except OSError:
                pass
            for end in (source, sink):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

        def accept(listener):
            while True:
                client, _ = listener.accept()
                server = socket.create_connection(("127.0.0.1", target))
                threading.Thread(target=forward, args=(client, server), daemon=True).start()
                threading.Thread(target=back, args=(server, client), daemon=True).start()

        listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=accept, args=(listener,), daemon=True).start()
        print(listener.getsockname()[1], flush=True)
        sys.stdin.read()
        """
}
