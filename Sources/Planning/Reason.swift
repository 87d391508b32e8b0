package import ResourceAPI

/// Why a step runs. The same values are shown by `ingot plan`, stored with the run and read by
/// `ingot why`.
package struct Reason: Hashable, Sendable, Codable {
    package enum Kind: String, Hashable, Sendable, Codable {
        /// Never run before.
        case firstRun
        /// A field of the manifest has another value.
        case fieldChanged
        /// The training set has other feature columns.
        case columnsChanged
        /// An input has another digest.
        case inputChanged
        /// An input will be rebuilt, so its digest is not known yet.
        case inputPending
        /// The Python runtime's lock file changed.
        case runtimeChanged
        /// Ingot computes this kind of step differently now.
        case recipeVersionChanged
        /// Recorded, but the artifact is missing or damaged.
        case artifactMissing
        /// Time has passed: `from` and `to` are the instants of the values.
        case refreshDue
        /// A run failed for a passing reason and is tried again.
        case retry
    }

    package let kind: Kind
    /// The resource whose manifest changed; for inputs, the step's input name is in `field`.
    package let resource: ResourceID?
    /// A field path such as `spec.algorithm.parameters.num_leaves`, or an input's name.
    package let field: String?
    /// Most reasons have none of these.
    private var details: Details?

    /// Apart from the rest, so that the reasons of ten thousand steps that never ran are small.
    private final class Details: Sendable {
        let from: JSONValue?
        let to: JSONValue?
        let change: Change?

        init?(_ from: JSONValue?, _ to: JSONValue?, _ change: Change?) {
            guard from != nil || to != nil || change != nil else { return nil }
            self.from = from
            self.to = to
            self.change = change
        }
    }

    package init(
        kind: Kind,
        resource: ResourceID? = nil,
        field: String? = nil,
        from: JSONValue? = nil,
        to: JSONValue? = nil,
        change: Change? = nil
    ) {
        self.kind = kind
        self.resource = resource
        self.field = field
        details = Details(from, to, change)
    }

    package var from: JSONValue? { details?.from }
    package var to: JSONValue? { details?.to }
    /// Who made the change, found in history by the line of the field; filled in outside the pure
    /// part.
    package var change: Change? {
        get { details?.change }
        set { details = Details(from, to, newValue) }
    }

    /// A commit that changed a field or a source.
    package struct Change: Hashable, Sendable, Codable {
        package let commit: CommitID
        package let author: String
        package let summary: String
        /// `file:line`.
        package let place: String?
        package init(commit: CommitID, author: String, summary: String, place: String? = nil) {
            self.commit = commit
            self.author = author
            self.summary = summary
            self.place = place
        }
    }
}

extension Reason {
    package static func == (a: Reason, b: Reason) -> Bool {
        a.kind == b.kind && a.resource == b.resource && a.field == b.field && a.from == b.from
            && a.to == b.to && a.change == b.change
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(kind)
        hasher.combine(resource)
        hasher.combine(field)
    }

    private enum CodingKeys: String, CodingKey {
        case kind, resource, field, from, to, change
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            kind: try fields.decode(Kind.self, forKey: .kind),
            resource: try fields.decodeIfPresent(ResourceID.self, forKey: .resource),
            field: try fields.decodeIfPresent(String.self, forKey: .field),
            from: try fields.decodeIfPresent(JSONValue.self, forKey: .from),
            to: try fields.decodeIfPresent(JSONValue.self, forKey: .to),
            change: try fields.decodeIfPresent(Change.self, forKey: .change))
    }

    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(kind, forKey: .kind)
        try fields.encodeIfPresent(resource, forKey: .resource)
        try fields.encodeIfPresent(field, forKey: .field)
        try fields.encodeIfPresent(from, forKey: .from)
        try fields.encodeIfPresent(to, forKey: .to)
        try fields.encodeIfPresent(change, forKey: .change)
    }
}
