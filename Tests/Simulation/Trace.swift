package import ResourceAPI
import Synchronization

/// What a simulation did, line by line. Two runs of a seed did the same if their hashes are equal.
package final class Trace: Sendable {
    private struct State: Sendable {
        var digest = Digest(hashing: [])
        var count = 0
        var lines: [String] = []
    }

    private let state = Mutex(State())
    private let kept: Int
    private let isWhole: Bool

    /// - Parameters:
    ///   - kept: how many of the last lines can be printed.
    ///   - isWhole: all of them can.
    package init(kept: Int = 60, isWhole: Bool = false) {
        self.kept = kept
        self.isWhole = isWhole
    }

    package func add(_ line: String) {
        state.withLock { state in
            var builder = DigestBuilder()
            builder.update(state.digest.bytes)
            builder.update(Array(line.utf8))
            state.digest = builder.finish()
            state.count += 1
            state.lines.append("\(state.count) \(line)")
            if !isWhole, state.lines.count >= 2 * kept {
                state.lines.removeFirst(state.lines.count - kept)
            }
        }
    }

    /// Of all lines so far, each chained to the one before it.
    package var hash: Digest { state.withLock { $0.digest } }

    /// Number of lines so far.
    package var count: Int { state.withLock { $0.count } }

    /// The last lines, numbered from 1; all of them if the trace is whole.
    package var lines: [String] {
        state.withLock { isWhole ? $0.lines : Array($0.lines.suffix(kept)) }
    }
}
