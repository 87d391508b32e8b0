/// A state database as Ingot 0.1 wrote it (schema 1), with one result, one version, one stage and
/// one event. Frozen: the tables of a released version never change.
let versionOneDatabase = #"""
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
    CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
    INSERT INTO grdb_migrations VALUES ('1');
    CREATE TRIGGER events_no_update BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'events is append-only'); END;
    CREATE TRIGGER events_no_delete BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'events is append-only'); END;
    CREATE TRIGGER stage_history_no_update BEFORE UPDATE ON stage_history BEGIN SELECT RAISE(ABORT, 'stage_history is append-only'); END;
    CREATE TRIGGER stage_history_no_delete BEFORE DELETE ON stage_history BEGIN SELECT RAISE(ABORT, 'stage_history is append-only'); END;
    CREATE TRIGGER versions_no_update BEFORE UPDATE ON versions BEGIN SELECT RAISE(ABORT, 'versions is append-only'); END;
    CREATE TRIGGER versions_no_delete BEFORE DELETE ON versions BEGIN SELECT RAISE(ABORT, 'versions is append-only'); END;
    INSERT INTO artifacts VALUES (x'1111111111111111111111111111111111111111111111111111111111111111', 5, 'present', 1000);
    INSERT INTO artifact_files VALUES (x'1111111111111111111111111111111111111111111111111111111111111111', 'a', x'3333333333333333333333333333333333333333333333333333333333333333', 5);
    INSERT INTO runs VALUES (1, 'run-1', 'trainingconfig/delay#train', 'trainingconfig/delay',
        'train', x'2222222222222222222222222222222222222222222222222222222222222222', x'4444444444444444444444444444444444444444', 'main', NULL, 'ada', 'succeeded', 1, 1000, 2000, '[]', 1, '{}', '{}',
        x'1111111111111111111111111111111111111111111111111111111111111111', 7, 2, x'1111111111111111111111111111111111111111111111111111111111111111', '{}', NULL, 0);
    INSERT INTO fingerprints VALUES (x'2222222222222222222222222222222222222222222222222222222222222222', x'1111111111111111111111111111111111111111111111111111111111111111', 'run-1', 1000);
    INSERT INTO versions VALUES ('delay', 1, x'1111111111111111111111111111111111111111111111111111111111111111', x'2222222222222222222222222222222222222222222222222222222222222222', 'run-1', x'4444444444444444444444444444444444444444', 'ada', 2000, '{}', '[]');
    INSERT INTO stage_history VALUES ('delay', 'production', 1, 1, x'1111111111111111111111111111111111111111111111111111111111111111', x'4444444444444444444444444444444444444444', 'ada', 'c', 2000);
    PRAGMA application_id = 1229866831;
    PRAGMA user_version = 1;
    """#
