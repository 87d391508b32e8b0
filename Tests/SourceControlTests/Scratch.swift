import Foundation
import ResourceAPI
import Testing

@testable import SourceControl

/// A temporary folder with git repositories in it; removed with the object.
final class Scratch: Sendable {
    let path: String

    init() throws {
        path = "/tmp/ingot-git-" + UUID().uuidString.prefix(8)
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// A repository with branch `main` and a working tree, with no commits.
    func repository(_ name: String = "repo", bare: Bool = false) throws -> Git {
        let git = Git(path: path + "/" + name)
        try Git(path: path).run(
            ["init", "-q", "-b", "main"] + (bare ? ["--bare"] : []) + [git.path])
        return git
    }
}

/// The git command line in one folder, with fixed identities and nobody's configuration.
struct Git: Sendable {
    struct Failure: Error {
        let arguments: [String]
        let output: String
    }

    let path: String
    var author = "Ada"

    @discardableResult
    func run(
        _ arguments: [String], input: [UInt8] = [], time: Int = 1_700_000_000
    ) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["git"] + arguments
        process.currentDirectoryURL = URL(fileURLWithPath: path)
        process.environment = [
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin",
            "HOME": path, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null",
            "GIT_AUTHOR_NAME": author, "GIT_AUTHOR_EMAIL": "\(author.lowercased())@example.org",
            "GIT_COMMITTER_NAME": "Carl", "GIT_COMMITTER_EMAIL": "carl@example.org",
            "GIT_AUTHOR_DATE": "@\(time) +0000", "GIT_COMMITTER_DATE": "@\(time) +0000",
        ]
        let output = Pipe()
        let errors = Pipe()
        let inputs = Pipe()
        process.standardOutput = output
        process.standardError = errors
        process.standardInput = inputs
        try process.run()
        inputs.fileHandleForWriting.write(Data(input))
        try inputs.fileHandleForWriting.close()
        let said = output.fileHandleForReading.readDataToEndOfFile()
        let complained = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(
                arguments: arguments, output: String(decoding: complained, as: UTF8.self))
        }
        return String(decoding: said, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    func write(_ name: String, _ text: String) throws {
        let file = path + "/" + name
        let folder = (file as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
    }

    /// Commits the whole working tree.
    @discardableResult
    func commit(_ message: String, time: Int = 1_700_000_000) throws -> CommitID {
        try run(["add", "-A"])
        try run(["commit", "-q", "--allow-empty", "-m", message], time: time)
        return try head()
    }

    func head(_ revision: String = "HEAD") throws -> CommitID {
        try #require(CommitID(try run(["rev-parse", "\(revision)^{commit}"])))
    }

    /// A commit of a hand-made tree: `mode SP name NUL id` for each entry.
    func commit(tree: [(mode: String, name: [UInt8], id: String)]) throws -> CommitID {
        var bytes: [UInt8] = []
        for entry in tree {
            bytes += Array("\(entry.mode) ".utf8) + entry.name + [0]
            bytes += try #require(Hex.decode(Array(entry.id.utf8)))
        }
        let id = try run(
            ["hash-object", "-t", "tree", "-w", "--literally", "--stdin"], input: bytes)
        return try #require(CommitID(try run(["commit-tree", id, "-m", "tree"])))
    }

    func blob(_ text: String) throws -> String {
        try run(["hash-object", "-w", "--stdin"], input: Array(text.utf8))
    }
}

/// The error that `body` throws, as people see it.
func message(
    _ body: () async throws -> Void, sourceLocation: SourceLocation = #_sourceLocation
) async -> String {
    do {
        try await body()
        Issue.record("no error was thrown", sourceLocation: sourceLocation)
        return ""
    } catch {
        return String(describing: error)
    }
}

typealias SourceLocation = Testing.SourceLocation
