import Foundation
import ResourceAPI
import Testing

@testable import SourceControl

@Suite("Files of a commit")
struct TreeTests {
    @Test("files are listed by folder and suffix, from the object database")
    func listing() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        try git.write("ingot.yaml", "a")
        try git.write("datasets/weather.yaml", "weather")
        try git.write("datasets/deep/er/planes.yml", "planes")
        try git.write("datasets/data.csv", "1,2")
        try git.write("datasets2/no.yaml", "no")
        let commit = try git.commit("first")
        let repository = try GitRepository(opening: git.path)
        try git.write("datasets/later.yaml", "not committed")

        let all = try await repository.files(
            at: commit, under: RepositoryPath(""), matching: [".yaml", ".yml"])
        #expect(
            all.files.map(\.path.display) == [
                "datasets/deep/er/planes.yml", "datasets/weather.yaml", "datasets2/no.yaml",
                "ingot.yaml",
            ])
        let some = try await repository.files(
            at: commit, under: RepositoryPath("datasets"), matching: [])
        #expect(
            some.files.map(\.path.display) == [
                "datasets/data.csv", "datasets/deep/er/planes.yml", "datasets/weather.yaml",
            ])
        #expect(some.ignored.isEmpty)
        let weather = try #require(some.files.last)
        #expect(try await repository.blob(weather.blob, limit: 7) == Array("weather".utf8))
        #expect(try await repository.blobSize(weather.blob) == 7)
        let none = try await repository.files(
            at: commit, under: RepositoryPath("nothing/here"), matching: [])
        #expect(none == TreeListing())
        let file = RepositoryPath("datasets/weather.yaml")
        #expect(try await repository.file(at: commit, path: file) == weather)
        #expect(try await repository.file(at: commit, path: RepositoryPath("datasets")) == nil)
        #expect(
            try await repository.file(at: commit, path: RepositoryPath("ingot.yaml/x")) == nil)
    }

    @Test("symbolic links and submodules are reported and never followed")
    func links() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        try git.write("datasets/real.yaml", "real")
        try git.write(".gitmodules", "[submodule \"a/../../.git\"]\n\tpath = ../../x\n")
        let other = try git.commit("first")
        for (name, target) in [
            ("datasets/a.yaml", "/etc/passwd"), ("datasets/b.yaml", "../../../proc/self/environ"),
            ("folder", "datasets"),
        ] {
            let blob = try git.blob(target)
            try git.run(["update-index", "--add", "--cacheinfo", "120000,\(blob),\(name)"])
        }
        try git.run(["update-index", "--add", "--cacheinfo", "160000,\(other.hex),module"])
        try git.run(["commit", "-q", "-m", "links"])
        let repository = try GitRepository(opening: git.path)
        let commit = try git.head()
        let listing = try await repository.files(
            at: commit, under: RepositoryPath(""), matching: [".yaml"])
        #expect(listing.files.map(\.path.display) == ["datasets/real.yaml"])
        #expect(
            listing.ignored == [
                IgnoredEntry(path: RepositoryPath("datasets/a.yaml"), reason: .symbolicLink),
                IgnoredEntry(path: RepositoryPath("datasets/b.yaml"), reason: .symbolicLink),
                IgnoredEntry(path: RepositoryPath("folder"), reason: .symbolicLink),
                IgnoredEntry(path: RepositoryPath("module"), reason: .submodule),
            ])
        for folder in ["folder", "folder/deeper", "module", "module/deeper"] {
            let below = try await repository.files(
                at: commit, under: RepositoryPath(folder), matching: [])
            #expect(below.files.isEmpty)
            #expect(below.ignored.count == 1)
        }
    }

    @Test("names that mean .git, or leave the folder, are ignored, and the other files are read")
    func unsafeNames() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        let blob = try git.blob("text")
        let names: [[UInt8]] = [
            Array("..".utf8), Array(".GIT".utf8), Array(".g\u{200C}it".utf8), Array(".git ".utf8),
            Array(".git.".utf8), Array(".git:x".utf8), Array("GIT~1".utf8), Array("a%2e".utf8),
            Array("a:b".utf8), Array("a\\b".utf8), Array("a\nb".utf8), Array("good.yaml".utf8),
            [0x67, 0xFF],
        ]
        let sorted = names.sorted { $0.lexicographicallyPrecedes($1) }
        let commit = try git.commit(tree: sorted.map { ("100644", $0, blob) })
        let repository = try GitRepository(opening: git.path)
        let listing = try await repository.files(
            at: commit, under: RepositoryPath(""), matching: [])
        #expect(listing.files.map(\.path.bytes) == [Array("good.yaml".utf8), [0x67, 0xFF]])
        #expect(listing.files.last?.path.display == "g\\xff")
        #expect(listing.ignored.count == 11)
        #expect(listing.ignored.allSatisfy { $0.reason == .unsafeName })
    }

    @Test("trees with a name twice, or out of order, are refused")
    func corrupt() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        let blob = try git.blob("text")
        let repository = try GitRepository(opening: git.path)
        let a = Array("a".utf8)
        let twice = try git.commit(tree: [("100644", a, blob), ("100644", a, blob)])
        let unsorted = try git.commit(
            tree: [("100644", Array("b".utf8), blob), ("100644", a, blob)])
        let slash = try git.commit(tree: [("100644", Array("a/b".utf8), blob)])
        let texts = [
            await message {
                _ = try await repository.files(
                    at: twice, under: RepositoryPath(""), matching: [])
            },
            await message {
                _ = try await repository.files(
                    at: unsorted, under: RepositoryPath(""), matching: [])
            },
        ]
        #expect(
            texts == [
                "the folder '' of the commit is damaged: a name occurs twice\n"
                    + "hint: check the repository with 'git fsck --strict'",
                "the folder '' of the commit is damaged: it is not sorted\n"
                    + "hint: check the repository with 'git fsck --strict'",
            ])
        let listing = try await repository.files(
            at: slash, under: RepositoryPath(""), matching: [])
        #expect(listing.files.isEmpty)
    }

    @Test("content above the limit is refused before it is read")
    func limit() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        let hex = try git.blob(String(repeating: "x", count: 1000))
        let blob = try #require(Hex.decode(Array(hex.utf8)).flatMap { BlobID(bytes: $0) })
        let repository = try GitRepository(opening: git.path)
        #expect(try await repository.blob(blob, limit: 1000).count == 1000)
        let text = await message { _ = try await repository.blob(blob, limit: 999) }
        #expect(
            text == """
                the file content \(hex) has 1000 bytes; at most 999 are read
                hint: keep large data outside of the repository
                """)
    }

    @Test("missing and damaged content is an error")
    func damaged() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        let hex = try git.blob("text")
        let blob = try #require(Hex.decode(Array(hex.utf8)).flatMap { BlobID(bytes: $0) })
        let file = git.path + "/.git/objects/" + hex.prefix(2) + "/" + hex.dropFirst(2)
        let other = try git.blob("other")
        let source = git.path + "/.git/objects/" + other.prefix(2) + "/" + other.dropFirst(2)
        try FileManager.default.removeItem(atPath: file)
        let repository = try GitRepository(opening: git.path)
        let missing = await message { _ = try await repository.blob(blob, limit: 100) }
        #expect(
            missing == """
                file content \(hex) is missing or damaged
                hint: check the repository with 'git fsck'
                """)
        try FileManager.default.copyItem(atPath: source, toPath: file)
        let swapped = await message { _ = try await repository.blob(blob, limit: 100) }
        #expect(swapped.hasPrefix("cannot read file content \(hex): object hash mismatch"))
    }

    @Test("content is exported to a new file with its digest, and leaves nothing on an error")
    func export() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        let text = String(repeating: "flights,2013\n", count: 300_000)
        let hex = try git.blob(text)
        let blob = try #require(Hex.decode(Array(hex.utf8)).flatMap { BlobID(bytes: $0) })
        let repository = try GitRepository(opening: git.path)
        let file = scratch.path + "/out.csv"
        let exported = try await repository.exportBlob(blob, toFile: file)
        #expect(exported == ExportedBlob(digest: Digest(hashing: text.utf8), size: text.utf8.count))
        #expect(FileManager.default.contents(atPath: file) == Data(text.utf8))
        #expect(try await repository.hashBlob(blob) == exported)
        let again = await message { _ = try await repository.exportBlob(blob, toFile: file) }
        #expect(again == "cannot write \(file): File exists")
        #expect(FileManager.default.contents(atPath: file) == Data(text.utf8))
        let other = scratch.path + "/other.csv"
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await repository.exportBlob(blob, toFile: other)
        }
        await #expect(throws: SourceControlError.cancelled) { try await task.value }
        #expect(!FileManager.default.fileExists(atPath: other))
    }
}
