import SimulationSupport
import StateStore
import Testing

@Suite("The simulated disk")
struct DiskTests {
    private func disk(_ plan: [Int: Fault] = [:], seed: UInt64 = 1) -> SimulatedDisk {
        let faults = FaultSchedule(random: SeededRandom(seed: seed))
        faults.plan(plan)
        return SimulatedDisk(
            random: SeededRandom(seed: seed), faults: faults, clock: SimulatedClock())
    }

    private func losePower(_ disk: SimulatedDisk, _ fault: Fault = .powerLossOfAll) {
        disk.faults.kill(fault)
        disk.restart()
    }

    @Test func `what is not synced is lost with the power, and stays when the process dies`()
        throws
    {
        let disk = disk()
        try disk.create("/a", [1, 2, 3])
        losePower(disk, .crash)
        #expect(disk.bytes(of: "/a") == [1, 2, 3])
        losePower(disk)
        #expect(disk.files(below: "") == [])
    }

    @Test func `a file needs its own sync and its folder's`() throws {
        let disk = disk()
        try disk.create("/synced", [1])
        try disk.synchronize("/synced")
        try disk.create("/named", [2])
        try disk.synchronizeDirectory("")
        losePower(disk)
        #expect(disk.bytes(of: "/synced") == [1])
        #expect(disk.bytes(of: "/named") == [])
    }

    @Test func `a rename is done or not, never half`() throws {
        for seed in UInt64(1)...40 {
            let disk = disk(seed: seed)
            try disk.createDirectory("/from")
            try disk.createDirectory("/to")
            try disk.create("/from/a", [7])
            try disk.synchronize("/from/a")
            try disk.synchronizeDirectory("/from")
            try disk.synchronizeDirectory("/to")
            try disk.synchronizeDirectory("")
            try disk.rename("/from/a", to: "/to/b")
            losePower(disk, .powerLoss)
            let files = disk.files(below: "")
            #expect(files == ["/from/a"] || files == ["/to/b"])
        }
    }

    @Test func `names that depend on each other are kept in order`() throws {
        for seed in UInt64(1)...40 {
            let disk = disk(seed: seed)
            try disk.create("/a", [7])
            try disk.synchronize("/a")
            try disk.rename("/a", to: "/b")
            try disk.rename("/b", to: "/c")
            losePower(disk, .powerLoss)
            #expect(disk.files(below: "").count <= 1)
        }
    }

    @Test func `an fsync that failed has lost the bytes, whatever the next one says`() throws {
        let disk = disk([2: .errorOnce])
        try disk.create("/a", [UInt8](repeating: 1, count: 2000))
        #expect(throws: FileSystemError(operation: "fsync", path: "/a", code: 5)) {
            try disk.synchronize("/a")
        }
        try disk.synchronize("/a")
        try disk.synchronizeDirectory("")
        losePower(disk)
        #expect((disk.bytes(of: "/a")?.count ?? 0) < 2000)
    }

    @Test func `after a crash everything fails until the restart`() throws {
        let disk = disk([1: .crash])
        #expect(throws: FileSystemError(operation: "write", path: "/a", code: 9999)) {
            try disk.create("/a", [1])
        }
        #expect(throws: FileSystemError(operation: "look at", path: "/a", code: 9999)) {
            _ = try disk.status(of: "/a")
        }
        disk.restart()
        #expect(try disk.status(of: "/b") == nil)
    }

    @Test func `equal seeds draw equal numbers, and forks do not disturb each other`() {
        var one = SeededRandom(seed: 7)
        var two = SeededRandom(seed: 7)
        var left = one.fork("left")
        var right = two.fork("left")
        _ = left.next()
        #expect(one.next() == two.next())
        _ = right.next()
        #expect(left.next() == right.next())
    }
}
