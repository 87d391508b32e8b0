import Foundation
import SimulationSupport

/// `simulate SEED` replays one seed and prints all that happened; `simulate --seeds N [--from M]`
/// runs many, each twice. Exit code 1 if something did not hold.
@main
struct Simulate {
    static func main() async {
        let words = Array(CommandLine.arguments.dropFirst())
        if let first = words.first, let seed = UInt64(first) { await replay(seed) }
        guard words.first == "--seeds", words.count >= 2, let count = UInt64(words[1]), count > 0
        else {
            print("usage: simulate SEED | simulate --seeds N [--from M]")
            exit(2)
        }
        let from = words.count == 4 ? UInt64(words[3]) ?? 1 : 1
        await batch(from...(from + count - 1))
    }

    private static func replay(_ seed: UInt64) async -> Never {
        let report = await Simulation.run(seed: seed, isWhole: true)
        for line in report.lines { print(line) }
        print(report.failure ?? "seed \(seed): all holds, trace \(report.hash)")
        exit(report.violation == nil ? 0 : 1)
    }

    private static func batch(_ seeds: ClosedRange<UInt64>) async {
        let coverage = Coverage()
        let start = ContinuousClock.now
        let lanes = ProcessInfo.processInfo.activeProcessorCount
        let failed = await Simulation.batch(seeds, lanes: lanes, coverage: coverage)
        for report in failed {
            print(report.failure ?? "")
            print("  replay: make simulate SEED=\(report.seed)")
        }
        let missing = coverage.missing(from: SimulationCoverage.declared)
        for meeting in missing { print("never met: \(meeting)") }
        print(
            "\(seeds.count) seeds, each twice, in \(ContinuousClock.now - start): \(failed.count) failed, \(missing.count) meetings missing"
        )
        exit(failed.isEmpty && missing.isEmpty ? 0 : 1)
    }
}
