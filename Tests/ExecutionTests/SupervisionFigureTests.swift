import Foundation
import Glibc
import ResourceAPI
import Synchronization
import Testing

@testable import Execution

/// The figures that supervision promises, measured. The machine may be busy with something else, so
/// that of some measurements of time the best one counts; all are printed.
@Suite("Figures of supervision", .serialized)
struct SupervisionFigureTests {
    private static let rounds = 5

    /// Measurements, in milliseconds.
    private final class Times: Sendable {
        private let all = Mutex<[Double]>([])

        func add(_ time: Double) { all.withLock { $0.append(time) } }

        /// Prints all.
        func best(of what: String) throws -> Double {
            let all = all.withLock { $0 }
            let list = all.map { String(format: "%.1f", $0) }.joined(separator: ", ")
            print("figure: \(what): \(list) ms")
            return try #require(all.min())
        }
    }

    @Test(
        "the exit of a step is noticed within 100 ms while its grandchildren live",
        arguments: ["daemon", "grandchild"])
    func exit(what: String) async throws {
        let times = Times()
        for _ in 0..<Self.rounds {
            try await HostileStep.with { bench in
                let (outcome, pids) = try await HostileStep.run(
                    ["do": .string(what), "then": "end-and-tell"], in: bench
                ) { _, _ in }
                let noticed = monotonicMilliseconds
                #expect(outcome == .succeeded(metadata: [:]))
                #expect(!pids.isEmpty && !pids.contains(where: isAlive))
                let text = try String(
                    contentsOfFile: bench.root + "/work/run-1/output/ended", encoding: .utf8)
                times.add(noticed - (try #require(Double(text))) / 1_000_000)
            }
        }
        #expect(try times.best(of: "exit noticed, \(what) alive") < 100)
    }

    private enum Victim: String, CaseIterable, CustomStringConvertible {
        case worker
        case warmParent = "warm parent"

        var description: String { rawValue }
    }

    @Test(
        "the whole tree is dead within 1 s of a SIGKILL",
        arguments: ["daemon", "grandchild", "bomb"], Victim.allCases)
    private func killed(what: String, victim: Victim) async throws {
        let times = Times()
        for _ in 0..<3 {
            try await HostileStep.with { bench in
                _ = try await HostileStep.run(
                    ["do": .string(what), "then": "hang"], in: bench
                ) { task, pids in
                    let worker = try worker(of: pids)
                    let parent = try #require(member(worker)).parent
                    let tree = ProcessTree.members(ofWorker: worker)
                    let all = Set(tree.map(\.pid)).union(pids).union(
                        victim == .worker ? [] : [parent])
                    let start = monotonicMilliseconds
                    kill(victim == .worker ? worker : parent, SIGKILL)
                    while all.contains(where: isAlive) || hasSession(worker) {
                        try #require(
                            monotonicMilliseconds - start < 10_000, "\(all.filter(isAlive))")
                        usleep(500)
                    }
                    times.add(monotonicMilliseconds - start)
                    _ = await task.value
                }
            }
        }
        let figure = "tree dead after SIGKILL of the \(victim), \(what)"
        #expect(try times.best(of: figure) < 1000)
    }

    private func member(_ pid: Int32) -> ProcessTree.Member? {
        FileManager.default.contents(atPath: "/proc/\(pid)/stat").flatMap {
            ProcessTree.member(pid: pid, stat: Array($0))
        }
    }

    /// The process that leads the session of the step: some of `pids` may have left it.
    private func worker(of pids: [Int32]) throws -> Int32 {
        try #require(pids.compactMap(member).map(\.session).first { pids.contains($0) || $0 > 1 })
    }

    /// A bomb makes processes that nobody knew before.
    private func hasSession(_ session: Int32) -> Bool {
        ProcessTree.members(ofWorker: session).contains { !$0.isDead }
    }

    @Test("a thousand spawns leave no descriptor, here or in the warm parent, and no zombie")
    func thousand() async throws {
        let result = await #expect(
            processExitsWith: .success, observing: [\.standardOutputContent]
        ) {
            try await HostileStep.with { bench in
                // What is opened once and kept is open by then.
                try await Spawns.run(40, in: bench, prefix: "warm")
                let before = try await Spawns.Left.atRest(bench)
                let start = monotonicMilliseconds
                try await Spawns.run(1000, in: bench, prefix: "run")
                let seconds = (monotonicMilliseconds - start) / 1000
                let after = try await Spawns.Left.atRest(bench)
                print("figure: 1,000 spawns in \(String(format: "%.1f", seconds)) s")
                print("figure: descriptors before: \(before), after: \(after)")
                #expect(before.parents.count == 2)
                #expect(after == before)
                #expect(after.zombies == 0)
            }
        }
        let output = result?.standardOutputContent ?? []
        for line in String(decoding: output, as: UTF8.self).split(separator: "\n")
        where line.hasPrefix("figure:") {
            print(line)
        }
    }
}

/// Many steps that end at once, by both processes of the warm parent, and what is left of them.
private enum Spawns {
    static func run(_ steps: Int, in bench: Bench, prefix: String) async throws {
        try await withThrowingTaskGroup { group in
            for (lane, kind) in [StepKind.noop, .train].enumerated() {
                group.addTask {
                    for number in stride(from: lane, to: steps, by: 2) {
                        let order = try bench.order(
                            ["do": "quick"], run: "\(prefix)-\(number)", kind: kind)
                        let outcome = await bench.executor.run(order) { _ in }
                        guard outcome == .succeeded(metadata: [:]) else {
                            Issue.record("\(outcome)")
                            return
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    struct Left: Equatable, CustomStringConvertible {
        let own: Int
        /// Of the warm parent's two processes.
        let parents: [Int]
        let zombies: Int

        init(_ bench: Bench) throws {
            let all = try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap {
                Int32($0)
            }
            let family = all.filter { pid in
                let data = FileManager.default.contents(atPath: "/proc/\(pid)/environ")
                return data.map { String(decoding: $0, as: UTF8.self) }?
                    .contains("\(WorkerProcess.markVariable)=\(bench.root)/run/worker-") == true
            }
            own = try Self.descriptors(getpid())
            parents = try family.sorted().map(Self.descriptors)
            zombies = all.count { pid in
                guard let data = FileManager.default.contents(atPath: "/proc/\(pid)/stat"),
                    let member = ProcessTree.member(pid: pid, stat: Array(data)), member.isDead
                else { return false }
                return member.parent == getpid() || family.contains(member.parent)
            }
        }

        /// Once the connection of the last step is closed at both ends.
        static func atRest(_ bench: Bench) async throws -> Left {
            var last = try Left(bench)
            for _ in 0..<50 {
                try await Task.sleep(for: .milliseconds(200))
                let next = try Left(bench)
                if next == last { return next }
                last = next
            }
            return last
        }

        var description: String { "own \(own), warm parent \(parents), zombies \(zombies)" }

        private static func descriptors(_ pid: Int32) throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd").count
        }
    }
}
