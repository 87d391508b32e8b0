/// What must hold of a snapshot.
package struct Expectation: Hashable, Sendable {
    package enum Check: Hashable, Sendable {
        case unique([String])
        case notNull(String)
        case between(column: String, min: Double?, max: Double?)
        case values(column: String, allowed: [String])
        case rowCount(min: Int64?, max: Int64?)
        /// In RE2's syntax; the whole text must match.
        case regex(column: String, pattern: String)
        /// The newest value of a column is at most so much older than an instant.
        case freshness(column: String, maxAge: ManifestDuration, instant: Instant)
        /// The values of the columns are those of a row of another dataset, or one is null.
        case foreignKey(columns: [String], dataset: ResourceName, references: [String])
        /// The source, before its columns are selected and cast.
        case schemaDrift([Drift])
        /// SQL over the columns of a row; a null counts as true, as in a CHECK of SQL.
        case condition(String)
        /// SQL that gives the rows that fail, from the table `dataset`.
        case query(String)
    }

    package enum Severity: String, CaseIterable, Hashable, Sendable {
        case error
        case warning
    }

    /// What freshness is measured against. Never a clock, and never the commit: a revert would find
    /// old data too old, and every commit would measure everything again.
    package enum Instant: Hashable, Sendable {
        /// ISO 8601, UTC.
        case time(String)
        /// The newest value of a column of another dataset (or of this one).
        case newest(dataset: ResourceName, column: String)
        /// When the source was read, as ingot.lock says: of a source outside the repository.
        case observed
    }

    package enum Drift: String, CaseIterable, Hashable, Sendable {
        /// The source has columns that the schema does not list.
        case extraColumns
        /// A column of the source has a type of its own that is not the schema's.
        case types
    }

    package let check: Check
    /// The share of rows that must pass, 0 to 1.
    package let mostly: Double
    package let severity: Severity
    package init(check: Check, mostly: Double, severity: Severity) {
        self.check = check
        self.mostly = mostly
        self.severity = severity
    }
}

extension DatasetSpec {
    /// Something is expected of what the source has beside the schema's columns.
    package var watchesDrift: Bool {
        expectations.contains { expectation in
            if case .schemaDrift = expectation.check { true } else { false }
        }
    }
}

extension Expectation {
    package var isComparedToObservation: Bool {
        if case .freshness(_, _, .observed) = check { true } else { false }
    }

    /// Another dataset whose rows are needed, and the path of the field below the expectation that
    /// names it.
    package var reference: (dataset: ResourceName, path: [String])? {
        switch check {
        case .foreignKey(_, let dataset, _): (dataset, ["foreignKey", "dataset"])
        case .freshness(_, _, .newest(let dataset, _)):
            (dataset, ["freshness", "comparedTo", "dataset"])
        default: nil
        }
    }
}
