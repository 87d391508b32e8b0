import Foundation
import ResourceAPI
import Testing

@testable import SourceControl

@Suite("Commits that the mirror keeps")
struct KeptCommitsTests {
    private func mirror(_ scratch: Scratch, of git: Git) throws -> SourceControl.Mirror {
        try SourceControl.Mirror(
            at: scratch.path + "/repo.git", of: RepositoryURL(git.path), fetcher: nil)
    }

    private func kept(_ scratch: Scratch) throws -> [String] {
        try Git(path: scratch.path + "/repo.git").run(
            ["for-each-ref", "--format=%(objectname)", "refs/ingot/seen"]
        ).split(separator: "\n").map { String($0) }
    }

    @Test("a branch that grows costs one reference, and every commit stays resolvable")
    func growing() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        let mirror = try mirror(scratch, of: git)
        var commits: [CommitID] = []
        for number in 1...12 {
            try git.write("a", "\(number)")
            commits.append(try git.commit("\(number)"))
            _ = try await mirror.update(branch: "main")
        }
        #expect(try kept(scratch) == [commits[11].hex])
        try Git(path: scratch.path + "/repo.git").run(["gc", "-q", "--prune=now"])
        for commit in commits { #expect(try await mirror.repository.contains(commit)) }
        // One that another keeps is not written down again.
        try await mirror.keepAlive(commits[3])
        #expect(try kept(scratch) == [commits[11].hex])
    }

    @Test("rewritten histories are kept, in packed-refs when there are many")
    func rewritten() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        try git.write("base", "1")
        let base = try git.commit("base")
        let mirror = try mirror(scratch, of: git)
        var commits: [CommitID] = []
        for number in 1...140 {
            try git.run(["checkout", "-q", "-B", "main", base.hex])
            commits.append(try git.commit("rewrite \(number)"))
            #expect(try await mirror.update(branch: "main") == commits.last)
        }
        try git.run(["checkout", "-q", "-B", "main", base.hex])
        try git.run(["reflog", "expire", "--expire=now", "--all"])
        try git.run(["gc", "-q", "--prune=now"])
        _ = try await mirror.update(branch: "main")
        #expect(try kept(scratch) == commits.map(\.hex).sorted())
        let folder = scratch.path + "/repo.git/refs/ingot/seen"
        let loose = try FileManager.default.contentsOfDirectory(atPath: folder)
        #expect(loose.count <= GitHandle.maxLooseKept)
        try Git(path: scratch.path + "/repo.git").run(["gc", "-q", "--prune=now"])
        for commit in commits { #expect(try await mirror.repository.contains(commit)) }
        // A merge of some of them replaces their references.
        try git.run(["fetch", "-q", scratch.path + "/repo.git", commits[1].hex, commits[2].hex])
        try git.run(["checkout", "-q", commits[1].hex])
        try git.run(["merge", "-q", "-m", "merge", commits[2].hex])
        try git.run(["checkout", "-q", "-B", "main"])
        let before = try kept(scratch).count
        let merge = try await mirror.update(branch: "main")
        #expect(try kept(scratch).contains(merge.hex))
        #expect(try kept(scratch).count <= before + 1)
    }

    @Test("loose objects become a pack, and can be read all the time")
    func looseObjects() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        let mirror = try mirror(scratch, of: git)
        let reader = mirror.repository
        let bare = Git(path: scratch.path + "/repo.git")
        for number in 0..<20 {
            try git.write("\(number % 3)/\(number)", "\(number)")
            try git.commit("\(number)")
            _ = try await mirror.update(branch: "main")
        }
        let tip = try git.head()
        let listing = try await reader.files(at: tip, under: RepositoryPath(""), matching: [])
        #expect(try !bare.run(["count-objects"]).hasPrefix("0 objects"))
        let loose = LooseObjects(try GitHandle.open(bare.path))
        #expect(!loose.areMany)
        try loose.pack()
        #expect(try bare.run(["count-objects"]).hasPrefix("0 objects"))
        #expect(try await reader.blobs(listing.files.map(\.blob), limit: 10).count == 20)
        #expect(try await reader.history(of: nil, from: tip, limit: 100).count == 20)
        #expect(try bare.run(["fsck", "--strict", "--full"]) == "")
        try git.write("new", "1")
        let next = try git.commit("one more")
        #expect(try await mirror.update(branch: "main") == next)
    }

    @Test("a first commit of many files arrives as one pack")
    func manyFiles() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        for number in 0..<600 { try git.write("\(number % 20)/\(number)", "\(number)") }
        let first = try git.commit("many files")
        let mirror = try mirror(scratch, of: git)
        #expect(try await mirror.update(branch: "main") == first)
        let bare = Git(path: scratch.path + "/repo.git")
        #expect(try bare.run(["count-objects"]).hasPrefix("0 objects"))
        #expect(try bare.run(["fsck", "--strict", "--full"]) == "")
    }
}
