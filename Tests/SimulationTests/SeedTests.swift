import Foundation
import SimulationSupport
import Testing

extension EverySimulation {
    /// Whole controllers with everything around them. More seeds: `make simulate SEEDS=2000`.
    @Suite("Seeds", .serialized)
    struct SeedTests {
        private static let seeds: UInt64 = 320

        @Test("the invariants hold after every event, and it converges once the faults have ended")
        func batch() async {
            let coverage = Coverage()
            let failed = await Simulation.batch(
                1...Self.seeds, lanes: ProcessInfo.processInfo.activeProcessorCount,
                coverage: coverage)
            for report in failed {
                Issue.record(
                    "\(report.failure ?? ""); replay with `make simulate SEED=\(report.seed)`")
                print(report.lines.joined(separator: "\n"))
            }
            #expect(coverage.missing(from: SimulationCoverage.declared) == [])
        }

        @Test("equal seeds do equal things, and other seeds other ones")
        func determinism() async {
            let one = await Simulation.run(seed: 3)
            let again = await Simulation.run(seed: 3)
            let other = await Simulation.run(seed: 4)
            #expect(one.hash == again.hash)
            #expect(one.hash != other.hash)
        }
    }
}
