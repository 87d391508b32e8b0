import Foundation
import Glibc
import ResourceAPI
import Testing

@testable import SourceControl

@Suite("Opening a repository")
struct OpeningTests {
    @Test("a folder that is not a repository is an error with a hint")
    func notARepository() async throws {
        let scratch = try Scratch()
        let text = await message { _ = try GitRepository(opening: scratch.path) }
        #expect(
            text == """
                \(scratch.path) is not a git repository
                hint: name a folder with a git repository, or make one with 'git init'
                """)
    }

    @Test("a folder that does not exist is an error with a hint")
    func missing() async throws {
        let scratch = try Scratch()
        let text = await message { _ = try GitRepository(opening: scratch.path + "/none") }
        #expect(
            text == """
                there is no folder \(scratch.path)/none
                hint: name a folder with a git repository, or make one with 'git init'
                """)
    }

    @Test("a file is not a repository")
    func file() async throws {
        let scratch = try Scratch()
        try Git(path: scratch.path).write("file", "text")
        let text = await message { _ = try GitRepository(opening: scratch.path + "/file") }
        #expect(text.hasPrefix("\(scratch.path)/file is not a git repository\n"))
    }

    @Test("a repository of another user is refused", .enabled(if: geteuid() == 0))
    func foreignOwner() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        #expect(chown(git.path + "/.git", 4711, 4711) == 0)
        let text = await message { _ = try GitRepository(opening: git.path) }
        #expect(
            text == """
                the git repository \(git.path) belongs to another user
                hint: run ingot as the repository's owner, or name the repository by an ssh or \
                https URL
                """)
    }

    @Test("a repository with SHA-256 names is refused")
    func sha256() async throws {
        let scratch = try Scratch()
        try Git(path: scratch.path).run(["init", "-q", "--object-format=sha256", "repo"])
        let text = await message { _ = try GitRepository(opening: scratch.path + "/repo") }
        #expect(text.hasPrefix("cannot read the git repository \(scratch.path)/repo: "))
        #expect(
            text.hasSuffix("\nhint: repositories with SHA-1 names and file references work"))
    }

    @Test("an unborn branch says how to make the first commit")
    func unborn() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        let repository = try GitRepository(opening: git.path)
        #expect(try await repository.resolve(branch: "main") == nil)
        let text = await message { _ = try await repository.tip(ofBranch: "main") }
        #expect(
            text == """
                branch 'main' has no commits yet in \(git.path)
                hint: make the first commit: git -C \(git.path) commit
                """)
        let head = await message { _ = try await repository.resolve(revision: "HEAD") }
        #expect(head == text)
    }

    @Test("an unborn branch of a bare repository says what to push")
    func unbornBare() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository(bare: true)
        let repository = try GitRepository(opening: git.path)
        let text = await message { _ = try await repository.tip(ofBranch: "main") }
        #expect(
            text == """
                branch 'main' has no commits yet in \(git.path)
                hint: push the first commit: git push \(git.path) HEAD:main
                """)
    }

    @Test("a missing branch lists the branches that exist, and the near one")
    func missingBranch() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        try git.commit("first")
        try git.run(["branch", "add-delays"])
        let repository = try GitRepository(opening: git.path)
        let text = await message { _ = try await repository.tip(ofBranch: "mian") }
        #expect(
            text == """
                there is no branch 'mian' in \(git.path)
                hint: did you mean 'main'? branches: add-delays, main
                """)
    }

    @Test("a folder inside of a working tree is accepted only if asked for")
    func inside() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        try git.write("a/b/file", "text")
        #expect(throws: SourceControlError.notARepository(path: git.path + "/a/b")) {
            try GitRepository(opening: git.path + "/a/b")
        }
        let repository = try GitRepository(opening: git.path + "/a/b", searchesParents: true)
        #expect(repository.workingDirectory == git.path + "/")
        #expect(!repository.isBare)
    }

    @Test("a linked working tree reads the main repository's branches")
    func linkedWorkingTree() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        let first = try git.commit("first")
        try git.run(["worktree", "add", "-q", "../linked", "-b", "other"])
        let repository = try GitRepository(opening: scratch.path + "/linked")
        #expect(try await repository.resolve(branch: "main") == first)
    }

    @Test("nobody's git configuration is read")
    func configuration() throws {
        try LibGit2.start()
        let scratch = try Scratch()
        let git = try scratch.repository(bare: true)
        _ = try GitHandle.open(git.path)
        #expect(LibGit2.Limit.packObjectBytes == 128 << 20)
    }
}
