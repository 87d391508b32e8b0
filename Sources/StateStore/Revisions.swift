import GRDB
package import ResourceAPI

package enum RevisionState: String, Hashable, Sendable, Codable {
    case reconciling
    /// Everything that it asks for exists.
    case reconciled
    /// Settled, but something in it cannot be done.
    case failed
    /// A newer one came before it was settled.
    case superseded
}

/// A commit that a watched pointer moved to.
package struct NewRevision: Hashable, Sendable {
    package let revision: Revision
    package let author: String
    /// First line of the commit message.
    package let summary: String
    /// Milliseconds since 1970, by the committer's clock.
    package let committedAt: Int64
    package init(revision: Revision, author: String, summary: String, committedAt: Int64) {
        self.revision = revision
        self.author = author
        self.summary = summary
        self.committedAt = committedAt
    }
}

/// Numbers of steps.
package struct StepCounts: Hashable, Sendable, Codable {
    package let ran: Int
    package let cached: Int
    package let failed: Int
    package init(ran: Int = 0, cached: Int = 0, failed: Int = 0) {
        self.ran = ran
        self.cached = cached
        self.failed = failed
    }
}

/// A diagnostic as it is kept for `ingot status` and `ingot history`.
package struct RecordedDiagnostic: Hashable, Sendable, Codable {
    package let severity: Diagnostic.Severity
    package let message: String
    /// `file:line:column`.
    package let place: String?
    package let resource: ResourceID?
    /// All of it as people see it, with the quoted line and the hint.
    package let text: String

    package init(_ diagnostic: Diagnostic) {
        severity = diagnostic.severity
        message = diagnostic.message
        place = diagnostic.location?.description
        resource = diagnostic.resource
        text = diagnostic.description
    }
}

package struct RevisionRecord: Hashable, Sendable {
    package let commit: NewRevision
    /// From 1. A pointer that comes back to a commit makes a new row.
    package let sequence: Int64
    package let state: RevisionState
    /// Milliseconds since 1970.
    package let firstSeenAt: Int64
    /// When it was settled.
    package let reconciledAt: Int64?
    package let diagnostics: [RecordedDiagnostic]
    package let counts: StepCounts

    package var revision: Revision { commit.revision }

    init(_ record: Record) throws(StateStoreError) {
        let diagnostics: Encoded<[RecordedDiagnostic]> = try record.value("diagnostics")
        let counts: Encoded<StepCounts> = try record.value("counts")
        commit = NewRevision(
            revision: Revision(
                pointer: try record.value("pointer"), commit: try record.value("commit")),
            author: try record.value("author"), summary: try record.value("summary"),
            committedAt: try record.value("committed_at"))
        sequence = try record.value("seq")
        state = try record.named("state")
        firstSeenAt = try record.value("first_seen_at")
        reconciledAt = try record.optional("reconciled_at")
        self.diagnostics = diagnostics.value
        self.counts = counts.value
    }
}

extension StateStore {
    /// Records that a pointer stands at a commit. Does nothing if it is the newest row already;
    /// otherwise a row of the same pointer that is still being reconciled becomes superseded.
    ///
    /// - Returns: whether it is new.
    @discardableResult
    package func observe(
        _ new: NewRevision, actor: String
    ) async throws(StateStoreError) -> Bool {
        let now = clock()
        let pointer = new.revision.pointer
        return try await write { database in
            guard try newestRevision(database, pointer)?.revision != new.revision else {
                return false
            }
            try database.change(
                "UPDATE revisions SET state = 'superseded' WHERE state = 'reconciling' AND pointer = ?",
                [pointer])
            try database.change(
                """
                INSERT INTO revisions ("commit", pointer, author, summary, committed_at,
                    first_seen_at, state, diagnostics, counts)
                VALUES (?, ?, ?, ?, ?, ?, 'reconciling', '[]', ?)
                """,
                [
                    new.revision.commit, pointer, new.author, new.summary, new.committedAt, now,
                    Encoded(StepCounts()),
                ])
            let origin = ChangeOrigin(
                actor: actor, commit: new.revision.commit, cause: "\(pointer) moved")
            try EventChain(database: database, time: now).append(
                NewEvent(
                    .revisionObserved, origin: origin, result: new.revision.description,
                    payload: ["author": .string(new.author), "summary": .string(new.summary)]))
            return true
        }
    }

    /// Records how the pointer's newest revision ended up. Writes only what has changed, and nothing
    /// of a revision that a newer one has superseded: its last step may end while that one is being
    /// recorded.
    package func settle(
        _ revision: Revision, _ state: RevisionState, diagnostics: [RecordedDiagnostic],
        counts: StepCounts, actor: String, plan: String? = nil
    ) async throws(StateStoreError) {
        let now = clock()
        try await write { database in
            guard let newest = try newestRevision(database, revision.pointer),
                newest.revision == revision
            else {
                if try wasObserved(database, revision) { return }
                throw StateStoreError.unknownRevision(revision)
            }
            // A controller that starts anew does not know what ran for it before.
            let counts = StepCounts(
                ran: max(counts.ran, newest.counts.ran), cached: counts.cached,
                failed: counts.failed)
            guard
                newest.state != state || newest.counts != counts
                    || newest.diagnostics != diagnostics
            else { return }
            try database.change(
                """
                UPDATE revisions SET state = ?, reconciled_at = ?, diagnostics = ?, counts = ?
                WHERE seq = ?
                """,
                [
                    state.rawValue, state == .reconciling ? nil : now, Encoded(diagnostics),
                    Encoded(counts), newest.sequence,
                ])
            let origin = ChangeOrigin(
                actor: actor, commit: revision.commit, plan: plan, cause: "nothing is left to do")
            try EventChain(database: database, time: now).append(
                NewEvent(
                    .revisionSettled, origin: origin, result: state.rawValue,
                    payload: [
                        "ran": .int(Int64(counts.ran)), "cached": .int(Int64(counts.cached)),
                        "failed": .int(Int64(counts.failed)),
                        "diagnostics": .int(Int64(diagnostics.count)),
                    ]))
        }
    }

    /// Newest first.
    package func revisions(limit: Int = 100) async throws(StateStoreError) -> [RevisionRecord] {
        try await read { database in
            try database.records(
                "revisions", "SELECT * FROM revisions ORDER BY seq DESC LIMIT ?", [limit]
            ).map { try RevisionRecord($0) }
        }
    }

    /// The newest revision that was settled, whether all of it could be done or not; nil if none.
    package func appliedRevision() async throws(StateStoreError) -> RevisionRecord? {
        try await read { database in
            try database.record(
                "revisions",
                """
                SELECT * FROM revisions WHERE state IN ('reconciled', 'failed')
                ORDER BY seq DESC LIMIT 1
                """
            ).map { try RevisionRecord($0) }
        }
    }
}

private func newestRevision(_ database: Database, _ pointer: String) throws -> RevisionRecord? {
    try database.record(
        "revisions", QuickQuery.newestRevision.rawValue,
        [pointer]
    ).map { try RevisionRecord($0) }
}

private func wasObserved(_ database: Database, _ revision: Revision) throws -> Bool {
    try database.record(
        "revisions", "SELECT 1 FROM revisions WHERE pointer = ? AND \"commit\" = ? LIMIT 1",
        [revision.pointer, revision.commit]) != nil
}
