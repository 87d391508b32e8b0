/// What migration "2" adds.
extension Schema {
    /// SQLite cannot change a CHECK, so the table is copied. Foreign keys of other tables name it by
    /// its name and are off meanwhile.
    static let collectableArtifacts = """
        CREATE TABLE artifacts_with_collected (
            digest BLOB PRIMARY KEY NOT NULL,
            bytes INTEGER NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('present', 'damaged', 'collected')),
            created_at INTEGER NOT NULL
        ) WITHOUT ROWID;
        INSERT INTO artifacts_with_collected SELECT * FROM artifacts;
        DROP TABLE artifacts;
        ALTER TABLE artifacts_with_collected RENAME TO artifacts;
        """

    /// `epoch` has one row. `artifact_use` remembers since when nothing needs an artifact; `garbage`
    /// which files are to be deleted: those of collected artifacts, until they are gone.
    static let fencingAndGarbage = """
        CREATE TABLE epoch (
            one INTEGER PRIMARY KEY NOT NULL CHECK (one = 1),
            current INTEGER NOT NULL,
            behind INTEGER
        );
        INSERT INTO epoch VALUES (1, 0, NULL);

        CREATE TABLE artifact_use (
            artifact BLOB PRIMARY KEY NOT NULL REFERENCES artifacts(digest),
            unused_since INTEGER NOT NULL
        ) WITHOUT ROWID;

        CREATE TABLE garbage (
            blob BLOB PRIMARY KEY NOT NULL
        ) WITHOUT ROWID;
        CREATE INDEX artifact_files_by_digest ON artifact_files (digest);
        """

    /// `suspensions.target` is a resource, or `*` for everything.
    static let decisions = """
        CREATE TABLE suspensions (
            target TEXT PRIMARY KEY NOT NULL,
            actor TEXT NOT NULL,
            reason TEXT NOT NULL,
            since INTEGER NOT NULL,
            expires_at INTEGER
        ) WITHOUT ROWID;

        CREATE TABLE approvals (
            "commit" BLOB NOT NULL,
            what TEXT NOT NULL,
            actor TEXT NOT NULL,
            time INTEGER NOT NULL,
            PRIMARY KEY ("commit", what)
        ) WITHOUT ROWID;

        CREATE TABLE crashes (
            blob TEXT PRIMARY KEY NOT NULL,
            path BLOB NOT NULL,
            count INTEGER NOT NULL
        ) WITHOUT ROWID;
        """

    static let quickLooks = """
        CREATE INDEX revisions_by_pointer ON revisions (pointer, seq);
        CREATE INDEX events_by_kind ON events (kind, seq);
        """
}
