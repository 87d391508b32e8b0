/// A file behind a URL.
package struct HTTPSource: Hashable, Sendable {
    package let url: String
    package let format: FileSource.Format
    /// CSV only: texts that mean null, beside the empty one.
    package let nullValues: [String]
    /// An entry of the controller's configuration.
    package let credentials: ResourceName?

    package init(
        url: String, format: FileSource.Format, nullValues: [String] = [],
        credentials: ResourceName? = nil
    ) {
        self.url = url
        self.format = format
        self.nullValues = nullValues
        self.credentials = credentials
    }
}

/// Objects in S3, or in what speaks like it.
package struct S3Source: Hashable, Sendable {
    package enum Objects: Hashable, Sendable {
        case key(String)
        /// All whose keys start so.
        case prefix(String)
        /// All whose keys match, with `*` and `?`, neither of which stands for a slash.
        case glob(String)

        package var field: (name: String, value: String) {
            switch self {
            case .key(let value): ("key", value)
            case .prefix(let value): ("prefix", value)
            case .glob(let value): ("glob", value)
            }
        }
    }

    package let bucket: String
    package let objects: Objects
    package let region: String?
    /// A URL; nil is Amazon's.
    package let endpoint: String?
    package let format: FileSource.Format
    /// CSV only: texts that mean null, beside the empty one.
    package let nullValues: [String]
    /// An entry of the controller's configuration; nil reads what is public.
    package let credentials: ResourceName?

    package init(
        bucket: String, objects: Objects, region: String? = nil, endpoint: String? = nil,
        format: FileSource.Format, nullValues: [String] = [], credentials: ResourceName? = nil
    ) {
        self.bucket = bucket
        self.objects = objects
        self.region = region
        self.endpoint = endpoint
        self.format = format
        self.nullValues = nullValues
        self.credentials = credentials
    }
}

/// The rows of a query in a PostgreSQL database.
package struct PostgresSource: Hashable, Sendable {
    package let query: String
    /// An entry of the controller's configuration; it also says where the database is.
    package let credentials: ResourceName

    package init(query: String, credentials: ResourceName) {
        self.query = query
        self.credentials = credentials
    }
}

/// When the controller makes a new snapshot of a source outside the repository by itself.
package enum RefreshPolicy: Hashable, Sendable {
    /// So often.
    case schedule(ManifestDuration)
    /// When the source's version has changed, for which it is asked so often.
    case onChange(ManifestDuration)

    package var interval: ManifestDuration {
        switch self {
        case .schedule(let interval), .onChange(let interval): interval
        }
    }
}

/// Where the controller's commits of snapshots go.
package enum SnapshotPush: String, CaseIterable, Hashable, Sendable {
    /// To the branch that is watched.
    case branch
    /// To a new branch, for people to look at.
    case proposal
}

extension DatasetSpec.Source {
    /// The rows come from outside the repository and its data, so that only `ingot.lock` says which
    /// they are.
    package var isOutside: Bool {
        switch self {
        case .http, .s3, .postgres: true
        case .file, .sql, .noop: false
        }
    }

    /// An entry of `ingot.lock` can say which rows they are.
    package var mayBePinned: Bool {
        if case .file = self { true } else { isOutside }
    }

    /// The credentials that reading it takes.
    package var credentials: ResourceName? {
        switch self {
        case .http(let source): source.credentials
        case .s3(let source): source.credentials
        case .postgres(let source): source.credentials
        case .file, .sql, .noop: nil
        }
    }
}
