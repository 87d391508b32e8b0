import ResourceAPI
import Testing

@testable import SourceControl

@Suite("What a person types for a commit")
struct RevisionTests {
    @Test("ids, abbreviated ids, branches, tags and HEAD are found")
    func found() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        let first = try git.commit("first")
        try git.run(["tag", "light"])
        try git.run(["tag", "-a", "v1.0", "-m", "annotated"])
        try git.run(["tag", "-a", "v1.1", "v1.0", "-m", "a tag of a tag"])
        try git.run(["branch", "feature/delays"])
        let second = try git.commit("second")
        let tag = try git.run(["rev-parse", "v1.0"])
        let repository = try GitRepository(opening: git.path)
        let expected: [(String, CommitID)] = [
            ("HEAD", second), ("main", second), ("refs/heads/main", second),
            (first.hex, first), (first.hex.uppercased(), first),
            (String(first.hex.prefix(7)), first),
            (String(first.hex.prefix(12)), first), (String(first.hex.prefix(39)), first),
            ("light", first), ("v1.0", first), ("v1.1", first), ("refs/tags/v1.1", first),
            (tag, first), (String(tag.prefix(9)), first), ("feature/delays", first),
        ]
        for (text, commit) in expected {
            #expect(try await repository.resolve(revision: text) == commit, "\(text)")
        }
    }

    @Test(
        "text for git's revision parser is refused before it gets anywhere",
        arguments: [
            ":/((((a)*)*)*)", "@{-1}", "HEAD^{/x}", "HEAD~1", "a..b", "main.lock", ".lock",
            "refs/heads/../../x", "--upload-pack=x", "-c core.sshCommand=id", "", "a b", "a\u{0}b",
            "main\n", "ü", String(repeating: "a", count: 201), "//", "a//b", "/a", "a/",
        ])
    func refused(text: String) async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        try git.commit("first")
        let repository = try GitRepository(opening: git.path)
        await #expect(throws: SourceControlError.badRevision(text: text)) {
            try await repository.resolve(revision: text)
        }
        await #expect(throws: SourceControlError.badBranchName(name: text)) {
            try await repository.resolve(branch: text)
        }
    }

    @Test("the messages say what may be written")
    func messages() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        try git.commit("first")
        let blob = try git.blob("text")
        try git.run(["tag", "file", blob])
        let repository = try GitRepository(opening: git.path)
        let texts = [
            await message { _ = try await repository.resolve(revision: "HEAD~1\u{202E}\n") },
            await message { _ = try await repository.resolve(revision: "mainn") },
            await message { _ = try await repository.resolve(revision: "file") },
            await message { _ = try await repository.resolve(revision: blob) },
            await message {
                _ = try await repository.resolve(revision: String(repeating: "0", count: 40))
            },
            await message {
                _ = try await repository.resolve(revision: String(repeating: "a", count: 64))
            },
            await message { _ = try await repository.resolve(branch: "a b") },
        ]
        #expect(
            texts == [
                "'HEAD~1\\u{202e}\\u{a}' does not name a commit\n"
                    + "hint: write 7 to 40 hexadecimal digits of a commit, a branch, a tag, or HEAD",
                "there is no commit, branch or tag 'mainn' in \(git.path)\n"
                    + "hint: did you mean 'main'? branches: main",
                "'refs/tags/file' does not lead to a commit",
                "'\(blob)' does not lead to a commit",
                "there is no commit, branch or tag '\(String(repeating: "0", count: 40))' in "
                    + "\(git.path)\nhint: branches: main",
                "\(String(repeating: "a", count: 64)) is a SHA-256 name; only SHA-1 repositories "
                    + "work",
                "'a b' is not a branch name\nhint: branch names have 1 to 200 of the characters "
                    + "A-Z a-z 0-9 . _ / - and no leading '-'",
            ])
    }

    @Test("a name that is a branch and a tag is ambiguous, unless they agree")
    func ambiguous() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        let first = try git.commit("first")
        try git.run(["tag", "both"])
        try git.run(["branch", "both"])
        let repository = try GitRepository(opening: git.path)
        #expect(try await repository.resolve(revision: "both") == first)
        try git.commit("second")
        try git.run(["branch", "-f", "both"])
        let text = await message { _ = try await repository.resolve(revision: "both") }
        #expect(
            text == """
                'both' can mean more than one thing
                hint: write one of: refs/heads/both, refs/tags/both
                """)
    }

    @Test("packed refs and loose refs are the same")
    func packed() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        let first = try git.commit("first")
        try git.run(["branch", "a/b/c"])
        let repository = try GitRepository(opening: git.path)
        try git.run(["pack-refs", "--all", "--prune"])
        #expect(try await repository.resolve(branch: "a/b/c") == first)
        #expect(try await repository.branches() == ["a/b/c", "main"])
        let second = try git.commit("second")
        #expect(try await repository.resolve(branch: "main") == second)
        try git.run(["gc", "-q", "--prune=now"])
        #expect(try await repository.commit(second).parents == [first])
    }
}
