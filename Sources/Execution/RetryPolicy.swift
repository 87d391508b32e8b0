/// How long to wait before a failed attempt is repeated: exponential, capped, limited. Pure, and
/// without jitter, since one machine competes with nobody.
package struct RetryPolicy: Hashable, Sendable {
    package let initialDelay: Duration
    package let maxDelay: Duration
    /// The number of attempts in all, the first one included.
    package let maxAttempts: Int

    package init(initialDelay: Duration, maxDelay: Duration, maxAttempts: Int) {
        self.initialDelay = initialDelay
        self.maxDelay = maxDelay
        self.maxAttempts = maxAttempts
    }

    /// For steps: after 1 s, 2 s, 4 s and 8 s, then given up.
    package static let steps = RetryPolicy(
        initialDelay: .seconds(1), maxDelay: .seconds(60), maxAttempts: 5)

    /// For the warm parent, which is needed as long as there are steps: never given up.
    package static let warmParent = RetryPolicy(
        initialDelay: .milliseconds(100), maxDelay: .seconds(30), maxAttempts: .max)

    /// - Parameter attempt: how many attempts have been made, from 1.
    /// - Returns: nil if no further attempt is to be made.
    package func delay(afterAttempt attempt: Int) -> Duration? {
        guard attempt >= 1, attempt < maxAttempts else { return nil }
        var delay = initialDelay
        for _ in 1..<attempt {
            // Stops early, so that it cannot overflow whatever the attempt.
            guard delay < maxDelay else { break }
            delay *= 2
        }
        return min(delay, maxDelay)
    }

    /// Nil as well if another attempt would fail in the same way.
    package func delay(afterAttempt attempt: Int, failure: StepFailure) -> Duration? {
        failure.isDeterministic ? nil : delay(afterAttempt: attempt)
    }
}
