package import ResourceAPI
import StateStore

/// What garbage collection deleted, or would delete.
package struct GarbageSummary: Hashable, Sendable, Codable {
    package struct Artifact: Hashable, Sendable, Codable {
        package let digest: Digest
        /// The step that made it first.
        package let step: StepID?
    }

    package let isDryRun: Bool
    package let retentionMilliseconds: Int64
    /// Artifacts that nothing needs and whose time is over.
    package let artifacts: [Artifact]
    /// Files without any record, left behind by killed processes; once deleted, all deleted files.
    package let files: Int
    package let bytes: Int64
    /// Artifacts that nothing needs, but not for long enough yet.
    package let waiting: Int
    package let kept: Int

    init(_ plan: GarbagePlan, retention: Int64) {
        isDryRun = true
        retentionMilliseconds = retention
        artifacts = plan.due.map { Artifact(digest: $0.digest, step: $0.step) }
        files = plan.orphans.count
        bytes = plan.bytes
        waiting = plan.waiting.count
        kept = plan.kept
    }

    /// - Parameter steps: which step made what, as far as it is known.
    init(_ report: GarbageReport, steps: [Digest: StepID], retention: Int64) {
        isDryRun = false
        retentionMilliseconds = retention
        artifacts = report.collected.map { Artifact(digest: $0, step: steps[$0]) }
        files = report.files
        bytes = report.bytes
        waiting = report.waiting
        kept = report.kept
    }
}
