package import Planning
package import ResourceAPI

package enum RunState: String, Hashable, Sendable, Codable {
    case running
    case succeeded
    case failed
    case cancelled
}

/// Why a run failed.
package struct RunFailure: Hashable, Sendable, Codable {
    /// `data`, `config`, `internal`, `resource`, `timeout`, `killed` or `interrupted`.
    package let `class`: String
    /// One CamelCase word.
    package let code: String
    package let message: String
    package let hint: String?
    package init(class: String, code: String, message: String, hint: String? = nil) {
        self.class = `class`
        self.code = code
        self.message = message
        self.hint = hint
    }
}

/// A run that is about to begin.
package struct NewRun: Hashable, Sendable {
    package let step: StepID
    package let fingerprint: Fingerprint
    package let revision: Revision
    package let plan: String?
    package let actor: String
    /// From 1.
    package let attempt: Int
    package let reasons: [Reason]
    package let recipeVersion: Int
    package let recipe: JSONValue
    /// By input name.
    package let inputs: [String: Digest]
    /// Digest of the runtime's lock file.
    package let runtime: Digest
    package let seed: Int64
    package let threads: Int
    package init(
        step: StepID, fingerprint: Fingerprint, revision: Revision, plan: String? = nil,
        actor: String, attempt: Int, reasons: [Reason], recipeVersion: Int, recipe: JSONValue,
        inputs: [String: Digest], runtime: Digest, seed: Int64, threads: Int
    ) {
        self.step = step
        self.fingerprint = fingerprint
        self.revision = revision
        self.plan = plan
        self.actor = actor
        self.attempt = attempt
        self.reasons = reasons
        self.recipeVersion = recipeVersion
        self.recipe = recipe
        self.inputs = inputs
        self.runtime = runtime
        self.seed = seed
        self.threads = threads
    }

    /// `firstRun`, `fieldChanged spec.seed`: for the event log.
    var cause: String {
        let words = reasons.map { reason in
            reason.field.map { "\(reason.kind.rawValue) \($0)" } ?? reason.kind.rawValue
        }
        return words.isEmpty ? "asked for" : words.joined(separator: ", ")
    }
}

/// A run as it is recorded.
package struct RunRecord: Hashable, Sendable {
    /// Sorts by time.
    package let id: String
    package let order: NewRun
    package let state: RunState
    /// Milliseconds since 1970.
    package let startedAt: Int64
    package let finishedAt: Int64?
    /// What a succeeded run made.
    package let artifact: Digest?
    /// What the worker told beside its files.
    package let metadata: JSONValue?
    package let failure: RunFailure?
    /// Whether the failure comes again as long as nothing changes.
    package let isDeterministic: Bool

    package var step: StepID { order.step }
    package var fingerprint: Fingerprint { order.fingerprint }
    package var commit: CommitID { order.revision.commit }
    package var inputs: [String: Digest] { order.inputs }
    package var reasons: [Reason] { order.reasons }

    /// What the step warned of, in sentences.
    package var warnings: [String] {
        (metadata?["warnings"]?.array ?? []).compactMap(\.string)
    }

    /// Nil while it runs; 0 if the clock was set back meanwhile.
    package var seconds: Double? { finishedAt.map { Double(max(0, $0 - startedAt)) / 1000 } }

    init(_ record: Record) throws(StateStoreError) {
        let reasons: Encoded<[Reason]> = try record.value("reasons")
        let inputs: InputDigests = try record.value("inputs")
        let failure: Encoded<RunFailure>? = try record.optional("failure")
        id = try record.value("id")
        order = NewRun(
            step: try record.value("step"), fingerprint: try record.value("fingerprint"),
            revision: Revision(
                pointer: try record.value("pointer"), commit: try record.value("commit")),
            plan: try record.optional("plan"), actor: try record.value("actor"),
            attempt: try record.value("attempt"), reasons: reasons.value,
            recipeVersion: try record.value("recipe_version"), recipe: try record.value("recipe"),
            inputs: inputs.digests, runtime: try record.value("runtime"),
            seed: try record.value("seed"), threads: try record.value("threads"))
        state = try record.named("state")
        startedAt = try record.value("started_at")
        finishedAt = try record.optional("finished_at")
        artifact = try record.optional("artifact")
        metadata = try record.optional("metadata")
        self.failure = failure?.value
        isDeterministic = try record.value("deterministic")
    }
}

/// What came of recording a success.
package struct FinishedRun: Hashable, Sendable {
    package let run: RunRecord
    /// The artifact of the fingerprint: the one that was recorded first.
    package let artifact: Digest
    /// What this run made. Another digest than `artifact` means that the step is not reproducible,
    /// which is in the event log.
    package let produced: Digest
    package var isReproducible: Bool { artifact == produced }
}
