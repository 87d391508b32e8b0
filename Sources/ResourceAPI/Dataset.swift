/// A table: where its rows come from, what columns it promises and what must hold of them.
package struct DatasetSpec: Hashable, Sendable {
    package enum Source: Hashable, Sendable {
        case file(FileSource)
        case http(HTTPSource)
        case s3(S3Source)
        case postgres(PostgresSource)
        case sql(SQLSource)
        case noop(NoopSource)
    }

    package let source: Source
    /// In order. Empty: whatever the source has.
    package let schema: [Column]
    package let primaryKey: [String]
    /// The column of the event time.
    package let timestamp: String?
    package let expectations: [Expectation]
    /// Nil: only when somebody says `ingot snapshot`.
    package let refresh: RefreshPolicy?
    package init(
        source: Source,
        schema: [Column],
        primaryKey: [String],
        timestamp: String? = nil,
        expectations: [Expectation],
        refresh: RefreshPolicy? = nil
    ) {
        self.source = source
        self.schema = schema
        self.primaryKey = primaryKey
        self.timestamp = timestamp
        self.expectations = expectations
        self.refresh = refresh
    }

    package struct Column: Hashable, Sendable {
        package let name: String
        package let type: ColumnType
        package let nullable: Bool
        /// The column with the time from which a row's value is known; nil: always.
        package let knownAt: String?
        package init(name: String, type: ColumnType, nullable: Bool, knownAt: String? = nil) {
            self.name = name
            self.type = type
            self.nullable = nullable
            self.knownAt = knownAt
        }
    }
}

package enum ColumnType: String, CaseIterable, Hashable, Sendable, Codable {
    case string
    /// 64 bits, signed.
    case integer
    /// IEEE 754 double precision.
    case double
    case boolean
    /// Microseconds, UTC, without a time zone.
    case timestamp
    case date

    package var isNumeric: Bool { self == .integer || self == .double || self == .boolean }
}

/// A local file: a blob of the commit, or else below one of the project's data roots. Or several,
/// if the path is a `PathPattern`.
package struct FileSource: Hashable, Sendable {
    package enum Format: String, CaseIterable, Hashable, Sendable {
        case csv
        case parquet
        /// One JSON object a line.
        case json
    }

    package let path: RepositoryPath
    package let format: Format
    /// CSV only: texts that mean null, beside the empty one.
    package let nullValues: [String]
    package init(path: RepositoryPath, format: Format, nullValues: [String]) {
        self.path = path
        self.format = format
        self.nullValues = nullValues
    }
}

/// A query in DuckDB's SQL over other datasets, each visible as a table of its own name.
package struct SQLSource: Hashable, Sendable {
    package let inputs: [ResourceName]
    package let query: String
    package init(inputs: [ResourceName], query: String) {
        self.inputs = inputs
        self.query = query
    }
}

/// Nothing at all, made by a step that does nothing: for tests, and for trying out what a change to
/// a project sets going.
package struct NoopSource: Hashable, Sendable {
    /// Other datasets of this sort.
    package let dependsOn: [ResourceName]
    /// Goes into the artifact, so that another content is another artifact.
    package let content: String
    /// How long the step takes. Does not change what it makes.
    package let seconds: Double
    package let fails: Bool
    package init(dependsOn: [ResourceName], content: String, seconds: Double, fails: Bool) {
        self.dependsOn = dependsOn
        self.content = content
        self.seconds = seconds
        self.fails = fails
    }
}
