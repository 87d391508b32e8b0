import Planning
import ResourceAPI
import StateStore

/// What a state directory shows, in one text: what a crash may leave old or new, never between.
/// Attempts, times and marks of garbage collection are not part of it.
enum StoreView {
    static func text(_ store: StateStore, deployments: [ResourceName]) async throws -> String {
        var lines: [String] = []
        for (fingerprint, result) in try await store.recordedState().results {
            lines.append("result \(fingerprint.digest.short) \(result.digest.short)")
        }
        for record in try await store.versions() {
            let version = record.version
            lines.append("version \(version.model) \(version.number) \(version.digest.short)")
        }
        for stage in try await store.currentStages() {
            let version = stage.version.map { "\($0)" } ?? "nothing"
            lines.append("stage \(stage.model) \(stage.stage) \(version) \(stage.sequence)")
        }
        for deployment in deployments {
            for rollout in try await store.rollouts(of: deployment) {
                let isReady = rollout.readyAt != nil
                lines.append(
                    "rollout \(deployment) \(rollout.sequence) \(rollout.version) \(isReady)")
            }
        }
        return lines.sorted().joined(separator: "\n")
    }
}
