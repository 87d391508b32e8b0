import Execution
import Foundation
import Planning
import Reconciler
import ResourceAPI
import ResourceGraph

/// Shows on standard error what the loop does: one line for each thing that ended and, on a
/// terminal, bars of the steps that run.
final class ConsoleObserver: LoopObserver, @unchecked Sendable {
    // Unchecked: all state is behind `lock`.
    private let lock = NSLock()
    private let isInteractive: Bool
    private let hasTimes: Bool
    private var running: [(step: StepID, fraction: Double?, message: String)] = []
    private var drawnLines = 0

    /// - Parameter hasTimes: each line begins with the time, for logs.
    init(isInteractive: Bool = Terminal.isInteractive, hasTimes: Bool) {
        self.isInteractive = isInteractive
        self.hasTimes = hasTimes
    }

    func stepStarted(_ launch: StepLaunch, runID: String) {
        say(line(launch)) { $0.running.append((launch.step.id, nil, "")) }
    }

    private func line(_ launch: StepLaunch) -> String {
        let why = launch.reasons.first.map { " (\(ReasonText.short($0)))" } ?? ""
        return "start  \(launch.step.id)\(why)"
    }

    func stepProgressed(_ step: StepID, fraction: Double?, message: String) {
        guard isInteractive else { return }
        update { observer in
            if let index = observer.running.firstIndex(where: { $0.step == step }) {
                observer.running[index] = (step, fraction, message)
            }
        }
    }

    func stepEnded(_ step: StepID, _ outcome: StepOutcome, seconds: Double) {
        let text =
            switch outcome {
            case .succeeded: "done   \(step)  \(TimeText.seconds(seconds))"
            case .cancelled: "cancel \(step)"
            case .failed(let failure):
                "failed \(step)  \(failure.code): \(failure.message)"
                    + (failure.hint.map { "\n       hint: \($0)" } ?? "")
            }
        say(text) { $0.running.removeAll { $0.step == step } }
    }

    func settled(_ settlement: Settlement) {
        let failed = settlement.failed > 0 ? ", \(settlement.failed) failed or blocked" : ""
        let errors =
            settlement.errors > 0
            ? ", \(Plural.count(settlement.errors, "error")) in manifests" : ""
        say(
            "settled \(settlement.revision.short): \(Plural.count(settlement.ran, "step")) ran, "
                + "\(Plural.count(settlement.cached, "artifact")) in place\(failed)\(errors)")
    }

    func note(_ message: String) { say(message) }

    func warn(_ message: String) { say("warning: \(message)") }

    private func say(_ text: String, _ change: (ConsoleObserver) -> Void = { _ in }) {
        let time = hasTimes ? TimeText.date(milliseconds: TimeText.now) + " " : ""
        update(printing: time + text + "\n", change)
    }

    private func update(printing text: String = "", _ change: (ConsoleObserver) -> Void) {
        lock.withLock {
            change(self)
            guard isInteractive else {
                if !text.isEmpty { Terminal.writeError(text) }
                return
            }
            // Up over the bars that were drawn, and clear to the end of the screen.
            var output = drawnLines > 0 ? "\u{1B}[\(drawnLines)A\u{1B}[J" : ""
            output += text
            for entry in running { output += bar(entry) + "\n" }
            drawnLines = running.count
            Terminal.writeError(output)
        }
    }

    private func bar(_ entry: (step: StepID, fraction: Double?, message: String)) -> String {
        let width = 20
        let filled = Int((entry.fraction ?? 0) * Double(width))
        let bar =
            String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
        let percent = entry.fraction.map { String(format: "%3.0f %%", $0 * 100) } ?? "     "
        return "  \(bar) \(percent) \(entry.step)  \(entry.message.prefix(30))"
    }
}
