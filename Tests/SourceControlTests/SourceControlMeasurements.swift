import Foundation
import ResourceAPI
import Synchronization
import Testing

@testable import SourceControl

/// Prints figures; run with INGOT_MEASURE=1.
@Suite(
    "Measurements of git", .serialized,
    .enabled(if: ProcessInfo.processInfo.environment["INGOT_MEASURE"] != nil))
struct SourceControlMeasurements {
    private func milliseconds(_ body: () async throws -> Void) async rethrows -> Double {
        let start = ContinuousClock.now
        try await body()
        let time = (ContinuousClock.now - start).components
        return Double(time.seconds) * 1e3 + Double(time.attoseconds) / 1e15
    }

    private func report(_ name: String, _ times: [Double]) {
        let sorted = times.sorted()
        let (middle, high) = (sorted[sorted.count / 2], sorted[sorted.count * 95 / 100])
        print("measured: \(name): p50 \(middle) ms, p95 \(high) ms, max \(sorted.last ?? 0) ms")
    }

    /// 10,000 files in one commit, and commits on top that change one file each.
    private func generate(_ git: Git, folders: Int, commits: Int) throws {
        var script = ""
        func commit(_ message: String, _ files: [(String, String)]) {
            script += "commit refs/heads/main\ncommitter Ada <ada@example.org> 1700000000 +0000\n"
            script += "data \(message.utf8.count)\n\(message)\n"
            for (path, text) in files {
                script += "M 100644 inline \(path)\ndata \(text.utf8.count)\n\(text)\n"
            }
        }
        func path(_ number: Int) -> String {
            "manifests/folder\(number % folders)/resource-\(number).yaml"
        }
        commit("all", (0..<10_000).map { (path($0), "name: resource-\($0)\n") })
        for number in 0..<commits {
            let file = number * 7919 % 10_000
            commit("change \(number)", [(path(file), "name: changed-\(number)\n")])
        }
        try git.run(["fast-import", "--quiet"], input: Array(script.utf8))
    }

    @Test("differences, look-ups and relations", arguments: [200, 5])
    func reading(folders: Int) async throws {
        let scratch = try Scratch()
        let git = try scratch.repository("bare.git", bare: true)
        try generate(git, folders: folders, commits: 10_000)
        let repository = try GitRepository(opening: git.path)
        let tip = try git.head("main")
        let commits = try await repository.history(of: nil, from: tip, limit: 201).map(\.id)
        let folder = RepositoryPath("manifests")
        var times: [Double] = []
        for (new, old) in zip(commits, commits.dropFirst()) {
            times.append(
                try await milliseconds {
                    let changes = try await repository.changedFiles(
                        from: old, to: new, under: folder, matching: [".yaml", ".yml"])
                    #expect(changes.count == 1)
                })
        }
        report("changedFiles, 1 of 10,000 files in \(folders) folders", times)
        let whole = try await repository.files(at: tip, under: folder, matching: [".yaml"])
        report(
            "files, all 10,000 in \(folders) folders",
            [
                try await milliseconds {
                    _ = try await repository.files(at: tip, under: folder, matching: [".yaml"])
                }
            ])
        let paths = (0..<1000).map { whole.files[$0 * 10].path }
        report(
            "files(paths), 1,000 of 10,000 in \(folders) folders",
            [
                try await milliseconds {
                    _ = try await repository.files(at: tip, paths: paths)
                }
            ])
        report(
            "file(path), 100 single ones in \(folders) folders",
            [
                try await milliseconds {
                    for path in paths.prefix(100) {
                        _ = try await repository.file(at: tip, path: path)
                    }
                }
            ])
        let root = try git.head("main~10000")
        for (old, new, name) in [(root, tip, "forward"), (tip, root, "rewound")] {
            report(
                "relation, \(name) by 10,000 commits",
                [try await milliseconds { _ = try await repository.relation(from: old, to: new) }])
        }
        report(
            "relation, forward by 1 commit",
            [
                try await milliseconds {
                    _ = try await repository.relation(from: commits[1], to: tip)
                }
            ])
    }

    @Test("updates of the mirror")
    func mirror() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository("bare.git", bare: true)
        try generate(git, folders: 200, commits: 0)
        let work = scratch.path + "/work"
        try git.run(["clone", "-q", git.path, work])
        let clone = Git(path: work)
        let mirror = try SourceControl.Mirror(
            at: scratch.path + "/repo.git", of: RepositoryURL(work), fetcher: nil)
        report(
            "update, first, 10,000 files",
            [try await milliseconds { _ = try await mirror.update(branch: "main") }])
        var times: [Double] = []
        for number in 0..<100 {
            try clone.write("manifests/folder7/resource-7.yaml", "\(number)")
            try clone.run(["commit", "-q", "-am", "\(number)"])
            times.append(try await milliseconds { _ = try await mirror.update(branch: "main") })
        }
        report("update, one new commit, 10,000 files", times)
        times = []
        for _ in 0..<100 {
            times.append(try await milliseconds { _ = try await mirror.update(branch: "main") })
        }
        report("update, nothing new", times)
    }

    @Test("10,000 commits between two updates")
    func manyCommits() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository("bare.git", bare: true)
        try generate(git, folders: 200, commits: 10_000)
        let tip = try git.head("main")
        try git.run(["update-ref", "refs/heads/main", "main~10000"])
        let mirror = try SourceControl.Mirror(
            at: scratch.path + "/repo.git", of: RepositoryURL(git.path), fetcher: nil)
        _ = try await mirror.update(branch: "main")
        try git.run(["update-ref", "refs/heads/main", tip.hex])
        report(
            "update, 10,000 commits at once",
            [
                try await milliseconds {
                    _ = try await mirror.update(branch: "main")
                }
            ])
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        print(
            "measured:",
            status.split(separator: "\n").filter { $0.hasPrefix("VmHWM") || $0.hasPrefix("VmRSS") })
    }

    @Test("from the end of git commit to the signal")
    func signals() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        try git.commit("first")
        let stream = try RefWatcher.signals(
            for: RepositoryURL(git.path), branch: "main", interval: .seconds(3600))
        let repository = try GitRepository(opening: git.path)
        let seen = Mutex<[CommitID: ContinuousClock.Instant]>([:])
        let listener = Task {
            for await _ in stream {
                let now = ContinuousClock.now
                guard let commit = try await repository.resolve(branch: "main") else { continue }
                seen.withLock { $0[commit] = $0[commit] ?? now }
            }
        }
        var times: [Double] = []
        for number in 0..<200 {
            switch number % 50 {
            case 10: try git.run(["pack-refs", "--all", "--prune"])
            case 20: try git.run(["gc", "-q"])
            case 30: try git.run(["worktree", "add", "-q", "-b", "w\(number)", "../w\(number)"])
            default: break
            }
            let commit = try git.commit("\(number)")
            let end = ContinuousClock.now
            while true {
                if let at = seen.withLock({ $0[commit] }) {
                    let time = (at - end).components
                    times.append(
                        max(0, Double(time.seconds) * 1e3 + Double(time.attoseconds) / 1e15))
                    break
                }
                try await Task.sleep(for: .milliseconds(1))
            }
        }
        listener.cancel()
        report("git commit's end to signal", times)
    }
}
