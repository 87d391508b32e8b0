import Execution
import ResourceAPI
import ResourceGraph

/// A source does not hold the rows any more that `ingot.lock` says.
struct SourceMoved {
    let failure: StepFailure

    /// Nil if it is as it should be.
    init?(_ launch: StepLaunch, made digest: Digest) {
        guard let pin = launch.step.pin, pin != digest else { return nil }
        let dataset = launch.step.id.resource
        let observed = launch.program["pinned"]?["observed"]?.string ?? "an earlier time"
        failure = StepFailure(
            class: .data, code: "SourceMoved",
            message:
                "the source of \(dataset) has moved on since \(observed): ingot.lock means the rows \(pin.short), and the source now gives \(digest.short)",
            hint:
                "run `ingot snapshot \(dataset.name.text)` to go on with what it holds now; the old rows come back only with their artifact, from a backup of the store"
        )
    }
}
