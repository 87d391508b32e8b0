import Foundation
import Planning
import ResourceAPI
import StateStore
import Synchronization
import Testing

/// Fails the nth time that transactions reach a point.
final class FaultyTransactions: TransactionFaults {
    private let point: TransactionPoint
    private let error: StateStoreError
    private let armed = Mutex(false)

    init(_ point: TransactionPoint, _ error: StateStoreError) {
        self.point = point
        self.error = error
    }

    func arm() { armed.withLock { $0 = true } }

    func reach(_ point: TransactionPoint) throws {
        let fails = armed.withLock { armed in
            guard armed, point == self.point else { return false }
            armed = false
            return true
        }
        if fails { throw error }
    }
}

@Suite("Fencing and simulated databases")
struct FencingTests {
    let scratch: Scratch
    let memory: MemoryDatabase
    let clock = TestClock()
    let ids = TestIDs()

    init() throws {
        scratch = try Scratch()
        memory = try MemoryDatabase()
    }

    private func open(_ faults: (any TransactionFaults)? = nil) async throws -> StateStore {
        let (clock, ids) = (clock, ids)
        return try await StateStore.openWriter(
            memory: memory, directory: scratch.state, clock: { clock.now() },
            runID: { _ in ids.next() }, fileSystem: LocalFileSystem(), faults: faults)
    }

    @Test("a database in memory outlives the stores that are opened on it")
    func outlives() async throws {
        do {
            let store = try await open()
            #expect(store.epoch == 1)
            _ = try await store.succeed(scratch, newRun("dataset/a#snapshot", "1"), "one")
            try await store.close()
        }
        let store = try await open()
        #expect(store.epoch == 2)
        #expect(try await store.recordedState().results.count == 1)
        #expect(try await store.verify().findings.isEmpty)
        let reader = StateStore.openReader(
            memory: memory, directory: scratch.state, fileSystem: LocalFileSystem())
        #expect(try await reader.runs().map(\.id) == ["run-1"])
        #expect(!FileManager.default.fileExists(atPath: scratch.state + "/state.sqlite"))
    }

    @Test("a second writer is refused until the first lets go of the lock")
    func lock() async throws {
        let first = try await open()
        let error = await stateError { _ = try await open() }
        #expect(error == .inUse(directory: scratch.state, process: nil))
        try await first.close()
        try await open().close()
    }

    @Test("a writer that lost its lock without noticing can write nothing more")
    func fenced() async throws {
        let paused = try await open()
        let run = try await paused.startRun(newRun("dataset/a#snapshot", "1"))
        memory.dropLock()
        let newer = try await open()
        let error = await stateError {
            try await paused.cancelRun(run, cause: "a newer commit does not want it")
        }
        #expect(
            error?.description == """
                another controller has taken the state over: this one is number 1, the newest is number 2
                hint: nothing was written; stop this one, and let only one controller run
                """)
        #expect(error?.isFatal == true)
        #expect(try await newer.run(run).state == .running)
        #expect(try await paused.currentEpoch() == 2)
        try await newer.cancelRun(run, cause: "the controller was replaced")
        // The lock of the paused one is long gone: closing it takes nothing from the newer one.
        try await paused.close()
        #expect(
            await stateError { _ = try await open() }
                == .inUse(directory: scratch.state, process: nil))
    }

    @Test("the epoch of a real state grows with every writer and stands in the store too")
    func epochs() async throws {
        for epoch in 1...3 as ClosedRange<Int64> {
            let store = try await scratch.writer()
            #expect(store.epoch == epoch)
            #expect(
                try String(contentsOfFile: scratch.state + "/store/epoch", encoding: .utf8)
                    == "\(epoch)\n")
            try await store.close()
        }
        let reader = try await scratch.reader()
        #expect(reader.epoch == 0)
        #expect(try await reader.currentEpoch() == 3)
    }

    @Test("a fault before the commit undoes the transaction", arguments: [true, false])
    func before(isReal: Bool) async throws {
        for point in [TransactionPoint.begin, .beforeCommit] {
            let faults = FaultyTransactions(point, .diskFull(path: "/disk"))
            let scratch = try Scratch()
            let store =
                isReal
                ? try await StateStore.openWriter(
                    directory: scratch.state, clock: { 0 }, faults: faults)
                : try await StateStore.openWriter(
                    memory: MemoryDatabase(), directory: scratch.state, clock: { 0 },
                    fileSystem: LocalFileSystem(), faults: faults)
            faults.arm()
            let error = await stateError {
                _ = try await store.startRun(newRun("dataset/a#snapshot", "1"))
            }
            #expect(error == .diskFull(path: "/disk"))
            #expect(try await store.runs().isEmpty)
            #expect(try await store.events().isEmpty)
            _ = try await store.startRun(newRun("dataset/a#snapshot", "1"))
        }
    }

    @Test("a fault after the commit reaches the caller, and the change stands")
    func after() async throws {
        let faults = FaultyTransactions(.afterCommit, .database(problem: "cut off"))
        let store = try await open(faults)
        faults.arm()
        let error = await stateError {
            _ = try await store.startRun(newRun("dataset/a#snapshot", "1"))
        }
        #expect(error == .database(problem: "cut off"))
        #expect(try await store.runs().map(\.state) == [.running])
        #expect(try await store.events().map(\.event.kind) == [.runStarted])
    }
}
