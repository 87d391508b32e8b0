package import Execution
package import ResourceAPI
package import StateStore

/// What workers do: decided by the fingerprint, the attempt and a seed, and by nothing else.
package struct ScriptedWorkers: Sendable {
    /// One attempt of one step, as it will go.
    package struct Script: Hashable, Sendable {
        package enum Ending: String, Hashable, Sendable, CaseIterable {
            case success
            /// The same files, and one that is never twice the same.
            case nondeterministic
            case transientFailure
            case deterministicFailure
            /// It never ends by itself: its limit of time ends it.
            case hang
            /// It says that it succeeded and has written nothing.
            case noOutput
            case killed
        }

        package let ending: Ending
        /// Milliseconds until it ends by itself.
        package let duration: Int64
        /// Milliseconds for which it goes on after it was asked to stop.
        package let stubbornness: Int64
    }

    /// Of a step that hangs: milliseconds.
    package static let timeLimit: Int64 = 60_000
    /// Passing failures follow on each other less often than the controller's patience lasts.
    package static let passingFailures = 2

    private let seed: UInt64
    /// Shares of the attempts: of passing failures, of hangs and so on.
    package var trouble: Double
    /// Share of the fingerprints that fail for good.
    package var deterministicFailures: Double
    /// Share of the fingerprints that are not reproducible.
    package var nondeterminism: Double

    package init(
        seed: UInt64, trouble: Double = 0.2, deterministicFailures: Double = 0.05,
        nondeterminism: Double = 0.02
    ) {
        self.seed = seed
        self.trouble = trouble
        self.deterministicFailures = deterministicFailures
        self.nondeterminism = nondeterminism
    }

    private func random(_ fingerprint: Fingerprint, _ salt: UInt64) -> SeededRandom {
        SeededRandom(seed: SeededRandom.number(fingerprint.digest) ^ seed &+ salt &* 0x9E37)
    }

    /// - Parameters:
    ///   - attempt: from 1.
    ///   - fails: the manifest says that it fails.
    package func script(_ fingerprint: Fingerprint, attempt: Int, fails: Bool) -> Script {
        var nature = random(fingerprint, 0)
        let isDoomed = nature.chance(deterministicFailures) || fails
        let isUnstable = nature.chance(nondeterminism)
        var chance = random(fingerprint, UInt64(max(attempt, 1)))
        let duration = Int64(chance.below(5_000) + 1)
        let stubbornness = chance.chance(0.2) ? Int64(chance.below(5_000)) : 0
        var ending: Script.Ending =
            isDoomed ? .deterministicFailure : isUnstable ? .nondeterministic : .success
        let passing: [Script.Ending] = [.transientFailure, .hang, .noOutput, .killed]
        if attempt <= Self.passingFailures, chance.chance(trouble) {
            ending = chance.pick(passing) ?? .transientFailure
        }
        return Script(
            ending: ending, duration: ending == .hang ? Self.timeLimit : duration,
            stubbornness: stubbornness)
    }

    /// Whether the step will succeed at last.
    package func succeeds(_ fingerprint: Fingerprint, fails: Bool) -> Bool {
        script(fingerprint, attempt: .max, fails: fails).ending != .deterministicFailure
    }

    /// From 0 to 0.9 in tenths: what the evaluation with this fingerprint measures.
    package func metric(_ fingerprint: Fingerprint) -> Double {
        var chance = random(fingerprint, 7_777)
        return Double(chance.below(10)) / 10
    }

    /// The worker's answer at the end of its time.
    package func outcome(
        _ script: Script, of step: StepID, _ fingerprint: Fingerprint
    ) -> StepOutcome {
        switch script.ending {
        case .success, .nondeterministic, .noOutput:
            let value: JSONValue = ["roc_auc": .double(metric(fingerprint))]
            return .succeeded(
                metadata: step.kind == .evaluate ? ["test": value] : ["rows": 1])
        case .transientFailure: return failed(.internal, "Crashed", "it ended with status 1")
        case .deterministicFailure: return failed(.data, "BadData", "a column is missing")
        case .hang: return failed(.timeout, "TimedOut", "it took longer than its limit")
        case .killed: return failed(.killed, "Killed", "it was killed by signal 9")
        }
    }

    private func failed(
        _ kind: StepFailure.Class, _ code: String, _ message: String
    ) -> StepOutcome {
        .failed(StepFailure(class: kind, code: code, message: message))
    }

    /// The files that a step leaves, by name.
    package func files(
        _ script: Script, _ fingerprint: Fingerprint, attempt: Int
    ) -> [String: [UInt8]] {
        let line = Array((fingerprint.digest.hex + "\n").utf8)
        let data = (0..<20).flatMap { _ in line }
        switch script.ending {
        case .success: return ["data.bin": data]
        case .nondeterministic:
            return ["data.bin": data, "time.txt": Array("attempt \(attempt)".utf8)]
        default: return [:]
        }
    }

    /// Writes the files into the output folder, through every fault of the disk.
    package func write(
        _ files: [String: [UInt8]], to folder: String, on disk: SimulatedDisk
    ) throws(FileSystemError) {
        try disk.createDirectory(folder)
        for (name, bytes) in files.sorted(by: { $0.key < $1.key }) {
            try disk.create("\(folder)/\(name)", bytes)
        }
    }
}
