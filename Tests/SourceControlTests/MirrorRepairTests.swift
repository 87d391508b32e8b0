import Foundation
import Glibc
import ResourceAPI
import Testing

@testable import SourceControl

@Suite("A damaged mirror")
struct MirrorRepairTests {
    private func mirror(_ scratch: Scratch, of git: Git) throws -> SourceControl.Mirror {
        try SourceControl.Mirror(
            at: scratch.path + "/repo.git", of: RepositoryURL(git.path), fetcher: nil)
    }

    /// Turns round one byte in the middle of each of the files.
    private func damage(_ paths: [String]) throws {
        for path in paths {
            chmod(path, 0o600)
            var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
            bytes[bytes.count / 2] ^= 0xFF
            try Data(bytes).write(to: URL(fileURLWithPath: path))
        }
    }

    private func looseObject(_ scratch: Scratch, _ hex: String) -> String {
        scratch.path + "/repo.git/objects/\(hex.prefix(2))/\(hex.dropFirst(2))"
    }

    @Test("a damaged loose object is noticed, and the mirror is made anew with what it kept")
    func loose() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        try git.write("a", "one")
        let first = try git.commit("first")
        try git.write("a", "two")
        let second = try git.commit("second")
        let mirror = try mirror(scratch, of: git)
        _ = try await mirror.update(branch: "main")
        // The source forgets the second; only the mirror has it.
        try git.run(["reset", "-q", "--hard", first.hex])
        try git.write("a", "three")
        let third = try git.commit("third")
        try git.run(["reflog", "expire", "--expire=now", "--all"])
        try git.run(["gc", "-q", "--prune=now"])
        _ = try await mirror.update(branch: "main")
        #expect(try await mirror.repair(branch: "main") == nil)

        let file = try #require(
            try await mirror.repository.file(at: third, path: RepositoryPath("a")))
        try damage([looseObject(scratch, file.blob.hex)])
        // A reader that has not seen it yet.
        let reader = try GitRepository(opening: scratch.path + "/repo.git")
        let text = await message { _ = try await reader.blob(file.blob, limit: 100) }
        #expect(text.contains(file.blob.hex))
        let repair = try #require(try await mirror.repair(branch: "main"))
        #expect(repair.lost == [])
        #expect(try await mirror.repository.blob(file.blob, limit: 100) == Array("three".utf8))
        let old = try #require(
            try await mirror.repository.file(at: second, path: RepositoryPath("a")))
        #expect(try await mirror.repository.blob(old.blob, limit: 100) == Array("two".utf8))
        #expect(try await mirror.repair(branch: "main") == nil)
        #expect(try await mirror.update(branch: "main") == third)
        #expect(
            try Git(path: scratch.path + "/repo.git").run(["fsck", "--strict", "--full"]) == "")

        // Damage in what only the mirror had: that commit is lost, and said to be.
        try damage([looseObject(scratch, old.blob.hex)])
        let again = try #require(try await mirror.repair(branch: "main"))
        #expect(again.lost == [second])
        #expect(try await mirror.repository.contains(third))
        #expect(try await !mirror.repository.contains(second))
    }

    @Test("damaged packs, indexes and missing objects are mended; the source's own are not ours")
    func packs() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        for number in 1...120 {
            try git.write("a", "\(number)")
            try git.commit("\(number)")
        }
        let tip = try git.head()
        let mirror = try mirror(scratch, of: git)
        _ = try await mirror.update(branch: "main")
        let folder = scratch.path + "/repo.git/objects/pack"
        for suffix in [".pack", ".idx"] {
            let names = try FileManager.default.contentsOfDirectory(atPath: folder)
                .filter { $0.hasSuffix(suffix) }
            #expect(names.count == 1)
            try damage(names.map { folder + "/" + $0 })
            let opened = try self.mirror(scratch, of: git)
            let repair = try #require(try await opened.repair(branch: "main"))
            #expect(repair.lost == [])
            #expect(
                try await opened.repository.history(of: nil, from: tip, limit: 200).count == 120)
            #expect(try Git(path: scratch.path + "/repo.git").run(["fsck", "--full"]) == "")
        }
        // Every object of the source's tip is gone: ours is whole, and stays as it is.
        let healthy = try self.mirror(scratch, of: git)
        try git.write("a", "new")
        let next = try git.commit("new")
        let blob = try git.run(["rev-parse", "HEAD:a"])
        try FileManager.default.removeItem(
            atPath: git.path + "/.git/objects/\(blob.prefix(2))/\(blob.dropFirst(2))")
        let text = await message { _ = try await healthy.update(branch: "main") }
        #expect(
            text == """
                object \(blob) is missing or damaged
                hint: check the repository with 'git fsck'
                """)
        #expect(try await healthy.repair(branch: "main") == nil)
        #expect(try await healthy.repository.resolve(branch: "main") == tip)
        #expect(try await !healthy.repository.contains(next))
    }

    @Test("a repair that cannot reach its source leaves everything as it is; a crash is finished")
    func interrupted() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        try git.write("a", "one")
        let first = try git.commit("first")
        let mirror = try mirror(scratch, of: git)
        _ = try await mirror.update(branch: "main")
        let file = try #require(
            try await mirror.repository.file(at: first, path: RepositoryPath("a")))
        try damage([looseObject(scratch, file.blob.hex)])
        rename(git.path, git.path + ".away")
        let text = await message { _ = try await mirror.repair(branch: "main") }
        #expect(text.hasPrefix("there is no folder \(git.path)\n"))
        #expect(try await mirror.repository.contains(first))
        rename(git.path + ".away", git.path)
        #expect(try await mirror.repair(branch: "main") != nil)
        // As if the machine had stopped between the two renames.
        let path = scratch.path + "/repo.git"
        rename(path, path + ".ready")
        let opened = try self.mirror(scratch, of: git)
        #expect(try await opened.repository.resolve(branch: "main") == first)
        #expect(try await opened.repair(branch: "main") == nil)
    }
}
