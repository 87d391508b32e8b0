import SimulationSupport
import Testing

@Suite("Speed of the simulated disk")
struct DiskMeasurements {
    /// No assertion about time: the figure is for people.
    @Test func `a hundred thousand operations`() throws {
        let disk = SimulatedDisk(
            random: SeededRandom(seed: 1), faults: FaultSchedule(random: SeededRandom(seed: 1)),
            clock: SimulatedClock())
        try disk.createDirectory("/a")
        try disk.createDirectory("/b")
        let start = ContinuousClock.now
        for number in 0..<20_000 {
            try disk.create("/a/\(number)", [1, 2, 3])
            try disk.synchronize("/a/\(number)")
            try disk.rename("/a/\(number)", to: "/b/\(number)")
            try disk.synchronizeDirectory("/b")
            try disk.remove("/b/\(number)")
        }
        print("100,000 operations of the simulated disk: \(ContinuousClock.now - start)")
        #expect(disk.files(below: "/b").isEmpty)
    }
}
