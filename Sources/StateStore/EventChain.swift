import GRDB
package import ResourceAPI

/// Who or what asks for a change, and why: part of every event.
package struct ChangeOrigin: Hashable, Sendable {
    /// `controller`, or the name of a person.
    package let actor: String
    package let commit: CommitID?
    package let plan: String?
    /// For people.
    package let cause: String
    package init(actor: String, commit: CommitID? = nil, plan: String? = nil, cause: String) {
        self.actor = actor
        self.commit = commit
        self.plan = plan
        self.cause = cause
    }
}

/// What happened, in one CamelCase word. Open, since other targets tell events of their own.
package struct EventKind: RawRepresentable, Hashable, Sendable {
    package let rawValue: String
    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    package static let runStarted = EventKind(rawValue: "RunStarted")
    package static let runSucceeded = EventKind(rawValue: "RunSucceeded")
    package static let runFailed = EventKind(rawValue: "RunFailed")
    package static let runCancelled = EventKind(rawValue: "RunCancelled")
    package static let runInterrupted = EventKind(rawValue: "RunInterrupted")
    package static let nonReproducible = EventKind(rawValue: "NonReproducible")
    package static let artifactDamaged = EventKind(rawValue: "ArtifactDamaged")
    package static let artifactRestored = EventKind(rawValue: "ArtifactRestored")
    package static let failureForgotten = EventKind(rawValue: "FailureForgotten")
    package static let versionRegistered = EventKind(rawValue: "VersionRegistered")
    package static let stageMoved = EventKind(rawValue: "StageMoved")
    package static let stageCleared = EventKind(rawValue: "StageCleared")
    package static let rolloutStarted = EventKind(rawValue: "RolloutStarted")
    package static let rolloutReady = EventKind(rawValue: "RolloutReady")
    package static let revisionObserved = EventKind(rawValue: "RevisionObserved")
    package static let revisionSettled = EventKind(rawValue: "RevisionSettled")
    package static let manifestsApplied = EventKind(rawValue: "ManifestsApplied")
    package static let resourcePruned = EventKind(rawValue: "ResourcePruned")
    package static let statusChanged = EventKind(rawValue: "StatusChanged")
    package static let suspended = EventKind(rawValue: "Suspended")
    package static let resumed = EventKind(rawValue: "Resumed")
    package static let approved = EventKind(rawValue: "Approved")
    package static let fileQuarantined = EventKind(rawValue: "FileQuarantined")
    package static let artifactCollected = EventKind(rawValue: "ArtifactCollected")
    package static let rebuilt = EventKind(rawValue: "Rebuilt")
}

/// An event before it has its place in the chain.
package struct NewEvent: Hashable, Sendable {
    package let kind: EventKind
    package let resource: ResourceID?
    package let origin: ChangeOrigin
    /// One line for people.
    package let result: String
    package let payload: JSONValue
    package init(
        _ kind: EventKind, _ resource: ResourceID? = nil, origin: ChangeOrigin, result: String,
        payload: JSONValue = [:]
    ) {
        self.kind = kind
        self.resource = resource
        self.origin = origin
        self.result = result
        self.payload = payload
    }
}

package struct RecordedEvent: Hashable, Sendable {
    /// From 1, without gaps.
    package let sequence: Int64
    /// Milliseconds since 1970.
    package let time: Int64
    package let event: NewEvent
    package let previousHash: Digest
    package let hash: Digest

    var expectedHash: Digest {
        EventEncoding(
            sequence: sequence, time: time, event: event, payload: event.payload.canonicalText,
            previous: previousHash
        ).hash
    }

    init(_ record: Record) throws(StateStoreError) {
        sequence = try record.value("seq")
        time = try record.value("time")
        event = NewEvent(
            EventKind(rawValue: try record.value("kind")), try record.optional("resource"),
            origin: ChangeOrigin(
                actor: try record.value("actor"), commit: try record.optional("commit"),
                plan: try record.optional("plan"), cause: try record.value("cause")),
            result: try record.value("result"), payload: try record.value("payload"))
        previousHash = try record.value("prev_hash")
        hash = try record.value("hash")
    }
}

/// Appends to the chain, inside the transaction of the change that the event tells.
struct EventChain {
    /// Before the first event.
    static let origin = Digest(bytes: [UInt8](repeating: 0, count: 32)) ?? Digest(hashing: [])
    let database: Database
    let time: Int64

    func append(_ event: NewEvent) throws {
        let last = try database.record(
            "events", QuickQuery.lastEvent.rawValue)
        let sequence: Int64 = try last.map { try $0.value("seq") } ?? 0
        let previous: Digest = try last.map { try $0.value("hash") } ?? EventChain.origin
        let payload = event.payload.canonicalText
        let hash = EventEncoding(
            sequence: sequence + 1, time: time, event: event, payload: payload, previous: previous
        ).hash
        try database.change(
            "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                sequence + 1, time, event.origin.actor, event.origin.commit, event.origin.plan,
                event.kind.rawValue, event.resource, event.origin.cause, event.result, payload,
                previous, hash,
            ])
    }
}
