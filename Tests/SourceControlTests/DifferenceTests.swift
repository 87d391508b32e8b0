import Foundation
import ResourceAPI
import Testing

@testable import SourceControl

@Suite("Differences of commits and relations between them")
struct DifferenceTests {
    @Test("a difference is limited to a folder and to suffixes, but tells of every link")
    func limited() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        for name in ["ml/a.yaml", "ml/b.txt", "ml/sub/c.yaml", "ml.yaml", "other/d.yaml"] {
            try git.write(name, "1")
        }
        let first = try git.commit("first")
        for name in ["ml/a.yaml", "ml/b.txt", "ml/sub/c.yaml", "ml.yaml", "other/d.yaml"] {
            try git.write(name, "2")
        }
        try git.run(["add", "-A"])
        let link = try git.blob("target")
        try git.run(["update-index", "--add", "--cacheinfo", "120000,\(link),ml/link.txt"])
        let submodule = first.hex
        try git.run(["update-index", "--add", "--cacheinfo", "160000,\(submodule),ml/module"])
        try git.run(["commit", "-q", "-m", "second"])
        let second = try git.head()
        let repository = try GitRepository(opening: git.path)
        func changes(
            _ folder: String, _ suffixes: [String] = [".yaml"]
        ) async throws -> [String] {
            try await repository.changedFiles(
                from: first, to: second, under: RepositoryPath(folder), matching: suffixes
            ).map { "\($0.kind) \($0.path.display)\($0.blob == nil ? " -" : "")" }
        }
        #expect(
            try await changes("ml") == [
                "modified ml/a.yaml", "added ml/link.txt -", "added ml/module -",
                "modified ml/sub/c.yaml",
            ])
        #expect(try await changes("ml/sub", []) == ["modified ml/sub/c.yaml"])
        #expect(try await changes("ml/a.yaml") == ["modified ml/a.yaml"])
        #expect(try await changes("none").isEmpty)
        #expect(try await changes("ml.yaml/x").isEmpty)
        #expect(try await changes("ml/link.txt/x") == ["added ml/link.txt -"])
        #expect(try await changes("").count == 6)
    }

    @Test("a folder that becomes a file, and a file that becomes executable, are told exactly")
    func kinds() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        try git.write("a/b", "1")
        try git.write("a.b", "1")
        try git.write("run", "1")
        let first = try git.commit("first")
        try git.run(["rm", "-rq", "a"])
        try git.write("a", "1")
        try git.run(["add", "a"])
        try git.run(["update-index", "--chmod=+x", "run"])
        try git.run(["commit", "-q", "-m", "second"])
        let second = try git.head()
        let repository = try GitRepository(opening: git.path)
        func changes(_ a: CommitID?, _ b: CommitID) async throws -> [String] {
            try await repository.changedFiles(from: a, to: b).map { "\($0.kind) \($0.path)" }
        }
        #expect(try await changes(first, second) == ["added a", "deleted a/b", "modified run"])
        #expect(try await changes(second, first) == ["deleted a", "added a/b", "modified run"])
        #expect(try await changes(nil, first) == ["added a.b", "added a/b", "added run"])
    }

    @Test("a tree that is not sorted or names something twice is an error of the difference, too")
    func hostile() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        let first = try git.commit("first")
        let blob = try git.blob("x")
        let sub = try git.run(["mktree"], input: Array("100644 blob \(blob)\tx\n".utf8))
        let unsorted = try git.commit(tree: [
            ("100644", Array("b".utf8), blob), ("100644", Array("a".utf8), blob),
        ])
        let double = try git.commit(tree: [
            ("100644", Array("a".utf8), blob), ("100644", Array("a.b".utf8), blob),
            ("40000", Array("a".utf8), sub),
        ])
        let escaping = try git.commit(tree: [
            ("40000", Array(".git".utf8), sub), ("100644", Array("a:b".utf8), blob),
        ])
        let repository = try GitRepository(opening: git.path)
        let order = await message {
            _ = try await repository.changedFiles(from: first, to: unsorted)
        }
        #expect(order.hasPrefix("the folder '' of the commit is damaged: it is not sorted\n"))
        let twice = await message {
            _ = try await repository.changedFiles(from: first, to: double)
        }
        #expect(twice.hasPrefix("the folder '' of the commit is damaged: a name occurs twice\n"))
        let unsafe = [".git", ".git/x", "a:b"].map { RepositoryPath($0) }
        #expect(try await repository.files(at: escaping, paths: unsafe).isEmpty)
        #expect(
            try await repository.changedFiles(from: first, to: escaping) == [
                FileChange(path: RepositoryPath(".git"), kind: .added, blob: nil),
                FileChange(path: RepositoryPath("a:b"), kind: .added, blob: nil),
            ])
    }

    @Test("many files are looked up as each of them would be")
    func lookUp() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        for number in 0..<30 { try git.write("f\(number % 3)/g\(number % 5)/\(number)", "1") }
        try git.write("run", "1")
        try git.run(["add", "-A"])
        try git.run(["update-index", "--chmod=+x", "run"])
        try git.run([
            "update-index", "--add", "--cacheinfo", "120000,\(try git.blob("run")),link",
        ])
        try git.run(["commit", "-q", "-m", "first"])
        let commit = try git.head()
        let repository = try GitRepository(opening: git.path)
        let listed = try await repository.files(
            at: commit, under: RepositoryPath(""), matching: [])
        let absent = ["", "link", "none", "f0", "f0/none", "run/x", "f0//g0/0", "f0/g0/0/"]
        let found = try await repository.files(
            at: commit, paths: listed.files.map(\.path) + absent.map { RepositoryPath($0) })
        #expect(found.count == 31)
        for file in listed.files { #expect(found[file.path] == file) }
        #expect(found[RepositoryPath("run")]?.isExecutable == true)
    }

    @Test("relations: same, forward, rewound, diverged, unrelated, whatever the clocks said")
    func relations() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        let first = try git.commit("first", time: 5000)
        let second = try git.commit("second", time: 10)
        let third = try git.commit("third", time: 9000)
        try git.run(["checkout", "-q", first.hex])
        let side = try git.commit("side", time: 1)
        try git.run(["merge", "-q", "--no-ff", "-m", "merge", third.hex], time: 2)
        let merge = try git.head()
        let root = try git.commit(tree: [])
        let repository = try GitRepository(opening: git.path)
        #expect(try await repository.relation(from: third, to: third) == .same)
        #expect(try await repository.relation(from: first, to: third) == .forward)
        #expect(try await repository.relation(from: third, to: first) == .rewound)
        #expect(try await repository.relation(from: side, to: third) == .diverged(base: first))
        #expect(try await repository.relation(from: second, to: merge) == .forward)
        #expect(try await repository.relation(from: side, to: merge) == .forward)
        #expect(try await repository.relation(from: third, to: root) == .unrelated)
        let missing = try #require(CommitID(String(repeating: "1", count: 40)))
        let text = await message { _ = try await repository.relation(from: missing, to: first) }
        #expect(text.hasPrefix("commit \(missing.hex) is missing or damaged\n"))
    }
}
