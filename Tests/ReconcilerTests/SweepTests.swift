import Foundation
import Synchronization
import Testing

@testable import Reconciler

@Suite("What would grow for months")
struct SweepTests {
    private final class Folder {
        let path = NSTemporaryDirectory() + "ingot-sweep-" + UUID().uuidString

        init() throws {
            for name in ["logs", "work", "run"] {
                try FileManager.default.createDirectory(
                    atPath: "\(path)/\(name)", withIntermediateDirectories: true)
            }
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        func write(_ name: String, bytes: Int = 1, age: TimeInterval = 0) throws {
            let file = URL(fileURLWithPath: "\(path)/\(name)")
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(repeating: 65, count: bytes).write(to: file)
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -age)], ofItemAtPath: file.path)
        }

        func names(_ folder: String) throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: "\(path)/\(folder)").sorted()
        }
    }

    @Test("the logs of the newest runs stay, and of the others it is known that they were there")
    func runs() throws {
        let folder = try Folder()
        for run in 1...5 {
            try folder.write("logs/r\(run).log")
            if run % 2 == 0 { try folder.write("logs/r\(run).jsonl") }
            if run == 2 { try folder.write("logs/r\(run).profile.json") }
        }
        try folder.write("logs/instance-price-1.log")
        // Goes on since long ago.
        try folder.write("work/r1/output/model")
        let logs = RunLogs(stateDirectory: folder.path, limits: .init(runs: 2))
        #expect(logs.sweep() == 2)
        #expect(
            try folder.names("logs") == [
                "instance-price-1.log", "r1.log", "r4.jsonl", "r4.log", "r5.log", "removed",
            ])
        #expect(
            ["r0", "r1", "r2", "r3", "r4", "r5", "r6"].map(logs.wasRemoved) == [
                true, false, true, true, false, false, false,
            ])
        #expect(logs.sweep() == 0)
        try FileManager.default.removeItem(atPath: folder.path + "/work/r1")
        #expect(logs.sweep() == 1)
        #expect(logs.wasRemoved("r3"), "the mark does not go back")
    }

    @Test("all logs together have a limit, but the newest stays however large it is")
    func bytes() throws {
        let folder = try Folder()
        for run in 1...4 { try folder.write("logs/r\(run).log", bytes: 400) }
        let logs = RunLogs(stateDirectory: folder.path, limits: .init(runs: 10, bytes: 1000))
        #expect(logs.sweep() == 2)
        #expect(try folder.names("logs") == ["r3.log", "r4.log", "removed"])
        try folder.write("logs/r5.log", bytes: 5000)
        #expect(logs.sweep() == 2)
        #expect(try folder.names("logs") == ["r5.log", "removed"])
    }

    /// Stands still until it is moved.
    private final class Clock: LoopClock {
        private let time: Mutex<LoopTime>

        init() {
            let wall = Int64(Date().timeIntervalSince1970 * 1000)
            time = Mutex(LoopTime(wall: wall, monotonic: 0))
        }

        var now: LoopTime { time.withLock { $0 } }

        func advance(_ milliseconds: Int64) {
            time.withLock {
                $0 = LoopTime(
                    wall: $0.wall + milliseconds, monotonic: $0.monotonic + milliseconds)
            }
        }

        func sleep(until monotonic: Int64) async {
            try? await Task.sleep(for: .milliseconds(10))
        }
    }

    @Test("replies that nobody has taken are removed while the controller runs")
    func replies() async throws {
        let folder = try Folder()
        let clock = Clock()
        let server = ControlServer(stateDirectory: folder.path, clock: clock)
        let task = Task { try await server.run { _ in .done } }
        try await Task.sleep(for: .milliseconds(100))
        try folder.write("run/replies/1-a.json")
        try folder.write("run/replies/.dat.nosync1")
        try folder.write("run/requests/.dat.nosync2")
        clock.advance(599_000)
        try await Task.sleep(for: .milliseconds(2200))
        #expect(try folder.names("run/replies") == [".dat.nosync1", "1-a.json"])
        clock.advance(61_000)
        for _ in 0..<100 where try !folder.names("run/replies").isEmpty {
            try await Task.sleep(for: .milliseconds(50))
        }
        #expect(try folder.names("run/replies") == [])
        #expect(try folder.names("run/requests") == [])
        task.cancel()
        _ = await task.result
    }
}
