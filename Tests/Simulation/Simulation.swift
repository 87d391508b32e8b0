package import ResourceAPI

/// Runs seeds, each twice: equal seeds must do equal things, or no failure could be replayed.
package enum Simulation {
    package struct Report: Sendable {
        package let seed: UInt64
        /// What did not hold; nil if all did.
        package let violation: String?
        /// At which line of the trace.
        package let step: Int
        package let hash: Digest
        /// The last ones, or all if that was asked for.
        package let lines: [String]

        /// Nil if all is well.
        package var failure: String? {
            violation.map { "seed \(seed), step \(step): \($0)" }
        }
    }

    /// - Parameter isWhole: keep every line of the trace.
    package static func run(
        seed: UInt64, coverage: Coverage = Coverage(), isWhole: Bool = false
    ) async -> Report {
        let trace = Trace(isWhole: isWhole)
        var violation: String?
        do {
            violation = try await SimulatedWorld(seed: seed, trace: trace, coverage: coverage).run()
        } catch {
            violation = "the simulation cannot go on: \(error)"
        }
        return Report(
            seed: seed, violation: violation, step: trace.count, hash: trace.hash,
            lines: trace.lines)
    }

    /// The same seed twice.
    package static func runTwice(seed: UInt64, coverage: Coverage = Coverage()) async -> Report {
        let first = await run(seed: seed, coverage: coverage)
        guard first.violation == nil else { return first }
        let second = await run(seed: seed)
        guard first.hash != second.hash else { return first }
        return Report(
            seed: seed, violation: "it does not do the same twice", step: second.step,
            hash: second.hash, lines: second.lines)
    }

    /// Many seeds, several at a time, each twice.
    ///
    /// - Parameter told: called for each that is done, in no order.
    /// - Returns: those that failed, by seed.
    package static func batch(
        _ seeds: ClosedRange<UInt64>, lanes: Int, coverage: Coverage,
        told: @escaping @Sendable (Report) -> Void = { _ in }
    ) async -> [Report] {
        await withTaskGroup(of: [Report].self) { group in
            for lane in 0..<UInt64(lanes) {
                group.addTask {
                    var failed: [Report] = []
                    for seed in seeds where seed % UInt64(lanes) == lane {
                        let report = await runTwice(seed: seed, coverage: coverage)
                        if report.violation != nil { failed.append(report) }
                        told(report)
                    }
                    return failed
                }
            }
            var all: [Report] = []
            for await failed in group { all += failed }
            return all.sorted { $0.seed < $1.seed }
        }
    }
}
