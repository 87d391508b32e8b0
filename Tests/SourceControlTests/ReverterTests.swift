import Foundation
import ResourceAPI
import Testing

@testable import SourceControl

@Suite("Taking commits back")
struct ReverterTests {
    private let carl = CommitInfo.Person(
        name: "Carl", email: "carl@example.org", time: 1_700_000_500)

    @Test("a revert has the tree, the parent and the message that git would give it")
    func likeGit() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        try git.write("a", "1\n")
        try git.commit("first")
        try git.write("a", "2\n")
        try git.write("new/file", "x")
        let second = try git.commit("Learn \"faster\"")
        try git.write("b", "1\n")
        let third = try git.commit("third")
        let reverter = try Reverter(opening: git.path)
        let made = try await reverter.revert(second, onto: third, author: carl)
        #expect(try git.head() == third)
        try git.run(["revert", "--no-edit", second.hex])
        let theirs = try git.head()
        let repository = try GitRepository(opening: git.path)
        #expect(try await repository.treeID(of: made.id) == repository.treeID(of: theirs))
        let (mine, gits) = (
            try await repository.commit(made.id), try await repository.commit(theirs)
        )
        #expect(mine.message == gits.message)
        #expect(mine.parents == [third])
        #expect(mine.author == carl)
        #expect(made.summary == "Revert \"Learn \"faster\"\"")
        #expect(made.changes.map(\.path.display) == ["a", "new/file"])
    }

    @Test("of a merge, what it brought to its first parent is taken back")
    func merges() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        try git.write("a", "1\n")
        let first = try git.commit("first")
        try git.run(["checkout", "-q", "-b", "side"])
        try git.write("b", "1\n")
        try git.commit("side")
        try git.run(["checkout", "-q", "main"])
        try git.write("a", "2\n")
        let second = try git.commit("second")
        try git.run(["merge", "-q", "--no-ff", "-m", "merge", "side"])
        let merge = try git.head()
        let reverter = try Reverter(opening: git.path)
        let made = try await reverter.revert(merge, onto: merge, author: carl)
        let repository = try GitRepository(opening: git.path)
        #expect(try await repository.treeID(of: made.id) == repository.treeID(of: second))
        try git.run(["revert", "--no-edit", "-m", "1", merge.hex])
        let message = try await repository.commit(git.head()).message
        #expect(try await repository.commit(made.id).message == message)
        #expect(
            RevertCommands.revert(merge, isMerge: true)
                == ["git revert --no-edit -m 1 \(merge.hex)"])
        // The very first commit can be reverted, too.
        let empty = try await reverter.revert(first, onto: first, author: carl)
        #expect(
            try await repository.files(at: empty.id, under: RepositoryPath(""), matching: []).files
                == [])
    }

    @Test("conflicts are listed, and what cannot be reverted is said")
    func refusals() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        try git.write("models/a.yaml", "1\n")
        try git.write("models/b.yaml", "1\n")
        let first = try git.commit("first")
        try git.write("models/a.yaml", "2\n")
        try git.write("models/b.yaml", "2\n")
        let second = try git.commit("second")
        try git.write("models/a.yaml", "3\n")
        try git.write("models/b.yaml", "3\n")
        let third = try git.commit("third")
        let reverter = try Reverter(opening: git.path)
        let conflict = await message {
            _ = try await reverter.revert(second, onto: third, author: carl)
        }
        #expect(
            conflict == """
                commit \(second.short) cannot be reverted: later commits changed the same lines of \
                'models/a.yaml', 'models/b.yaml'
                hint: revert the later commits first, or by hand: git revert \(second.hex)
                """)
        let foreign = await message {
            _ = try await reverter.revert(third, onto: second, author: carl)
        }
        #expect(
            foreign == """
                commit \(third.short) is not in the history of \(second.short)
                hint: name a commit that the branch contains
                """)
        let back = try await reverter.revert(third, onto: third, author: carl)
        let nothing = await message {
            _ = try await reverter.revert(third, onto: back.id, author: carl)
        }
        #expect(nothing == "commit \(third.short) has nothing left to revert")
        let same = await message {
            _ = try await reverter.restore(
                RepositoryPath(""), from: third, onto: third, author: carl)
        }
        #expect(same == "the repository is already as in commit \(third.short)")
        let folder = await message {
            _ = try await reverter.restore(
                RepositoryPath("none"), from: first, onto: third, author: carl)
        }
        #expect(folder == "there is no folder 'none' in commit \(first.short)")
        let nobody = CommitInfo.Person(name: "", email: "", time: 0)
        let unnamed = await message {
            _ = try await reverter.revert(third, onto: third, author: nobody)
        }
        #expect(unnamed.hasPrefix("nobody is named as the author of the commit\nhint: git config"))
    }

    @Test("a folder is restored as it was, and the rest stays")
    func restore() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        try git.write("ml/prod/a.yaml", "1\n")
        try git.write("other", "1\n")
        let first = try git.commit("Serve it's first")
        try git.write("ml/prod/a.yaml", "2\n")
        try git.write("ml/prod/b.yaml", "1\n")
        try git.write("ml/keep", "1\n")
        try git.write("other", "2\n")
        let second = try git.commit("second")
        let reverter = try Reverter(opening: git.path)
        let folder = RepositoryPath("ml/prod")
        let made = try await reverter.restore(folder, from: first, onto: second, author: carl)
        #expect(made.changes.map(\.path.display) == ["ml/prod/a.yaml", "ml/prod/b.yaml"])
        #expect(made.summary == "Roll back 'ml/prod' to \"Serve it's first\"")
        let repository = try GitRepository(opening: git.path)
        let info = try await repository.commit(made.id)
        // The printed commands do the same.
        let commands = RevertCommands.restore(
            folder, from: first, summary: "Serve it's first")
        for command in commands {
            try Shell.run(command, in: git)
        }
        let typed = try git.head()
        #expect(try await repository.treeID(of: made.id) == repository.treeID(of: typed))
        #expect(try await repository.commit(typed).message == info.message)
        // Everything, and a folder that the tip has no more.
        let all = try await reverter.restore(
            RepositoryPath(""), from: first, onto: second, author: carl)
        #expect(try await repository.treeID(of: all.id) == repository.treeID(of: first))
        try git.run(["rm", "-rq", "ml"])
        let gone = try git.commit("gone")
        let again = try await reverter.restore(folder, from: first, onto: gone, author: carl)
        #expect(again.changes.map(\.path.display) == ["ml/prod/a.yaml"])
    }

    @Test("the author is found where git finds it")
    func author() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        let reverter = try Reverter(opening: git.path)
        let none = await message {
            _ = try await reverter.author(environment: ["HOME": scratch.path], time: 1)
        }
        #expect(none.hasPrefix("nobody is named as the author of the commit\n"))
        let file = "[user]\n name = Eve\n email = eve@example.org\n"
        try Data(file.utf8).write(to: URL(fileURLWithPath: scratch.path + "/.gitconfig"))
        func found(_ more: [String: String] = [:]) async throws -> [String] {
            let environment = ["HOME": scratch.path].merging(more) { $1 }
            let person = try await reverter.author(environment: environment, time: 1)
            return [person.name, person.email]
        }
        #expect(try await found() == ["Eve", "eve@example.org"])
        try git.run(["config", "user.name", "Own"])
        #expect(try await found() == ["Own", "eve@example.org"])
        #expect(
            try await found(["GIT_AUTHOR_NAME": "Variable"]) == ["Variable", "eve@example.org"])
    }
}

/// A command line as a person types it.
enum Shell {
    static func run(_ command: String, in git: Git) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", command]
        process.currentDirectoryURL = URL(fileURLWithPath: git.path)
        process.environment = [
            "PATH": "/usr/bin:/bin", "HOME": git.path, "GIT_AUTHOR_NAME": "Ada",
            "GIT_AUTHOR_EMAIL": "ada@example.org", "GIT_COMMITTER_NAME": "Ada",
            "GIT_COMMITTER_EMAIL": "ada@example.org",
        ]
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(command)")
    }
}
