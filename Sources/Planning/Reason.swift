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
        /// A run failed for a passing reason and is tried again.
        case retry
    }

    package let kind: Kind
    /// The resource whose manifest changed; for inputs, the step's input name is in `field`.
    package let resource: ResourceID?
    /// A field path such as `spec.algorithm.parameters.num_leaves`, or an input's name.
    package let field: String?
    package let from: JSONValue?
    package let to: JSONValue?
    /// Who made the change, found in history by the line of the field; filled in outside the pure
    /// part.
    package var change: Change?
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
        self.from = from
        self.to = to
        self.change = change
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
