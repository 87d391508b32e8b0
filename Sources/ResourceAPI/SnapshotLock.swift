/// What `ingot.lock` says: which rows datasets have whose sources only know what they hold now.
package struct SnapshotLock: Hashable, Sendable {
    /// Beside `ingot.yaml`.
    package static let path = RepositoryPath("ingot.lock")

    package struct Entry: Hashable, Sendable {
        /// Of the snapshot's artifact.
        package let digest: Digest
        /// When the source was read, RFC 3339 in UTC.
        package let observed: String
        /// What told the source's version then: an ETag, a place in a database's log.
        package let version: String?
        /// All that the source had then, for an expectation of schema drift; nil if nothing asked.
        package let columns: [Column]?

        package init(
            digest: Digest, observed: String, version: String? = nil, columns: [Column]? = nil
        ) {
            self.digest = digest
            self.observed = observed
            self.version = version
            self.columns = columns
        }

        /// Whenever each was read.
        package func holdsTheSame(as other: Entry) -> Bool {
            digest == other.digest && columns == other.columns
        }
    }

    /// A column of a source.
    package struct Column: Hashable, Sendable {
        package let name: String
        /// In a schema's words, or DuckDB's; nil if the source does not say it, as CSV does not.
        package let type: String?

        package init(name: String, type: String?) {
            self.name = name
            self.type = type
        }
    }

    package var entries: [ResourceName: Entry]
    /// False if the file has errors: then nothing is known of what it pins.
    package let isReadable: Bool

    package init(entries: [ResourceName: Entry] = [:], isReadable: Bool = true) {
        self.entries = entries
        self.isReadable = isReadable
    }

    /// Of a project without the file.
    package static let none = SnapshotLock()
    package static let unreadable = SnapshotLock(isReadable: false)
}

extension SnapshotLock {
    /// What it says of the rows of a dataset.
    package enum Pin: Hashable, Sendable {
        /// Exactly these.
        case pinned(Entry)
        /// Nothing, though it should; with what is to be done, for people.
        case missing(String)
        /// Whatever the source holds.
        case free

        /// The same, for what is computed: times and versions are for people.
        package func isSame(as other: Pin) -> Bool {
            if case .pinned(let a) = self, case .pinned(let b) = other {
                return a.holdsTheSame(as: b) && a.observed == b.observed
            }
            return self == other
        }
    }

    /// Whether the dataset has the same rows by both; true of everything else.
    package func saysTheSame(as other: SnapshotLock, of resource: Resource) -> Bool {
        guard let source = resource.dataset?.source, source.mayBePinned else { return true }
        let name = resource.id.name
        return pin(of: name, source).isSame(as: other.pin(of: name, source))
    }

    package func pin(of dataset: ResourceName, _ source: DatasetSpec.Source) -> Pin {
        guard source.mayBePinned else { return .free }
        guard isReadable else {
            return .missing(
                "ingot.lock cannot be read, so nobody knows which rows are meant; `ingot validate` shows what is wrong with it"
            )
        }
        if let entry = entries[dataset] { return .pinned(entry) }
        guard source.isOutside else { return .free }
        return .missing(
            "ingot.lock does not say which rows are meant; run `ingot snapshot \(dataset.text)`")
    }
}
