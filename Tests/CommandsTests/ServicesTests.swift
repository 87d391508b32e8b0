import Foundation
import Reconciler
import Synchronization
import Testing

@testable import Commands

@Suite("Side by side")
struct ServicesTests {
    private struct Failure: Error {}

    @Test(
        "a final error starts the deadline of the stop, as a signal does, although others hang",
        .timeLimit(.minutes(1)), arguments: [true, false])
    func deadline(isError: Bool) async {
        let isStarted = Mutex(false)
        let run = Task {
            try await Services.run(
                [
                    { if isError { throw Failure() } },
                    {
                        // Deaf to being cancelled: only the deadline ends it.
                        while !isStarted.withLock({ $0 }) {
                            await Task.detached { _ = usleep(1000) }.value
                        }
                    },
                ], onStop: { isStarted.withLock { $0 = true } })
        }
        let result = await run.result
        #expect(isStarted.withLock { $0 })
        if isError {
            #expect(throws: Failure.self) { try result.get() }
        } else {
            #expect(throws: Never.self) { try result.get() }
        }
    }
}

@Suite("Waiting")
struct PatienceTests {
    /// The wall clock is set back by an hour at each look.
    private final class Clock: LoopClock {
        private let time = Mutex(LoopTime(wall: 0, monotonic: 0))

        var now: LoopTime { time.withLock { $0 } }

        func sleep(until monotonic: Int64) async {
            time.withLock {
                $0 = LoopTime(wall: $0.wall - 3_600_000, monotonic: max($0.monotonic, monotonic))
            }
        }
    }

    @Test("ends in time, whatever happens to the wall clock meanwhile")
    func jumps() async throws {
        let clock = Clock()
        let looks = Mutex(0)
        let verdict = try await Patience(seconds: 10, clock: clock).wait { _ in
            looks.withLock { $0 += 1 }
            return .waiting("still reconciling")
        }
        guard case .waiting("still reconciling") = verdict else {
            Issue.record("\(verdict)")
            return
        }
        #expect(looks.withLock { $0 } == 201)
        #expect(clock.now.monotonic == 10_000)
    }
}
