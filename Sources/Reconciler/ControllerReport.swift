package import ResourceAPI

/// What a running controller says of itself, in `run/controller.json`: for people who ask whether it
/// keeps up, and for benchmarks.
package struct ControllerReport: Hashable, Sendable, Codable {
    package let pid: Int32
    /// From the start of the process to its first plan.
    package var coldStartMs: Double?
    /// The newest commit that was read.
    package var commit: String?
    /// When, in milliseconds since 1970.
    package var seenAt: Int64?
    /// How many looks found something new, and how long the last of them took until the plan was
    /// ready.
    package var changed = 0
    package var changedMs: [Double] = []
    /// How many looks found nothing, and how long the last of them took.
    package var unchanged = 0
    package var unchangedMs: [Double] = []
}

/// Keeps the report, and writes it when it changes.
package actor ControllerReporter {
    private static let kept = 64
    private let path: String
    /// Milliseconds of a clock that never jumps, counted from the start of the process.
    private let elapsed: @Sendable () -> Double
    private var report: ControllerReport
    private var pending: Double?

    /// - Parameter elapsed: milliseconds since the process started.
    package init(
        stateDirectory: String, pid: Int32, elapsed: @escaping @Sendable () -> Double
    ) {
        path = stateDirectory + "/run/controller.json"
        self.elapsed = elapsed
        report = ControllerReport(pid: pid)
    }

    package nonisolated var now: Double { elapsed() }

    /// A look that began at `start` found nothing new.
    package func unchanged(since start: Double) {
        report.unchanged += 1
        append(elapsed() - start, to: &report.unchangedMs)
        write()
    }

    /// A look that began at `start` found a commit; the plan for it is not ready yet.
    package func seen(_ commit: CommitID, since start: Double, at time: Int64) {
        pending = start
        report.commit = commit.hex
        report.seenAt = time
        write()
    }

    package func planned() {
        guard let start = pending else { return }
        pending = nil
        let now = elapsed()
        if report.coldStartMs == nil { report.coldStartMs = now }
        report.changed += 1
        append(now - start, to: &report.changedMs)
        write()
    }

    private func append(_ value: Double, to list: inout [Double]) {
        list.append((value * 1000).rounded() / 1000)
        if list.count > Self.kept { list.removeFirst() }
    }

    /// Nobody depends on it, so a full disk does no harm here.
    private func write() { try? RunFile.write(report, to: path) }
}
