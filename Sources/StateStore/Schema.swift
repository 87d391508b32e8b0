import GRDB

/// The tables. A migration that has been released is never edited; a change is a new one.
enum Schema {
    /// "INGO", so that a state database is told from any other SQLite file.
    static let applicationID = 0x49_4E_47_4F
    /// Number of the newest migration, kept in `user_version`.
    static let version = 2

    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { database in
            try database.execute(sql: artifactsAndRuns)
            try database.execute(sql: models)
            try database.execute(sql: revisionsAndStatus)
            try database.execute(sql: events)
            try appendOnly("events", in: database)
            try appendOnly("stage_history", in: database)
            try appendOnly("versions", in: database)
            try database.execute(sql: "PRAGMA application_id = \(applicationID)")
            try database.execute(sql: "PRAGMA user_version = 1")
        }
        migrator.registerMigration("2") { database in
            try database.execute(sql: collectableArtifacts)
            try database.execute(sql: fencingAndGarbage)
            try database.execute(sql: decisions)
            try database.execute(sql: quickLooks)
            try database.execute(sql: "PRAGMA user_version = 2")
        }
        return migrator
    }

    /// Digests and commits are blobs, times are milliseconds since 1970. `artifacts.state` is
    /// `present`, or `damaged` once its files were found missing or changed.
    private static let artifactsAndRuns = """
        CREATE TABLE artifacts (
            digest BLOB PRIMARY KEY NOT NULL,
            bytes INTEGER NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('present', 'damaged')),
            created_at INTEGER NOT NULL
        ) WITHOUT ROWID;

        CREATE TABLE artifact_files (
            artifact BLOB NOT NULL REFERENCES artifacts(digest),
            name TEXT NOT NULL,
            digest BLOB NOT NULL,
            size INTEGER NOT NULL,
            PRIMARY KEY (artifact, name)
        ) WITHOUT ROWID;

        CREATE TABLE runs (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            step TEXT NOT NULL,
            resource TEXT NOT NULL,
            kind TEXT NOT NULL,
            fingerprint BLOB NOT NULL,
            "commit" BLOB NOT NULL,
            pointer TEXT NOT NULL,
            plan TEXT,
            actor TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('running', 'succeeded', 'failed', 'cancelled')),
            attempt INTEGER NOT NULL,
            started_at INTEGER NOT NULL,
            finished_at INTEGER,
            reasons TEXT NOT NULL,
            recipe_version INTEGER NOT NULL,
            recipe TEXT NOT NULL,
            inputs TEXT NOT NULL,
            runtime BLOB NOT NULL,
            seed INTEGER NOT NULL,
            threads INTEGER NOT NULL,
            artifact BLOB REFERENCES artifacts(digest),
            metadata TEXT,
            failure TEXT,
            deterministic INTEGER NOT NULL DEFAULT 0
        );
        CREATE INDEX runs_by_step ON runs (state, step, seq);
        CREATE INDEX runs_of_step ON runs (step, seq);
        CREATE INDEX runs_by_resource ON runs (resource, seq);
        CREATE INDEX runs_by_artifact ON runs (artifact, seq) WHERE artifact IS NOT NULL;
        CREATE UNIQUE INDEX one_running_attempt ON runs (fingerprint) WHERE state = 'running';

        CREATE TABLE fingerprints (
            fingerprint BLOB PRIMARY KEY NOT NULL,
            digest BLOB NOT NULL REFERENCES artifacts(digest),
            run TEXT NOT NULL REFERENCES runs(id),
            milliseconds INTEGER NOT NULL
        ) WITHOUT ROWID;

        CREATE TABLE failures (
            fingerprint BLOB PRIMARY KEY NOT NULL,
            run TEXT NOT NULL REFERENCES runs(id),
            code TEXT NOT NULL,
            message TEXT NOT NULL,
            hint TEXT
        ) WITHOUT ROWID;

        CREATE TABLE source_files (
            path TEXT PRIMARY KEY NOT NULL,
            device INTEGER NOT NULL,
            inode INTEGER NOT NULL,
            size INTEGER NOT NULL,
            mtime_ns INTEGER NOT NULL,
            digest BLOB NOT NULL
        ) WITHOUT ROWID;
        """

    private static let models = """
        CREATE TABLE versions (
            model TEXT NOT NULL,
            number INTEGER NOT NULL,
            digest BLOB NOT NULL REFERENCES artifacts(digest),
            fingerprint BLOB NOT NULL,
            run TEXT NOT NULL REFERENCES runs(id),
            "commit" BLOB NOT NULL,
            actor TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            metrics TEXT NOT NULL,
            gates TEXT NOT NULL,
            PRIMARY KEY (model, number),
            UNIQUE (model, digest)
        ) WITHOUT ROWID;
        CREATE INDEX versions_by_digest ON versions (digest);

        CREATE TABLE stage_history (
            model TEXT NOT NULL,
            stage TEXT NOT NULL,
            seq INTEGER NOT NULL,
            version INTEGER,
            digest BLOB,
            "commit" BLOB,
            actor TEXT NOT NULL,
            cause TEXT NOT NULL,
            time INTEGER NOT NULL,
            PRIMARY KEY (model, stage, seq),
            FOREIGN KEY (model, version) REFERENCES versions(model, number)
        ) WITHOUT ROWID;

        CREATE TABLE rollouts (
            deployment TEXT NOT NULL,
            seq INTEGER NOT NULL,
            model TEXT NOT NULL,
            version INTEGER NOT NULL,
            digest BLOB NOT NULL,
            pointer TEXT NOT NULL,
            "commit" BLOB NOT NULL,
            started_at INTEGER NOT NULL,
            ready_at INTEGER,
            PRIMARY KEY (deployment, seq),
            FOREIGN KEY (model, version) REFERENCES versions(model, number)
        ) WITHOUT ROWID;
        """

    private static let revisionsAndStatus = """
        CREATE TABLE revisions (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            "commit" BLOB NOT NULL,
            pointer TEXT NOT NULL,
            author TEXT NOT NULL,
            summary TEXT NOT NULL,
            committed_at INTEGER NOT NULL,
            first_seen_at INTEGER NOT NULL,
            reconciled_at INTEGER,
            state TEXT NOT NULL
                CHECK (state IN ('reconciling', 'reconciled', 'failed', 'superseded')),
            diagnostics TEXT NOT NULL,
            counts TEXT NOT NULL
        );
        CREATE INDEX revisions_by_state ON revisions (state, seq);

        CREATE TABLE inventory (
            resource TEXT PRIMARY KEY NOT NULL,
            file BLOB NOT NULL,
            blob TEXT NOT NULL,
            "commit" BLOB NOT NULL
        ) WITHOUT ROWID;

        CREATE TABLE statuses (
            resource TEXT PRIMARY KEY NOT NULL,
            sync TEXT NOT NULL,
            health TEXT NOT NULL,
            conditions TEXT NOT NULL,
            message TEXT NOT NULL,
            observed_revision TEXT,
            since INTEGER NOT NULL,
            detail TEXT NOT NULL
        ) WITHOUT ROWID;
        """

    private static let events = """
        CREATE TABLE events (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            time INTEGER NOT NULL,
            actor TEXT NOT NULL,
            "commit" BLOB,
            plan TEXT,
            kind TEXT NOT NULL,
            resource TEXT,
            cause TEXT NOT NULL,
            result TEXT NOT NULL,
            payload TEXT NOT NULL,
            prev_hash BLOB NOT NULL,
            hash BLOB NOT NULL
        );
        CREATE INDEX events_by_resource ON events (resource, seq);
        """

    /// History is not rewritten, not even by a mistake of ours.
    private static func appendOnly(_ table: String, in database: Database) throws {
        for operation in ["UPDATE", "DELETE"] {
            try database.execute(
                sql: """
                    CREATE TRIGGER \(table)_no_\(operation.lowercased()) BEFORE \(operation) ON \(table)
                    BEGIN SELECT RAISE(ABORT, '\(table) is append-only'); END
                    """)
        }
    }
}
