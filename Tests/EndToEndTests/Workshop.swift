import Foundation
import Testing

/// A throw-away factory: a bare repository, a clone to work in, a state directory, and the real
/// `ingot` binary. Everything lies below one folder and is gone at the end.
final class Workshop: Sendable {
    let folder: String
    let port: Int

    var bare: String { folder + "/repository.git" }
    var clone: String { folder + "/clone" }
    var state: String { folder + "/state" }
    var url: String { "http://127.0.0.1:\(port)" }

    init() throws {
        folder = NSTemporaryDirectory() + "ingot-e2e-" + UUID().uuidString.prefix(8)
        port = try Workshop.freePort()
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        try git("init", "-q", "--bare", "-b", "main", bare, in: folder)
        try git("init", "-q", "-b", "main", clone, in: folder)
        try git("remote", "add", "origin", bare)
        try author("Ada Flight", "ada@example.com")
    }

    func remove() {
        try? FileManager.default.removeItem(atPath: folder)
    }

    // MARK: - Places

    static let root: String = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

    static var fixtures: String { root + "/Tests/EndToEndTests/Fixtures" }

    /// Beside the test bundle, as SwiftPM builds it.
    static var ingot: String {
        URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().path + "/ingot"
    }

    /// Bound and released: free a moment ago, which is all that can be known.
    private static func freePort() throws -> Int {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, length) == 0 && getsockname(socket, $0, &length) == 0
            }
        }
        try #require(bound)
        return Int(UInt16(bigEndian: address.sin_port))
    }

    // MARK: - Commands

    struct Output {
        let status: Int32
        let standardOutput: String
        let standardError: String
    }

    /// Runs a program to its end. Output goes through files: a pipe would stay open as long as any
    /// grandchild lives.
    @discardableResult
    func run(
        _ program: String, _ arguments: [String], in directory: String? = nil,
        environment extra: [String: String] = [:]
    ) throws -> Output {
        let base = folder + "/out-" + UUID().uuidString
        let process = try launch(
            program, arguments, in: directory, environment: extra, output: base + ".1",
            error: base + ".2")
        process.waitUntilExit()
        defer {
            try? FileManager.default.removeItem(atPath: base + ".1")
            try? FileManager.default.removeItem(atPath: base + ".2")
        }
        return Output(
            status: process.terminationStatus,
            standardOutput: try String(contentsOfFile: base + ".1", encoding: .utf8),
            standardError: try String(contentsOfFile: base + ".2", encoding: .utf8))
    }

    func launch(
        _ program: String, _ arguments: [String], in directory: String? = nil,
        environment extra: [String: String] = [:], output: String, error: String
    ) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + arguments
        process.currentDirectoryURL = URL(fileURLWithPath: directory ?? folder)
        var environment = ProcessInfo.processInfo.environment
        environment["GIT_CONFIG_GLOBAL"] = "/dev/null"
        environment["GIT_CONFIG_NOSYSTEM"] = "1"
        if let runtime = environment["INGOT_TEST_RUNTIME"] {
            environment["INGOT_RUNTIME"] = runtime
        }
        environment.merge(extra) { _, new in new }
        process.environment = environment
        for path in [output, error] {
            _ = FileManager.default.createFile(atPath: path, contents: nil)
        }
        process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: error))
        process.standardInput = FileHandle.nullDevice
        try process.run()
        return process
    }

    @discardableResult
    func git(_ arguments: String..., in directory: String? = nil) throws -> String {
        let output = try run("git", arguments, in: directory ?? clone)
        try #require(
            output.status == 0, "git \(arguments.joined(separator: " ")): \(output.standardError)")
        return output.standardOutput.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    func author(_ name: String, _ email: String) throws {
        try git("config", "user.name", name)
        try git("config", "user.email", email)
    }

    /// Runs `ingot` with the state directory of this workshop.
    @discardableResult
    func ingot(_ arguments: String..., state: String? = nil) throws -> Output {
        try run(Workshop.ingot, arguments + ["--state", state ?? self.state])
    }

    // MARK: - Content

    func write(_ text: String, to path: String) throws {
        let url = URL(fileURLWithPath: clone + "/" + path)
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try text.write(to: url, atomically: true, encoding: .utf8)
    }

    /// Copies the regular files of a folder whose names end so into the clone's root.
    func copy(folder source: String, suffix: String = "") throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: source)
        where name.hasSuffix(suffix) {
            let target = clone + "/" + name
            if FileManager.default.fileExists(atPath: target) {
                try FileManager.default.removeItem(atPath: target)
            }
            try FileManager.default.copyItem(atPath: source + "/" + name, toPath: target)
        }
    }

    /// Commits everything and pushes main.
    ///
    /// - Returns: the commit's id.
    func commitAndPush(_ message: String) throws -> String {
        try git("add", "-A")
        try git("commit", "-q", "-m", message)
        try git("push", "-q", "origin", "main")
        return try git("rev-parse", "HEAD")
    }

    /// JSON that a command printed.
    func json(_ output: Output) throws -> [String: Any] {
        let object = try JSONSerialization.jsonObject(with: Data(output.standardOutput.utf8))
        return try #require(object as? [String: Any], "\(output)")
    }
}
