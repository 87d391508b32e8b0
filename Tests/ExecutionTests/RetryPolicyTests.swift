import Testing

@testable import Execution

@Suite("Retry policy")
struct RetryPolicyTests {
    @Test("doubles the delay up to its cap and then gives up")
    func delays() {
        let policy = RetryPolicy(
            initialDelay: .seconds(1), maxDelay: .seconds(5), maxAttempts: 6)
        let delays = (0...7).map { policy.delay(afterAttempt: $0) }
        #expect(
            delays == [
                nil, .seconds(1), .seconds(2), .seconds(4), .seconds(5), .seconds(5), nil, nil,
            ])
    }

    @Test("does not overflow after many attempts")
    func manyAttempts() {
        #expect(RetryPolicy.warmParent.delay(afterAttempt: .max - 1) == .seconds(30))
    }

    @Test("does not retry what fails in the same way again")
    func deterministic() {
        let data = StepFailure(class: .data, code: "X", message: "x")
        let config = StepFailure(class: .config, code: "X", message: "x")
        let internalFailure = StepFailure(class: .internal, code: "X", message: "x")
        let policy = RetryPolicy.steps
        #expect(policy.delay(afterAttempt: 1, failure: data) == nil)
        #expect(policy.delay(afterAttempt: 1, failure: config) == nil)
        #expect(policy.delay(afterAttempt: 1, failure: internalFailure) == .seconds(1))
    }
}
