import Foundation
import ResourceAPI
import Synchronization
import Testing

@testable import SourceControl

@Suite("Signals that a branch may have moved")
struct RefWatcherTests {
    /// The stream's next signals until the branch is the commit.
    private func waitUntil(
        _ stream: AsyncStream<Void>, _ repository: GitRepository, _ branch: String,
        is commit: CommitID?
    ) async throws {
        for await _ in stream {
            if try await repository.resolve(branch: branch) == commit { return }
        }
        Issue.record("the stream ended")
    }

    private func signals(_ git: Git, _ branch: String) throws -> AsyncStream<Void> {
        // A poll an hour: what is seen is seen by inotify.
        try RefWatcher.signals(
            for: RepositoryURL(git.path), branch: branch, interval: .seconds(3600))
    }

    @Test("a push to a bare repository is seen, again and again", .timeLimit(.minutes(1)))
    func push() async throws {
        let scratch = try Scratch()
        let bare = try scratch.repository("bare.git", bare: true)
        let git = try scratch.repository()
        let repository = try GitRepository(opening: bare.path)
        let stream = try signals(bare, "main")
        for number in 1...5 {
            let commit = try git.commit("commit \(number)")
            try git.run(["push", "-q", bare.path, "main"])
            try await waitUntil(stream, repository, "main", is: commit)
        }
    }

    @Test(
        "branches with slashes, packed references and deletions are seen", .timeLimit(.minutes(1)))
    func slashes() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        let first = try git.commit("first")
        let second = try git.commit("second")
        let repository = try GitRepository(opening: git.path)
        let branch = "team/ada/delays"
        let stream = try signals(git, branch)
        for _ in 1...5 {
            try git.run(["branch", branch, first.hex])
            try await waitUntil(stream, repository, branch, is: first)
            // Removes the loose file and its folders.
            try git.run(["pack-refs", "--all", "--prune"])
            try git.run(["branch", "-f", branch, second.hex])
            try await waitUntil(stream, repository, branch, is: second)
            try git.run(["pack-refs", "--all", "--prune"])
            try git.run(["branch", "-D", branch])
            try await waitUntil(stream, repository, branch, is: nil)
        }
    }

    @Test("no update is lost while many are made at once", .timeLimit(.minutes(1)))
    func storm() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        let commits = try (1...8).map { try git.commit("\($0)") }
        let repository = try GitRepository(opening: git.path)
        let stream = try signals(git, "a/b")
        for round in 0..<20 {
            for commit in commits.shuffled() {
                try git.run(["update-ref", "refs/heads/a/b", commit.hex])
            }
            let last = commits[round % commits.count]
            try git.run(["update-ref", "refs/heads/a/b", last.hex])
            if round.isMultiple(of: 3) { try git.run(["pack-refs", "--all", "--prune"]) }
            try await waitUntil(stream, repository, "a/b", is: last)
        }
    }

    @Test("a repository that is removed and made anew is seen", .timeLimit(.minutes(1)))
    func remade() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository(bare: true)
        let stream = try signals(git, "main")
        var iterator = stream.makeAsyncIterator()
        _ = await iterator.next()
        try FileManager.default.removeItem(atPath: git.path)
        let other = try scratch.repository("other")
        let commit = try other.commit("first")
        _ = try scratch.repository(bare: true)
        try other.run(["push", "-q", git.path, "main"])
        while await iterator.next() != nil {
            if let repository = try? GitRepository(opening: git.path),
                try await repository.resolve(branch: "main") == commit
            {
                return
            }
        }
    }

    @Test("events that do not concern the branch are no signals", .timeLimit(.minutes(1)))
    func quiet() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        let first = try git.commit("first")
        let count = Mutex(0)
        let watch = try RefWatch(gitDirectory: git.path + "/.git", branch: "main") {
            count.withLock { $0 += 1 }
        }
        #expect(watch.start())
        for number in 1...10 {
            try git.run(["update-ref", "refs/heads/other\(number)", first.hex])
            try git.write("file", "\(number)")
            try git.run(["add", "file"])
        }
        try git.run(["update-ref", "refs/heads/main", try git.commit("second").hex])
        // The first signal, and those of one commit: not one for each of the 30 commands.
        while count.withLock({ $0 }) < 2 { try await Task.sleep(for: .milliseconds(1)) }
        #expect(count.withLock { $0 } <= 6)
        watch.stop()
    }

    @Test("a remote repository is polled by the clock it is given", .timeLimit(.minutes(1)))
    func polling() async throws {
        let clock = ManualClock()
        let url = try RepositoryURL("https://example.org/ml.git")
        let stream = try RefWatcher.signals(for: url, branch: "main", clock: clock)
        var iterator = stream.makeAsyncIterator()
        await #expect(iterator.next() != nil)
        for _ in 1...3 {
            let asked = await clock.advanceToNextSleeper()
            #expect(asked == .seconds(30))
            await #expect(iterator.next() != nil)
        }
    }

    @Test("a folder that is no repository is an error at once")
    func notARepository() async throws {
        let scratch = try Scratch()
        let text = await message {
            _ = try RefWatcher.signals(for: RepositoryURL(scratch.path), branch: "main")
        }
        #expect(text.hasPrefix("\(scratch.path) is not a git repository\n"))
    }

    @Test(
        "measure: update of a reference to signal",
        .enabled(if: ProcessInfo.processInfo.environment["INGOT_MEASURE"] != nil))
    func measure() async throws {
        let scratch = try Scratch()
        let git = try scratch.repository()
        let commits = [try git.commit("1").hex, try git.commit("2").hex]
        let stream = try signals(git, "main")
        var iterator = stream.makeAsyncIterator()
        _ = await iterator.next()
        try await Task.sleep(for: .milliseconds(100))
        var times: [Double] = []
        for round in 0..<200 {
            let file = git.path + "/.git/refs/heads/main"
            try Data((commits[round % 2] + "\n").utf8).write(
                to: URL(fileURLWithPath: file + ".new"))
            let start = ContinuousClock.now
            rename(file + ".new", file)
            _ = await iterator.next()
            let time = ContinuousClock.now - start
            times.append(Double(time.components.attoseconds) / 1e12)
            try await Task.sleep(for: .milliseconds(2))
        }
        times.sort()
        print("ref update to signal: p50 \(times[100]) µs, p99 \(times[197]) µs")
    }
}

/// A clock that moves only when it is told to.
private final class ManualClock: Clock {
    struct Instant: InstantProtocol {
        var offset: Swift.Duration

        func advanced(by duration: Swift.Duration) -> Instant {
            Instant(offset: offset + duration)
        }

        func duration(to other: Instant) -> Swift.Duration { other.offset - offset }
        static func < (a: Instant, b: Instant) -> Bool { a.offset < b.offset }
    }

    private struct State {
        var now = Instant(offset: .zero)
        var sleepers: [(until: Instant, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    var now: Instant { state.withLock { $0.now } }
    var minimumResolution: Swift.Duration { .zero }

    func sleep(until deadline: Instant, tolerance: Swift.Duration?) async throws {
        await withCheckedContinuation { continuation in
            state.withLock { $0.sleepers.append((deadline, continuation)) }
        }
    }

    /// Waits for somebody to sleep, and wakes them. Returns for how long they wanted to sleep.
    func advanceToNextSleeper() async -> Swift.Duration {
        while true {
            let woken = state.withLock {
                state -> (Swift.Duration, CheckedContinuation<Void, Never>)? in
                guard !state.sleepers.isEmpty else { return nil }
                let (until, continuation) = state.sleepers.removeFirst()
                let asked = state.now.duration(to: until)
                state.now = until
                return (asked, continuation)
            }
            if let (asked, continuation) = woken {
                continuation.resume()
                return asked
            }
            await Task.yield()
        }
    }
}
