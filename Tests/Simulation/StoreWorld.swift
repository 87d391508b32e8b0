import ResourceAPI
package import StateStore
import Synchronization

/// A state directory on a simulated disk, which survives what happens to the process.
package final class StoreWorld: Sendable {
    package static let directory = "/state"

    package let memory: MemoryDatabase
    package let disk: SimulatedDisk
    package let faults: FaultSchedule
    package let clock: SimulatedClock
    private let runs = Mutex<Int>(0)
    private let trouble = Mutex<(any Error)?>(nil)
    private let views = Mutex<Set<String>>([])

    /// - Parameter isMade: the folders of the state directory are there, durable.
    package init(
        seed: UInt64, coverage: Coverage = Coverage(), isMade: Bool = true
    ) throws(StateStoreError) {
        var random = SeededRandom(seed: seed)
        memory = try MemoryDatabase()
        clock = SimulatedClock()
        faults = FaultSchedule(random: random.fork("faults"), coverage: coverage)
        disk = SimulatedDisk(random: random.fork("disk"), faults: faults, clock: clock)
        if isMade { disk.makeFolders(["/state", "/state/store"]) }
    }

    /// Opens as a controller that starts does.
    package func open() async throws(StateStoreError) -> StateStore {
        let clock = clock
        let store = try await StateStore.openWriter(
            memory: memory, directory: Self.directory,
            clock: {
                clock.advance(by: 1)
                return clock.wall
            },
            runID: { [self] _ in runID() }, fileSystem: disk, faults: faults)
        try await store.abandonRunningRuns()
        return store
    }

    private func runID() -> String {
        let number = runs.withLock { count in
            count += 1
            return count
        }
        return "run-\(number)"
    }

    /// The controller is gone, by its fault or because we end it, and the disk is as that left it.
    package func restart() {
        // What the dead one had met is nobody's any more.
        trouble.withLock { $0 = nil }
        if faults.down == nil { faults.kill(.crash) }
        disk.restart()
        faults.mend()
        memory.dropLock()
    }

    /// Files as a step leaves them, not synced. No fault of the schedule meets them.
    ///
    /// - Returns: the folder.
    package func output(
        _ runID: String, _ files: [String: [UInt8]]
    ) throws(FileSystemError) -> String {
        if faults.down != nil {
            throw FileSystemError(
                operation: "write", path: runID, code: FaultSchedule.crashCode)
        }
        faults.pause(true)
        defer { faults.pause(false) }
        let folder = "\(Self.directory)/work/\(runID)/output"
        for path in [
            "\(Self.directory)/work", "\(Self.directory)/work/\(runID)", folder,
        ] { try disk.createDirectory(path) }
        for (name, bytes) in files.sorted(by: { $0.key < $1.key }) {
            try disk.create("\(folder)/\(name)", bytes)
        }
        return folder
    }

    /// Does something where nothing may be thrown; `takeTrouble` throws it.
    func aside(_ body: () async throws -> Void) async {
        do {
            try await body()
        } catch {
            trouble.withLock { $0 = error }
        }
    }

    func takeTrouble() throws {
        let error = trouble.withLock { trouble in
            defer { trouble = nil }
            return trouble
        }
        if let error { throw error }
    }

    /// What the store shows now is legal.
    func note(_ store: StateStore, deployments: [ResourceName]) async throws {
        let view = try await StoreView.text(store, deployments: deployments)
        views.withLock { _ = $0.insert(view) }
    }

    var legalViews: Set<String> { views.withLock { $0 } }
}
