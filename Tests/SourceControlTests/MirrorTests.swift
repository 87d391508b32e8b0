import Foundation
import Glibc
import ResourceAPI
import Testing

@testable import SourceControl

@Suite("The mirror of a local repository")
struct MirrorTests {
    private func mirror(_ scratch: Scratch, of git: Git) throws -> SourceControl.Mirror {
        try SourceControl.Mirror(
            at: scratch.path + "/repo.git", of: RepositoryURL(git.path), fetcher: nil)
    }

    @Test("the mirror is private, bare, and follows a branch")
    func follows() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        try git.write("a/b", "1")
        let first = try git.commit("first")
        let mirror = try mirror(scratch, of: git)
        #expect(try await mirror.update(branch: "main") == first)
        var status = stat()
        #expect(stat(scratch.path + "/repo.git", &status) == 0)
        #expect(status.st_mode & 0o777 == 0o700)
        #expect(mirror.repository.isBare)
        try git.write("a/c", "2")
        let second = try git.commit("second")
        #expect(try await mirror.update(branch: "main") == second)
        #expect(try await mirror.update(branch: "main") == second)
        #expect(try await mirror.repository.resolve(branch: "main") == second)
        let files = try await mirror.repository.files(
            at: second, under: RepositoryPath(""), matching: [])
        #expect(files.files.map(\.path.display) == ["a/b", "a/c"])
        let fsck = try Git(path: scratch.path + "/repo.git").run(["fsck", "--strict", "--full"])
        #expect(fsck == "")
        // A mirror that exists is opened, with what it has.
        let again = try self.mirror(scratch, of: git)
        #expect(try await again.repository.contains(first))
    }

    @Test("locks that a killed writer has left are removed at the next start")
    func staleLocks() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        try git.write("a", "1")
        try git.commit("first")
        _ = try await mirror(scratch, of: git).update(branch: "main")
        try git.write("a", "2")
        let second = try git.commit("second")
        let folder = scratch.path + "/repo.git/"
        let kept = "refs/ingot/seen/\(second.hex).lock"
        for name in ["refs/heads/main.lock", kept, "packed-refs.lock"] {
            #expect(FileManager.default.createFile(atPath: folder + name, contents: nil))
        }
        let mirror = try mirror(scratch, of: git)
        let text = await message { _ = try await mirror.update(branch: "main") }
        #expect(text.contains(kept), "\(text)")
        await mirror.sweepLocks()
        #expect(try await mirror.update(branch: "main") == second)
        #expect(FileManager.default.fileExists(atPath: folder + "packed-refs.lock") == false)
    }

    @Test("history stays after a force-push and garbage collection at the source")
    func forcePush() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        try git.write("a", "1")
        let first = try git.commit("first")
        try git.write("a", "2")
        let second = try git.commit("second")
        let mirror = try mirror(scratch, of: git)
        #expect(try await mirror.update(branch: "main") == second)
        try git.run(["reset", "-q", "--hard", first.hex])
        try git.write("a", "3")
        let other = try git.commit("other")
        try git.run(["reflog", "expire", "--expire=now", "--all"])
        try git.run(["gc", "-q", "--prune=now"])
        #expect(throws: Git.Failure.self) { try git.run(["cat-file", "-e", second.hex]) }
        #expect(try await mirror.update(branch: "main") == other)
        #expect(try await !mirror.repository.isAncestor(second, of: other))
        #expect(try await mirror.repository.mergeBase(second, other) == first)
        try Git(path: scratch.path + "/repo.git").run(["gc", "-q", "--prune=now"])
        let file = try #require(
            try await mirror.repository.file(at: second, path: RepositoryPath("a")))
        #expect(try await mirror.repository.blob(file.blob, limit: 10) == Array("2".utf8))
    }

    @Test("a deleted branch is an error, and the mirror keeps what it had")
    func deleted() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        let first = try git.commit("first")
        try git.run(["branch", "release"])
        let mirror = try mirror(scratch, of: git)
        #expect(try await mirror.update(branch: "release") == first)
        try git.run(["branch", "-D", "release"])
        let text = await message { _ = try await mirror.update(branch: "release") }
        #expect(
            text == """
                there is no branch 'release' in \(git.path)
                hint: branches: main
                """)
        #expect(try await mirror.repository.resolve(branch: "release") == first)
        // Its name may become a folder.
        try git.run(["branch", "release/1"])
        #expect(try await mirror.update(branch: "release/1") == first)
        try git.run(["branch", "-D", "release/1"])
        try git.run(["branch", "release"])
        #expect(try await mirror.update(branch: "release") == first)
    }

    @Test("many commits arrive as one pack, few as loose objects, merges and tags included")
    func packs() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        for number in 1...60 {
            try git.write("folder/\(number % 7)", "\(number)")
            try git.commit("\(number)", time: number)
        }
        try git.run(["checkout", "-q", "-b", "side", "HEAD~20"])
        for number in 1...60 {
            try git.write("side/\(number % 5)", "\(number)")
            try git.commit("side \(number)", time: number)
        }
        try git.run(["checkout", "-q", "main"])
        try git.run(["merge", "-q", "-m", "merge", "side"])
        try git.run(["gc", "-q"])
        let mirror = try mirror(scratch, of: git)
        let commit = try git.head()
        #expect(try await mirror.update(branch: "main") == commit)
        func packs() throws -> Int {
            try FileManager.default.contentsOfDirectory(
                atPath: scratch.path + "/repo.git/objects/pack"
            ).count { $0.hasSuffix(".pack") }
        }
        #expect(try packs() == 1)
        let bare = Git(path: scratch.path + "/repo.git")
        #expect(try bare.run(["rev-list", "--count", "main"]) == "121")
        try git.write("new", "file")
        try git.commit("one more")
        _ = try await mirror.update(branch: "main")
        #expect(try packs() == 1)
        #expect(try bare.run(["fsck", "--strict", "--full"]) == "")
    }

    @Test("a source that lacks an object changes nothing")
    func incomplete() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        let first = try git.commit("first")
        let mirror = try mirror(scratch, of: git)
        #expect(try await mirror.update(branch: "main") == first)
        try git.write("a", "lost")
        try git.commit("second")
        let lost = try git.run(["rev-parse", "HEAD:a"])
        let file = git.path + "/.git/objects/" + lost.prefix(2) + "/" + lost.dropFirst(2)
        try FileManager.default.removeItem(atPath: file)
        let text = await message { _ = try await mirror.update(branch: "main") }
        #expect(
            text == """
                object \(lost) is missing or damaged
                hint: check the repository with 'git fsck'
                """)
        #expect(try await mirror.repository.resolve(branch: "main") == first)
        _ = try git.blob("lost")
        #expect(try await mirror.update(branch: "main") == git.head())
    }

    @Test("a shallow clone is refused")
    func shallow() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        try git.commit("first")
        try git.commit("second")
        try git.run(["clone", "-q", "--depth", "1", "file://" + git.path, "../shallow"])
        let path = scratch.path + "/shallow"
        let mirror = try self.mirror(scratch, of: Git(path: path))
        let text = await message { _ = try await mirror.update(branch: "main") }
        #expect(
            text == """
                the git repository \(path) is a shallow clone: older commits are missing
                hint: fetch them: git -C \(path) fetch --unshallow
                """)
    }

    @Test("a folder that is no mirror, and a source that is no repository, are errors")
    func unusable() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        try git.commit("first")
        let folder = scratch.path + "/repo.git"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        let occupied = await message { _ = try self.mirror(scratch, of: git) }
        #expect(
            occupied == """
                cannot use the mirror \(folder): \(folder) is not a git repository
                hint: remove \(folder); it is fetched again
                """)
        let none = await message { _ = try self.mirror(scratch, of: Git(path: "/none")) }
        #expect(none.hasPrefix("there is no folder /none\n"))
        try FileManager.default.removeItem(atPath: folder)
        let remote = try SourceControl.Mirror(
            at: folder, of: RepositoryURL("https://example.org/x"), fetcher: nil)
        let text = await message { _ = try await remote.update(branch: "main") }
        #expect(text == "cannot fetch https://example.org/x: no fetching program was named")
    }
}
