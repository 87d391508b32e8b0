package import ResourceAPI

/// Something in the state directory that is not as it should be.
package struct Finding: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable, Codable {
        /// Files of an artifact are missing or changed.
        case artifact
        /// Rows contradict each other.
        case record
        case eventChain
        /// SQLite's own check.
        case database
        /// A file in the store that belongs to nothing.
        case stray
    }

    package let kind: Kind
    /// The artifact, where it is one.
    package let artifact: Digest?
    /// One line for people.
    package let message: String
    /// What to do about it.
    package let hint: String
    package init(kind: Kind, artifact: Digest? = nil, message: String, hint: String? = nil) {
        self.kind = kind
        self.artifact = artifact
        self.message = message
        self.hint = hint ?? kind.hint
    }
}

extension Finding.Kind {
    fileprivate var hint: String {
        switch self {
        case .artifact:
            "`ingot verify --repair` puts the bad file aside and has it made again where the newest commit needs it"
        case .record, .eventChain:
            "another program or a damaged disk has changed the database: restore it from a backup, or `ingot rebuild` makes a new one from the store"
        case .database: "`ingot rebuild` moves the file aside and makes a new one from the store"
        case .stray: "nothing refers to it, so it does no harm"
        }
    }
}

/// What a verification has looked at and found.
package struct VerificationReport: Hashable, Sendable {
    /// Present ones.
    package var artifacts = 0
    /// Recorded as damaged; not looked at.
    package var damaged = 0
    /// In the store.
    package var files = 0
    /// Of these files.
    package var bytes: Int64 = 0
    /// Of all tables.
    package var rows = 0
    package var events = 0
    /// In a stable order; empty if all is well.
    package var findings: [Finding] = []
    /// Worth knowing, but no harm.
    package var notes: [Finding] = []

    package init() {}
}
