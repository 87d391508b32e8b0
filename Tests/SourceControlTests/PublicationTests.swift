import Foundation
import ResourceAPI
import Testing

@testable import SourceControl

@Suite("Moving a branch to a revert")
struct PublicationTests {
    private let carl = CommitInfo.Person(
        name: "Carl", email: "carl@example.org", time: 1_700_000_500)

    /// A repository with two commits and the revert of the second.
    private func revert(
        _ scratch: Scratch, bare: Bool = false
    ) async throws -> (git: Git, reverter: Reverter, commit: RevertCommit) {
        let git = try scratch.repository()
        try git.write("a", "1\n")
        try git.write("c", "1\n")
        try git.commit("first")
        try git.write("a", "2\n")
        try git.write("d/b", "2\n")
        let second = try git.commit("second")
        var place = git
        if bare {
            try git.run(["clone", "-q", "--bare", ".", "../bare.git"])
            place = Git(path: scratch.path + "/bare.git")
        }
        let reverter = try Reverter(opening: place.path)
        return (place, reverter, try await reverter.revert(second, onto: second, author: carl))
    }

    @Test("a checked out branch moves with its index and its files; other changes stay")
    func checkedOut() async throws {
        let scratch = try Scratch()
        let (git, reverter, commit) = try await revert(scratch)
        try git.write("c", "mine\n")
        try git.write("untracked", "mine\n")
        try await reverter.publish(commit, to: "main", author: carl)
        #expect(try git.head() == commit.id)
        #expect(try git.run(["status", "--porcelain"]) == "M c\n?? untracked")
        #expect(try String(contentsOfFile: git.path + "/a", encoding: .utf8) == "1\n")
        #expect(!FileManager.default.fileExists(atPath: git.path + "/d/b"))
        #expect(
            try git.run(["reflog", "-1", "--format=%gs", "main"])
                == "ingot: Revert \"second\"")
        let late = await message { try await reverter.publish(commit, to: "main", author: carl) }
        #expect(
            late == """
                branch 'main' is at \(commit.id.short), no longer at \(commit.tip.short)
                hint: look at the new commits, then try again
                """)
    }

    @Test("local changes in the way are an error, and nothing moves")
    func localChanges() async throws {
        let scratch = try Scratch()
        let (git, reverter, commit) = try await revert(scratch)
        func refused() async throws -> String {
            let text = await message {
                try await reverter.publish(commit, to: "main", author: carl)
            }
            #expect(try git.head() == commit.tip)
            return text
        }
        let hint = "\nhint: commit them, or put them aside with 'git stash'"
        try git.write("a", "mine\n")
        #expect(try await refused() == "\(git.path)/ has local changes in 'a'" + hint)
        try git.run(["add", "a"])
        #expect(try await refused() == "\(git.path)/ has local changes in 'a'" + hint)
        try git.run(["reset", "-q", "--hard"])
        try git.run(["rm", "-q", "--cached", "d/b"])
        #expect(try await refused() == "\(git.path)/ has local changes in 'd/b'" + hint)
        try git.run(["reset", "-q", "--hard"])
        // A file that the revert brings back stands there already, ignored.
        try git.run(["rm", "-q", "c"])
        let gone = try git.commit("gone")
        let back = try await reverter.revert(gone, onto: gone, author: carl)
        try git.write("c", "mine\n")
        try git.write(".git/info/exclude", "c\n")
        let text = await message { try await reverter.publish(back, to: "main", author: carl) }
        #expect(text == "\(git.path)/ has local changes in 'c'" + hint)
        #expect(try String(contentsOfFile: git.path + "/c", encoding: .utf8) == "mine\n")
        try FileManager.default.removeItem(atPath: git.path + "/c")
        try git.write(".gitattributes", "c filter=lfs\n")
        let filter = await message { try await reverter.publish(back, to: "main", author: carl) }
        #expect(
            filter == """
                'c' in \(git.path)/ goes through a content filter, which only git can run
                hint: revert with git itself; the commands are printed without --push
                """)
        try git.write(".git/MERGE_HEAD", commit.tip.hex + "\n")
        let merging = await message { try await reverter.publish(back, to: "main", author: carl) }
        #expect(
            merging == """
                a merge, rebase or the like is under way in \(git.path)/
                hint: finish it, or end it with --abort ('git status' says of what)
                """)
    }

    @Test("a branch that is not checked out, and one in a linked working tree, move")
    func elsewhere() async throws {
        let scratch = try Scratch()
        let (git, reverter, commit) = try await revert(scratch)
        try git.run(["checkout", "-q", "-b", "other"])
        try git.write("a", "mine\n")
        try await reverter.publish(commit, to: "main", author: carl)
        #expect(try git.head("main") == commit.id)
        #expect(try String(contentsOfFile: git.path + "/a", encoding: .utf8) == "mine\n")
        try git.run(["worktree", "add", "-q", "../linked", "main"])
        let linked = Git(path: scratch.path + "/linked")
        let again = try await reverter.revert(commit.id, onto: commit.id, author: carl)
        try await reverter.publish(again, to: "main", author: carl)
        #expect(try linked.head() == again.id)
        #expect(try linked.run(["status", "--porcelain"]) == "")
        #expect(try String(contentsOfFile: linked.path + "/d/b", encoding: .utf8) == "2\n")
        // A working tree that is gone is in nobody's way.
        try FileManager.default.removeItem(atPath: linked.path)
        let third = try await reverter.revert(again.id, onto: again.id, author: carl)
        try await reverter.publish(third, to: "main", author: carl)
        #expect(try git.head("main") == third.id)
    }

    @Test("a bare repository's branch moves; a locked or missing one does not")
    func bare() async throws {
        let scratch = try Scratch()
        let (git, reverter, commit) = try await revert(scratch, bare: true)
        let missing = await message {
            try await reverter.publish(commit, to: "none", author: carl)
        }
        #expect(
            missing == """
                branch 'none' is gone, no longer at \(commit.tip.short)
                hint: look at the new commits, then try again
                """)
        let lock = git.path + "/refs/heads/main.lock"
        try FileManager.default.createDirectory(
            atPath: git.path + "/refs/heads", withIntermediateDirectories: true)
        try Data().write(to: URL(fileURLWithPath: lock))
        let locked = await message {
            try await reverter.publish(commit, to: "main", author: carl)
        }
        #expect(
            locked == """
                another process changes branch 'main' of \(git.path)
                hint: try again; if no git command is running, remove refs/heads/main.lock
                """)
        try FileManager.default.removeItem(atPath: lock)
        try await reverter.publish(commit, to: "main", author: carl)
        #expect(try git.head("main") == commit.id)
        #expect(try git.run(["fsck", "--strict", "--full"]) == "")
    }

    @Test("a revert is pushed to a server, forward only", .timeLimit(.minutes(2)))
    func push() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository("origin", bare: true)
        let work = try scratch.repository()
        try work.write("a", "1\n")
        try work.commit("first")
        try work.write("a", "2\n")
        let second = try work.commit("second")
        try work.run(["push", "-q", git.path, "main"])
        try git.run(["config", "http.receivepack", "true"])
        let server = try GitServer(scratch, serving: git)
        let child = try FetchChildEntry.child(["INGOT_CA_FILE": server.certificatePath])
        let url = try RepositoryURL("https://localhost:\(server.port)/repo.git")
        let path = scratch.path + "/repo.git"
        let mirror = try SourceControl.Mirror(at: path, of: url, fetcher: child)
        #expect(try await mirror.update(branch: "main") == second)
        let reverter = try Reverter(opening: path)
        let commit = try await reverter.revert(second, onto: second, author: carl)
        func push(_ commit: RevertCommit) async -> String {
            await message {
                try await child.push(
                    commit.id, expecting: commit.tip, to: "main", of: url, mirrorPath: path)
            }
        }
        // Protected by a hook.
        try git.write("hooks/update", "#!/bin/sh\nexit 1\n")
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o755], ofItemAtPath: git.path + "/hooks/update")
        #expect(
            await push(commit) == """
                pushing to \(url) failed: the server did not accept branch 'main': hook declined
                hint: a protected branch needs a pull request; the commands are printed without \
                --push
                """)
        try FileManager.default.removeItem(atPath: git.path + "/hooks/update")
        try await child.push(
            commit.id, expecting: second, to: "main", of: url, mirrorPath: path)
        #expect(try git.head("main") == commit.id)
        // Again: it is there already.
        try await child.push(
            commit.id, expecting: second, to: "main", of: url, mirrorPath: path)
        #expect(try await mirror.update(branch: "main") == commit.id)
        // Somebody else was faster.
        try work.run(["pull", "-q", "--rebase", git.path, "main"])
        try work.write("b", "1")
        let third = try work.commit("third")
        try work.run(["push", "-q", git.path, "main"])
        let other = try await reverter.revert(commit.id, onto: commit.id, author: carl)
        #expect(
            await push(other) == """
                pushing to \(url) failed: branch 'main' is at \(third.short), no longer at \
                \(commit.id.short)
                hint: look at the new commits, then try again
                """)
        #expect(try git.head("main") == third)
        // As a branch of its own.
        func propose() async throws {
            try await child.push(
                other.id, expecting: other.tip, to: "proposal/a", of: url, creates: true,
                mirrorPath: path)
        }
        try await propose()
        #expect(try git.head("proposal/a") == other.id)
        #expect(
            await message(propose) == """
                pushing to \(url) failed: there is a branch 'proposal/a' already
                hint: remove it, or choose another name
                """)
    }
}
