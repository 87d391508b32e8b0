import Foundation
import ResourceAPI
import Testing

@testable import SourceControl

@Suite("History, differences and blame")
struct HistoryTests {
    @Test("a commit says who, when, why and after what")
    func info() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        let first = try git.commit("first", time: 1_700_000_000)
        let second = try git.commit("Add weather\nin two lines\n\nBody.", time: 1_700_000_060)
        let repository = try GitRepository(opening: git.path)
        #expect(
            try await repository.commit(second)
                == CommitInfo(
                    id: second, parents: [first],
                    author: .init(name: "Ada", email: "ada@example.org", time: 1_700_000_060),
                    committer: .init(name: "Carl", email: "carl@example.org", time: 1_700_000_060),
                    summary: "Add weather in two lines",
                    message: "Add weather\nin two lines\n\nBody.\n"))
        let missing = try #require(CommitID(String(repeating: "1", count: 40)))
        let text = await message { _ = try await repository.commit(missing) }
        #expect(
            text == """
                commit \(missing.hex) is missing or damaged
                hint: check the repository with 'git fsck'
                """)
        #expect(try await repository.contains(second))
        #expect(try await !repository.contains(missing))
    }

    @Test("differences are sorted, exact, and a revert has the old tree")
    func changes() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        try git.write("a", "1")
        try git.write("b/c", "1")
        try git.write("d", "1")
        let first = try git.commit("first")
        try git.write("a", "2")
        try git.write("e", "new")
        try git.run(["rm", "-q", "d"])
        try git.run(["rm", "-q", "--cached", "b/c"])
        let link = try git.blob("target")
        try git.run(["update-index", "--add", "--cacheinfo", "120000,\(link),b/c"])
        try git.run(["add", "a", "e"])
        try git.run(["commit", "-q", "-m", "second"])
        let second = try git.head()
        try git.run(["reset", "-q", "--hard"])
        try git.run(["revert", "--no-edit", "HEAD"])
        let third = try git.head()
        let repository = try GitRepository(opening: git.path)
        let blobs = try await repository.files(
            at: second, paths: [RepositoryPath("a"), RepositoryPath("e")]
        ).mapValues(\.blob)
        #expect(
            try await repository.changedFiles(from: first, to: second) == [
                FileChange(
                    path: RepositoryPath("a"), kind: .modified, blob: blobs[RepositoryPath("a")]),
                FileChange(path: RepositoryPath("b/c"), kind: .typeChanged, blob: nil),
                FileChange(path: RepositoryPath("d"), kind: .deleted, blob: nil),
                FileChange(
                    path: RepositoryPath("e"), kind: .added, blob: blobs[RepositoryPath("e")]),
            ])
        #expect(try await repository.changedFiles(from: first, to: third).isEmpty)
        #expect(try await repository.changedFiles(from: nil, to: first).count == 3)
        #expect(
            try await repository.treeID(of: first) == repository.treeID(of: third))
    }

    @Test("history of a path has the commits that changed it, merges only if they did")
    func history() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        try git.write("a", "1")
        let first = try git.commit("first", time: 1)
        try git.run(["checkout", "-q", "-b", "side"])
        try git.write("b", "1")
        let side = try git.commit("side", time: 2)
        try git.run(["checkout", "-q", "main"])
        try git.write("a", "2")
        let second = try git.commit("second", time: 3)
        try git.run(["merge", "-q", "--no-ff", "-m", "merge", "side"], time: 4)
        let merge = try git.head()
        let repository = try GitRepository(opening: git.path)
        func history(_ path: String?, limit: Int = 10) async throws -> [CommitID] {
            try await repository.history(
                of: path.map { RepositoryPath($0) }, from: merge, limit: limit
            ).map(\.id)
        }
        #expect(try await history("a") == [second, first])
        #expect(try await history("b") == [side])
        #expect(try await history(nil) == [merge, second, side, first])
        #expect(try await history(nil, limit: 2) == [merge, second])
        #expect(try await history("none") == [])
        #expect(try await repository.isAncestor(first, of: merge))
        #expect(try await repository.isAncestor(merge, of: merge))
        #expect(try await !repository.isAncestor(merge, of: first))
        #expect(try await !repository.isAncestor(side, of: second))
        #expect(try await repository.mergeBase(side, second) == first)
        try git.run(["checkout", "-q", "--orphan", "other"])
        let other = try git.commit("unrelated")
        #expect(try await repository.mergeBase(other, merge) == nil)
        #expect(try await !repository.isAncestor(other, of: merge))
    }

    @Test("blame is git's blame, through merges and conflicts, and on a bare repository")
    func blame() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        var random = SplitMix(seed: 17)
        func edit(_ branch: String, _ round: Int) throws {
            let text = try String(contentsOfFile: git.path + "/file", encoding: .utf8)
            var lines = text.split(separator: "\n").map(String.init)
            for _ in 0..<3 {
                let place = Int(random.next() % UInt64(lines.count))
                let new = "\(branch) \(round) \(random.next() % 1000)"
                switch random.next() % 3 {
                case 0: lines[place] = new
                case 1: lines.insert(new, at: place)
                default: if lines.count > 10 { lines.remove(at: place) }
                }
            }
            try git.write("file", lines.joined(separator: "\n") + "\n")
        }
        try git.write("file", (1...30).map { "line \($0)" }.joined(separator: "\n") + "\n")
        try git.commit("first", time: 1)
        for round in 1...12 {
            let time = 100 * round
            try git.run(["checkout", "-q", "-B", "side"])
            try edit("side", round)
            try git.commit("side \(round)", time: time)
            try git.run(["checkout", "-q", "main"])
            try edit("main", round)
            try git.commit("main \(round)", time: time + 1)
            // Conflicts are kept with both sides and their markers: lines of the merge itself.
            _ = try? git.run(["merge", "-q", "--no-ff", "-m", "merge", "side"], time: time + 2)
            if try git.run(["status", "--porcelain"]).contains("UU") {
                try git.commit("merge \(round)", time: time + 2)
            }
        }
        let commit = try git.head()
        let bare = scratch.path + "/bare.git"
        try git.run(["clone", "-q", "--bare", git.path, bare])
        let expected = try git.run(["blame", "--porcelain", "file"]).split(separator: "\n")
            .filter { $0.prefix { $0.isHexDigit }.count == 40 }.map { $0.prefix(40) }
        let path = RepositoryPath("file")
        let repository = try GitRepository(opening: bare)
        let lines = try await repository.blame(path, lines: 1...expected.count, at: commit)
        #expect(lines.map(\.commit.id.hex) == expected.map { String($0) })
        #expect(Set(lines.map(\.commit.id)).count > 10)
        let one = try await repository.blame(path, lines: 7...7, at: commit)
        #expect(one.map(\.commit.id.hex) == [String(expected[6])])
        let texts = [
            await message {
                _ = try await repository.blame(path, lines: 1...9999, at: commit)
            },
            await message {
                _ = try await repository.blame(RepositoryPath("none"), lines: 1...1, at: commit)
            },
        ]
        #expect(
            texts == [
                "lines 1 to 9999 do not exist: 'file' has \(expected.count) lines",
                "there is no file 'none' in commit \(commit.short)",
            ])
    }
}

/// Reproducible numbers.
struct SplitMix {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
