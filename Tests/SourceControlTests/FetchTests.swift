import Foundation
import Glibc
import ResourceAPI
import Testing

@testable import SourceControl

@Suite("Fetching over the network, in a child process")
struct FetchTests {
    private func mirror(
        _ scratch: Scratch, _ url: String, _ child: FetchChild
    ) throws -> SourceControl.Mirror {
        try SourceControl.Mirror(
            at: scratch.path + "/repo.git", of: RepositoryURL(url), fetcher: child)
    }

    @Test("a branch is fetched by https, updated, and force-pushed", .timeLimit(.minutes(2)))
    func https() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        try git.write("a/b", "1")
        let first = try git.commit("first")
        let server = try GitServer(scratch, serving: git)
        let child = try FetchChildEntry.child(["INGOT_CA_FILE": server.certificatePath])
        let url = "https://localhost:\(server.port)/repo.git"
        let mirror = try mirror(scratch, url, child)
        #expect(try await mirror.update(branch: "main") == first)
        try git.write("a/c", "2")
        let second = try git.commit("second")
        #expect(try await mirror.update(branch: "main") == second)
        #expect(try await mirror.update(branch: "main") == second)
        try git.run(["reset", "-q", "--hard", first.hex])
        let other = try git.commit("other")
        #expect(try await mirror.update(branch: "main") == other)
        #expect(try await mirror.repository.mergeBase(second, other) == first)
        let listing = try await mirror.repository.files(
            at: second, under: RepositoryPath(""), matching: [])
        #expect(listing.files.map(\.path.display) == ["a/b", "a/c"])
        let bare = Git(path: scratch.path + "/repo.git")
        #expect(try bare.run(["fsck", "--strict", "--full"]) == "")
        #expect(server.authorizations.isEmpty)
        let missing = await message { _ = try await mirror.update(branch: "mian") }
        #expect(
            missing == """
                fetching \(url) failed: there is no branch 'mian' in \(url)
                hint: did you mean 'main'? branches: main
                """)
    }

    @Test("credentials are sent to the named host only", .timeLimit(.minutes(2)))
    func credentials() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        let first = try git.commit("first")
        let server = try GitServer(scratch, serving: git)
        let base = "localhost:\(server.port)"
        func fetch(_ url: String, _ environment: [String: String]) async -> String {
            await message {
                var all = environment
                all["INGOT_CA_FILE"] = server.certificatePath
                let child = try FetchChildEntry.child(all)
                _ = try await mirror(scratch, url, child).update(branch: "main")
            }
        }
        let good = ["INGOT_GIT_USERNAME": "ada", "INGOT_GIT_PASSWORD": "secret"]
        let bad = ["INGOT_GIT_USERNAME": "ada", "INGOT_GIT_PASSWORD": "wrong"]
        let address = "https://\(base)/private/repo.git"
        #expect(
            await fetch(address, [:]) == """
                fetching \(address) failed: localhost asks for credentials
                hint: set INGOT_GIT_USERNAME and INGOT_GIT_PASSWORD (a token)
                """)
        #expect(
            await fetch(address, bad) == """
                fetching \(address) failed: localhost refused the credentials
                hint: check INGOT_GIT_USERNAME and INGOT_GIT_PASSWORD
                """)
        let sent = server.authorizations.count
        let redirected = await fetch("https://\(base)/redirect/repo.git", good)
        #expect(redirected.hasPrefix("fetching https://\(base)/redirect/repo.git failed: "))
        #expect(server.authorizations.count == sent)

        let environment = good.merging(["INGOT_CA_FILE": server.certificatePath]) { $1 }
        let child = try FetchChildEntry.child(environment)
        #expect(try await mirror(scratch, address, child).update(branch: "main") == first)
        // A URL's own credentials come before those of the environment.
        let own = try FetchChildEntry.child(
            bad.merging(["INGOT_CA_FILE": server.certificatePath]) { $1 })
        let url = "https://ada:secret@\(base)/private/repo.git"
        #expect(try await mirror(scratch, url, own).update(branch: "main") == first)
    }

    @Test("a certificate of an unknown authority is refused", .timeLimit(.minutes(1)))
    func certificate() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        try git.commit("first")
        let server = try GitServer(scratch, serving: git)
        let url = "https://localhost:\(server.port)/repo.git"
        let mirror = try mirror(scratch, url, FetchChildEntry.child())
        let text = await message { _ = try await mirror.update(branch: "main") }
        #expect(
            text == """
                fetching \(url) failed: the certificate of localhost is not trusted
                hint: a private certificate authority is named with INGOT_CA_FILE=<file.pem>
                """)
        let name = "https://127.0.0.1:\(server.port)/repo.git"
        let child = try FetchChildEntry.child(["INGOT_CA_FILE": server.certificatePath])
        let other = try self.mirror(scratch, name, child)
        let wrong = await message { _ = try await other.update(branch: "main") }
        #expect(
            wrong.hasPrefix(
                "fetching \(name) failed: the certificate of 127.0.0.1 is not trusted"))
        #expect(try await mirror.repository.branches().isEmpty)
    }

    @Test(
        "a server that says nothing is given up at the deadline, and its child is dead",
        .timeLimit(.minutes(1)))
    func silent() async throws {
        let scratch = try Scratch()
        let listener = try SilentListener()
        let url = "https://127.0.0.1:\(listener.port)/repo.git"
        let child = try FetchChildEntry.child(deadline: .seconds(2))
        let mirror = try mirror(scratch, url, child)
        let text = await message { _ = try await mirror.update(branch: "main") }
        #expect(
            text == """
                fetching \(url) took longer than 2 s and was stopped
                hint: the next poll tries again; check the network and the server
                """)
        // The child got as far as the server, and has gone.
        #expect(listener.waitsForEndOfConnection())
    }

    @Test("a cancelled task kills the child at once", .timeLimit(.minutes(1)))
    func cancelled() async throws {
        let scratch = try Scratch()
        let listener = try SilentListener()
        let url = "https://127.0.0.1:\(listener.port)/repo.git"
        let child = try FetchChildEntry.child(deadline: .seconds(3600))
        let mirror = try mirror(scratch, url, child)
        let task = Task { try await mirror.update(branch: "main") }
        listener.waitForConnection()
        task.cancel()
        await #expect(throws: SourceControlError.cancelled) { try await task.value }
        #expect(listener.waitsForEndOfConnection())
    }

    @Test("a child that cannot start, crashes, or says nonsense is an error")
    func badChildren() async throws {
        let scratch = try Scratch()
        func fetch(_ path: String, _ arguments: [String]) async throws -> String {
            let child = FetchChild(
                executablePath: path, leadingArguments: arguments, environment: [:])
            let mirror = try mirror(scratch, "https://example.org/x", child)
            return await message { _ = try await mirror.update(branch: "main") }
        }
        let start = "fetching https://example.org/x failed: the child "
        #expect(
            try await fetch("/none/ingot", [])
                == "cannot start /none/ingot: No such file or directory")
        #expect(
            try await fetch("/bin/sh", ["-c", "echo oops >&2; exit 3"])
                == start + "ended with exit code 3\nhint: it said: oops")
        #expect(
            try await fetch("/bin/sh", ["-c", "kill -SEGV $$"]) == start + "was killed by signal 11"
        )
        #expect(try await fetch("/bin/echo", ["{}"]) == start + "ended with exit code 0")
        // A grandchild that keeps the output open is neither waited for nor left behind.
        #expect(
            try await fetch("/bin/sh", ["-c", "sleep 3600 & echo $! >&2; exit 4"])
                .hasPrefix(start + "ended with exit code 4"))
        // More output than is kept does not stop the child.
        #expect(
            try await fetch("/bin/sh", ["-c", "head -c 5000000 /dev/zero; exit 5"])
                == start + "ended with exit code 5")
        let lie = #"{"commit":"1111111111111111111111111111111111111111"}"#
        #expect(
            try await fetch("/bin/sh", ["-c", "echo '\(lie)'"])
                .hasPrefix("commit 1111111111111111111111111111111111111111 is missing"))
    }

    @Test("the child refuses what is no URL of a server, no branch, and no mirror")
    func badArguments() throws {
        let scratch = try Scratch()
        func perform(_ url: String, _ branch: String = "main", mirror: String = "m") -> String {
            let report = FetchCommand.perform(
                mirrorPath: scratch.path + "/" + mirror, url: url, branch: branch,
                environment: [:], limitsProcess: false)
            #expect(FetchReport(output: Array((report.line + "\n").utf8)) == report)
            return report.problem?.code ?? ""
        }
        #expect(perform("/srv/x") == "BadURL")
        #expect(perform("ext::sh -c id") == "UnsupportedScheme")
        #expect(perform("https://localhost:1/x", "-c x") == "BadBranchName")
        #expect(perform("https://localhost:1/x", mirror: "none/none") == "MirrorUnusable")
        #expect(perform("https://localhost:1/x") == "FetchFailed")
    }
}

/// Accepts connections on a loopback port (the system's queue does) and never says a word.
private final class SilentListener {
    let port: Int
    private let descriptor: Int32
    private var connection: Int32 = -1

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let size = length
        let descriptor = descriptor
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { name in
                bind(descriptor, name, size) == 0 && listen(descriptor, 8) == 0
                    && getsockname(descriptor, name, &length) == 0
            }
        }
        try #require(isBound)
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    func waitForConnection() {
        if connection < 0 { connection = accept(descriptor, nil, nil) }
    }

    /// Reads what the client says until it has gone.
    func waitsForEndOfConnection() -> Bool {
        waitForConnection()
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(connection, &buffer, buffer.count)
            // A client that was killed with bytes unread resets the connection.
            if count <= 0 { return count == 0 || errno == ECONNRESET }
        }
    }

    deinit {
        if connection >= 0 { close(connection) }
        close(descriptor)
    }
}
