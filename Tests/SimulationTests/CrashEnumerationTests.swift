import ResourceAPI
import SimulationSupport
import StateStore
import Testing

extension EverySimulation {
    @Suite("Crash enumeration", .serialized)
    struct CrashEnumerationTests {
        @Test func `every fault at every write point leaves the old state or the new one`()
            async throws
        {
            let coverage = Coverage()
            for scenario in try CrashScenario.all() {
                let enumeration = CrashEnumeration(scenario, coverage: coverage)
                let found = try await enumeration.violations()
                #expect(found == [], "\(scenario.name)")
                for line in found.prefix(3) { print(line) }
            }
            #expect(coverage.missing(from: Self.declared) == [])
        }

        @Test(arguments: ["publish", "garbage collection"])
        func `a crash while it recovers from a crash does no harm either`(name: String) async throws
        {
            let scenario = try #require(try CrashScenario.all().first { $0.name == name })
            let found = try await CrashEnumeration(scenario)
                .violations(faults: [], pairs: [(.crash, .powerLoss), (.powerLoss, .crash)])
            #expect(found == [])
        }

        /// Which faults must have met which operations.
        private static var declared: [String] {
            let operations = [
                "write", "protect", "fsync", "fsync of a folder", "rename", "remove",
                "transaction begin", "transaction beforeCommit", "transaction afterCommit",
            ]
            let faults: [Fault] = [
                .crash, .powerLoss, .powerLossOfAll, .noSpace, .errorOnce, .errorForGood,
                .shortWrite,
            ]
            return operations.flatMap { operation in
                faults.map { "\($0.rawValue) × \(operation)" }
            }
        }
    }
}
