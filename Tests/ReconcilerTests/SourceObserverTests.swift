import Foundation
import Manifests
import Planning
import Reconciler
import ResourceAPI
import ResourceGraph
import SourceControl
import Testing

@Suite("Source files")
struct SourceObserverTests {
    /// A repository with a work tree, gone at the end.
    private final class Place {
        let folder = NSTemporaryDirectory() + "ingot-sources-" + UUID().uuidString.prefix(8)

        init() throws {
            try FileManager.default.createDirectory(
                atPath: folder + "/data", withIntermediateDirectories: true)
            try git("init", "-q", "-b", "main")
        }

        deinit { try? FileManager.default.removeItem(atPath: folder) }

        func git(_ arguments: String...) throws {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments =
                ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.com"] + arguments
            process.currentDirectoryURL = URL(fileURLWithPath: folder)
            try process.run()
            process.waitUntilExit()
            try #require(process.terminationStatus == 0)
        }

        func write(_ text: String, to path: String) throws {
            let url = URL(fileURLWithPath: folder + "/" + path)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try text.write(to: url, atomically: true, encoding: .utf8)
        }

        /// What datasets with these paths read, at the newest commit.
        func look(_ paths: String...) async throws -> (SourceObserver, [SourceFile]) {
            let repository = try GitRepository(opening: folder)
            let observer = SourceObserver(
                repository: repository, projectPath: RepositoryPath(""), dataDirectory: folder,
                lfs: LFSStore(repository: repository.commonDirectory), store: nil)
            let manifests = paths.enumerated().map { index, path in
                """
                apiVersion: ingot/v1
                kind: Dataset
                metadata: {name: d\(index)}
                spec: {source: {file: {path: "\(path)", format: csv}}}

                """
            }
            let parsed = ManifestParser.parse([
                ManifestFile(
                    path: RepositoryPath("a.yaml"),
                    bytes: Array(manifests.joined(separator: "---\n").utf8))
            ])
            #expect(parsed.diagnostics.map(\.description) == [])
            let graph = GraphCompiler.compile(resources: parsed.resources)
            let found = try await observer.observe(
                graph, at: try await repository.tip(ofBranch: "main"))
            return (observer, paths.map { found[RepositoryPath($0)] ?? .unreadable("not there") })
        }

        func content(
            _ observer: SourceObserver, _ path: String, _ file: SourceFile
        ) async throws -> [String: String] {
            guard case .present(let digest) = file else { return [:] }
            let folder = folder + "/run-" + UUID().uuidString
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true)
            let commit = try #require(CommitID(bytes: Array(repeating: 7, count: 20)))
            return try await observer.files(
                of: RepositoryPath(path), digest: digest,
                revision: Revision(pointer: "main", commit: commit), folder: folder
            ).mapValues { try String(contentsOfFile: $0, encoding: .utf8) }
        }
    }

    @Test("a pattern is the files of the commit that match, whatever lies in the work tree")
    func committedPattern() async throws {
        let place = try Place()
        try place.write("1", to: "data/2013-01.csv")
        try place.write("2", to: "data/2013-02.csv")
        try place.write("x", to: "data/more/2013-03.csv")
        try place.git("add", "-A")
        try place.git("commit", "-q", "-m", "Start")
        try place.write("3", to: "data/2013-03.csv")
        let (observer, found) = try await place.look("data/2013-*.csv")
        #expect(
            try await place.content(observer, "data/2013-*.csv", found[0])
                == ["data/2013-01.csv": "1", "data/2013-02.csv": "2"])
        // Names that keep the order are no part of it, nor are times.
        try place.git("mv", "data/2013-01.csv", "data/2013-00.csv")
        try place.git("commit", "-q", "-m", "Rename")
        let (_, renamed) = try await place.look("data/2013-*.csv")
        #expect(renamed == found)
        try place.git("mv", "data/2013-00.csv", "data/2013-09.csv")
        try place.git("commit", "-q", "-m", "Reorder")
        let (_, reordered) = try await place.look("data/2013-*.csv")
        #expect(reordered != found)
    }

    @Test("a pattern that matches nothing in the commit is looked for below a data root")
    func outsidePattern() async throws {
        let place = try Place()
        try place.git("commit", "-q", "--allow-empty", "-m", "Start")
        try place.write("1", to: "data/a/x.csv")
        try place.write("2", to: "data/b/x.csv")
        try place.write("3", to: "data/b/.hidden.csv")
        let (observer, found) = try await place.look("data/*/x.csv", "data/*.csv", "other/*.csv")
        #expect(
            try await place.content(observer, "data/*/x.csv", found[0])
                == ["data/a/x.csv": "1", "data/b/x.csv": "2"])
        #expect(
            found[1]
                == .unreadable(
                    "data/*.csv matches no file in the commit or in \(place.folder)"))
        #expect(
            found[2] == .unreadable("other/*.csv is in none of the project's data roots"))
        // Another file is another content.
        try place.write("4", to: "data/c/x.csv")
        let again = try await observer.observeAgain([RepositoryPath("data/*/x.csv"): found[0]])
        #expect(again[RepositoryPath("data/*/x.csv")] != found[0])
    }

    @Test("a git-lfs pointer stands for the object that git-lfs has fetched")
    func lfs() async throws {
        let place = try Place()
        let content = "origin,delay\nEWR,1\n"
        let digest = Digest(hashing: content.utf8)
        let pointer = """
            version https://git-lfs.github.com/spec/v1
            oid \(digest)
            size \(content.utf8.count)

            """
        try place.write(pointer, to: "data/a.csv")
        try place.git("add", "-A")
        try place.git("commit", "-q", "-m", "Start")
        let (_, missing) = try await place.look("data/a.csv")
        #expect(
            missing == [
                .unreadable(
                    "data/a.csv is kept by git-lfs, and its content (\(digest.short), 19 bytes) is not on this machine; run `git lfs fetch` in the repository that is watched"
                )
            ])
        let hex = digest.hex
        try place.write(
            content, to: ".git/lfs/objects/\(hex.prefix(2))/\(hex.dropFirst(2).prefix(2))/\(hex)")
        let (observer, found) = try await place.look("data/a.csv", "data/*.csv")
        #expect(found[0] == .present(digest))
        #expect(
            try await place.content(observer, "data/a.csv", found[0]) == ["file": content])
        #expect(
            try await place.content(observer, "data/*.csv", found[1]) == ["data/a.csv": content])
        // An object with another content of the same length is not taken.
        try place.write(
            content.replacing("1", with: "2"),
            to: ".git/lfs/objects/\(hex.prefix(2))/\(hex.dropFirst(2).prefix(2))/\(hex)")
        await #expect(throws: ReconcilerError.self) {
            _ = try await place.content(observer, "data/a.csv", found[0])
        }
    }
}
