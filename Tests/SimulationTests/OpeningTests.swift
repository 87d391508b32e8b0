import SimulationSupport
import StateStore
import Testing

extension EverySimulation {
    @Suite("Opening cut off")
    struct OpeningTests {
        /// The first start of all makes the folders of the store.
        /// Of 256 folders that were not yet synced when the power went any may be left.
        @Test(arguments: [Fault.crash, .powerLoss, .powerLossOfAll, .noSpace, .errorOnce])
        func `a first start that is cut off can be made again`(fault: Fault) async throws {
            #expect(try await missingFolders(fault) == [])
        }

        @Test func `what the first start acknowledged outlives the power`() async throws {
            let world = try StoreWorld(seed: 1, isMade: false)
            _ = try await world.open()
            world.faults.kill(.powerLossOfAll)
            world.restart()
            let folder = "\(StoreWorld.directory)/store/sha256/00"
            let kind = try world.disk.status(of: folder)?.kind
            #expect(kind == .directory)
        }

        /// It found the folders that the first one had made and not yet synced.
        @Test func `what a second start acknowledged outlives the power`() async throws {
            let world = try StoreWorld(seed: 1, isMade: false)
            // Before it: two of the state's own folder, four folders of the store, 256 of its content.
            world.faults.plan([263: .crash])
            await #expect(throws: (any Error).self) { _ = try await world.open() }
            #expect(world.faults.met?.operation == "fsync of a folder")
            world.restart()
            world.faults.reset()
            _ = try await world.open()
            world.faults.kill(.powerLossOfAll)
            world.restart()
            let names = try world.disk.names(in: "\(StoreWorld.directory)/store/sha256")
            #expect(names.count == 256)
        }

        /// Of the store, after a first start with a fault at each of its points and a second without.
        private func missingFolders(_ fault: Fault) async throws -> [String] {
            var missing: [String] = []
            for point in 1... {
                let world = try StoreWorld(seed: UInt64(point), isMade: false)
                world.faults.plan([point: fault])
                let isOpen = (try? await world.open()) != nil
                if isOpen, world.faults.met == nil { break }
                world.restart()
                world.faults.reset()
                let store = try await world.open()
                missing += try await StoreInvariants.violations(
                    store, on: world.disk, isSwept: true)
                for number in 0..<256 {
                    let name = (number < 16 ? "0" : "") + String(number, radix: 16)
                    let folder = "\(StoreWorld.directory)/store/sha256/\(name)"
                    if try world.disk.status(of: folder)?.kind != .directory {
                        missing.append("\(folder) after \(fault.rawValue) at point \(point)")
                    }
                }
            }
            return missing
        }
    }

    @Suite("Fencing")
    struct FencingTests {
        @Test func `a writer whose lock is gone can write nothing more`() async throws {
            let world = try StoreWorld(seed: 1)
            let paused = try await world.open()
            world.memory.dropLock()
            let newer = try await world.open()
            #expect(newer.epoch == paused.epoch + 1)
            await #expect(
                throws: StateStoreError.fenced(own: paused.epoch, current: newer.epoch)
            ) { try await paused.abandonRunningRuns() }
            #expect(try await newer.currentEpoch() == newer.epoch)
        }
    }
}
