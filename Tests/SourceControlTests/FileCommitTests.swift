import Foundation
import ResourceAPI
import Testing

@testable import SourceControl

@Suite("A commit of one file")
struct FileCommitTests {
    private let carl = CommitInfo.Person(
        name: "Carl", email: "carl@example.org", time: 1_700_000_500)

    private func write(
        _ text: String, to path: String, _ git: Git
    ) async throws -> (reverter: Reverter, commit: RevertCommit) {
        let reverter = try Reverter(opening: git.path)
        let commit = try await reverter.write(
            Array(text.utf8), to: RepositoryPath(path), message: "Snapshot a\n\na: 1\n",
            onto: try git.head(), author: carl)
        return (reverter, commit)
    }

    @Test("the file is new or other, in any folder, and all else stays")
    func written() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        try git.write("a", "1\n")
        try git.write("d/b", "1\n")
        try git.commit("first")
        for path in ["ingot.lock", "d/ingot.lock", "new/folder/ingot.lock"] {
            for text in ["one\n", "two\n"] {
                let (reverter, commit) = try await write(text, to: path, git)
                #expect(commit.changes.map(\.path.display) == [path])
                try await reverter.publish(commit, to: "main", author: carl)
                #expect(
                    try String(contentsOfFile: git.path + "/" + path, encoding: .utf8) == text)
            }
        }
        #expect(try git.run(["status", "--porcelain"]) == "")
        #expect(
            try git.run(["log", "-1", "--format=%an|%s|%b"]) == "Carl|Snapshot a|a: 1")
        #expect(
            try git.run(["ls-tree", "-r", "--format=%(objectmode) %(path)", "HEAD"]) == """
                100644 a
                100644 d/b
                100644 d/ingot.lock
                100644 ingot.lock
                100644 new/folder/ingot.lock
                """)
        withExtendedLifetime(scratch) {}
    }

    @Test("a proposal is a new branch, and an old one is left alone")
    func proposed() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        try git.write("a", "1\n")
        let first = try git.commit("first")
        let (reverter, commit) = try await write("one\n", to: "ingot.lock", git)
        try await reverter.propose(commit, as: "proposal/a")
        #expect(try git.head("proposal/a") == commit.id)
        #expect(try git.head("main") == first)
        let (_, other) = try await write("two\n", to: "ingot.lock", git)
        let text = await message { try await reverter.propose(other, as: "proposal/a") }
        #expect(
            text == """
                there is a branch 'proposal/a' already
                hint: remove it, or choose another name
                """)
        #expect(try git.head("proposal/a") == commit.id)
    }
}
