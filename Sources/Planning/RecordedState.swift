package import ResourceAPI

/// What the store knows that matters for a plan: a value, so that planning stays pure. The
/// controller keeps it up to date; `ingot plan` loads it once.
package struct RecordedState: Sendable {
    /// The artifact of every fingerprint that has succeeded and whose artifact is present.
    package var results: [Fingerprint: RecordedResult]
    /// The newest successful execution of each step: what a plan compares with to give reasons.
    package var lastExecutions: [StepID: RecordedExecution]
    /// Fingerprints that failed in a way that trying again cannot mend.
    package var failures: [Fingerprint: RecordedFailure]

    package init(
        results: [Fingerprint: RecordedResult] = [:],
        lastExecutions: [StepID: RecordedExecution] = [:],
        failures: [Fingerprint: RecordedFailure] = [:]
    ) {
        self.results = results
        self.lastExecutions = lastExecutions
        self.failures = failures
    }
}

package struct RecordedResult: Hashable, Sendable, Codable {
    /// Of the artifact.
    package let digest: Digest
    package let runID: String
    /// How long the run took.
    package let seconds: Double
    /// What the run warned of, for people; of a profile, the expectations of that severity that
    /// failed. Only the controller keeps them.
    package var warnings: [String]
    package init(digest: Digest, runID: String, seconds: Double, warnings: [String] = []) {
        self.digest = digest
        self.runID = runID
        self.seconds = seconds
        self.warnings = warnings
    }
}

package struct RecordedExecution: Hashable, Sendable, Codable {
    package let fingerprint: Fingerprint
    package let recipeVersion: Int
    package let recipe: JSONValue
    /// By input name.
    package let inputs: [String: Digest]
    package let runtime: Digest
    package let seed: Int64
    package let threads: Int
    package let digest: Digest
    /// The commit that the run was made for.
    package let commit: CommitID
    package let seconds: Double
    package init(
        fingerprint: Fingerprint,
        recipeVersion: Int,
        recipe: JSONValue,
        inputs: [String: Digest],
        runtime: Digest,
        seed: Int64,
        threads: Int,
        digest: Digest,
        commit: CommitID,
        seconds: Double
    ) {
        self.fingerprint = fingerprint
        self.recipeVersion = recipeVersion
        self.recipe = recipe
        self.inputs = inputs
        self.runtime = runtime
        self.seed = seed
        self.threads = threads
        self.digest = digest
        self.commit = commit
        self.seconds = seconds
    }
}

package struct RecordedFailure: Hashable, Sendable, Codable {
    package let runID: String
    /// One CamelCase word, such as `ExpectationFailed`.
    package let code: String
    package let message: String
    package let hint: String?
    package init(runID: String, code: String, message: String, hint: String? = nil) {
        self.runID = runID
        self.code = code
        self.message = message
        self.hint = hint
    }
}
