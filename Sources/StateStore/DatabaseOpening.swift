import GRDB
import Glibc

/// Opens state.sqlite.
///
/// SQLite before 3.51.3 can corrupt a database in WAL mode if two connections write or checkpoint
/// at the same instant. So there is exactly one connection that can do either: the writer's. Every
/// other one is opened read-only, which can neither write nor checkpoint.
struct DatabaseOpening {
    /// For a reader that meets the writer's recovery, or a backup tool that holds a lock.
    private static let busySeconds = 5.0
    private let directory: StateDirectory
    private var path: String { directory.databasePath }

    init(directory: StateDirectory) {
        self.directory = directory
    }

    func writer() throws(StateStoreError) -> DatabaseQueue {
        try DatabaseOpening.translating(path) {
            // Looked at without changing anything first: another program's database, or one of a
            // newer Ingot, must stay as it is.
            if try exists() {
                try rollBackFirstStart()
            }
            if try exists() {
                try check(readOnlyQueue(), isWriter: true)
            } else if try isCutToNothing() {
                throw StateStoreError.corruptDatabase(
                    path: path, problem: "it is empty, although the store has been in use")
            }
            var configuration = baseConfiguration
            configuration.prepareDatabase { database in
                let mode = try String.fetchOne(database, sql: "PRAGMA journal_mode = WAL")
                guard mode == "wal" else {
                    throw StateStoreError.directoryUnusable(
                        path: path, problem: "the file system does not support SQLite's WAL mode")
                }
                try database.execute(sql: "PRAGMA synchronous = FULL")
            }
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            try Schema.migrator.migrate(queue)
            return queue
        }
    }

    func reader() throws(StateStoreError) -> DatabaseQueue {
        try DatabaseOpening.translating(path) {
            do {
                let queue = try readOnlyQueue()
                try check(queue, isWriter: false)
                return queue
            } catch let error as DatabaseError
                where error.extendedResultCode == .SQLITE_READONLY_ROLLBACK
            {
                // A first start that was killed; see below.
                throw StateStoreError.stateMissing(directory: directory.path)
            }
        }
    }

    /// A file without content is what a killed first start leaves.
    func exists() throws(StateStoreError) -> Bool {
        try StateStoreError.translating { () throws(FileSystemError) in
            (try LocalFileSystem().status(of: path)?.size ?? 0) > 0
        }
    }

    /// A first start that was killed leaves an empty file too, but not with a store that was used.
    private func isCutToNothing() throws(StateStoreError) -> Bool {
        try StateStoreError.translating { () throws(FileSystemError) in
            let local = LocalFileSystem()
            guard try local.status(of: path) != nil else { return false }
            return try local.status(of: directory.epochPath) != nil
        }
    }

    /// Until it is in WAL mode the database has a rollback journal. A first start that was killed by
    /// then leaves one that no read-only connection can roll back, nor read past. What comes of that
    /// is the database as it was, be it whose it may.
    private func rollBackFirstStart() throws {
        guard access(path + "-journal", F_OK) == 0 else { return }
        let queue = try DatabaseQueue(path: path, configuration: baseConfiguration)
        try queue.read { database in
            _ = try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master")
        }
        try queue.close()
    }

    private var baseConfiguration: Configuration {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = true
        configuration.busyMode = .timeout(Self.busySeconds)
        configuration.label = "ingot.state"
        return configuration
    }

    private func readOnlyQueue() throws -> DatabaseQueue {
        var configuration = baseConfiguration
        configuration.readonly = true
        return try DatabaseQueue(path: path, configuration: configuration)
    }

    private func check(_ queue: DatabaseQueue, isWriter: Bool) throws {
        try queue.read { database in
            let identity = try Int.fetchOne(database, sql: "PRAGMA application_id") ?? 0
            let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
            guard identity == Schema.applicationID else {
                // Being made at this moment, or killed before the first migration was done: for a
                // reader as good as not there, and for a writer to be gone on with.
                if identity == 0, version == 0, try isUnused(database) {
                    if isWriter { return }
                    throw StateStoreError.stateMissing(directory: directory.path)
                }
                throw StateStoreError.foreignDatabase(path: path)
            }
            guard version <= Schema.version else {
                throw StateStoreError.newerSchema(
                    path: path, found: version, supported: Schema.version)
            }
            if isWriter {
                let verdict = try String.fetchOne(database, sql: "PRAGMA quick_check(1)") ?? "ok"
                guard verdict == "ok" else {
                    throw StateStoreError.corruptDatabase(path: path, problem: verdict)
                }
            } else if version == 0 {
                throw StateStoreError.stateMissing(directory: directory.path)
            } else if version < Schema.version {
                throw StateStoreError.olderSchema(
                    path: path, found: version, needed: Schema.version)
            }
        }
    }

    /// GRDB makes its list of migrations in a transaction of its own, before there is an application
    /// id. Somebody else's database has more than an empty list.
    private func isUnused(_ database: Database) throws -> Bool {
        let tables = try String.fetchAll(
            database, sql: "SELECT name FROM sqlite_master WHERE type <> 'index'")
        guard tables == ["grdb_migrations"] else { return tables.isEmpty }
        return try Int.fetchOne(database, sql: "SELECT count(*) FROM grdb_migrations") == 0
    }

    static func translating<Value>(
        _ path: String, _ body: () throws -> Value
    ) throws(StateStoreError) -> Value {
        do {
            return try body()
        } catch {
            throw translated(error, path)
        }
    }

    static func translated(_ error: any Error, _ path: String) -> StateStoreError {
        if let own = error as? StateStoreError { return own }
        guard let error = error as? DatabaseError else {
            return .database(problem: "\(error)")
        }
        let problem = error.message ?? "\(error.resultCode)"
        switch error.resultCode {
        case .SQLITE_FULL: return .diskFull(path: path)
        case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_FORMAT:
            return .corruptDatabase(path: path, problem: problem)
        case .SQLITE_IOERR: return .notWritten(path: path, problem: problem)
        case .SQLITE_BUSY, .SQLITE_LOCKED: return .busy(path: path)
        case .SQLITE_READONLY: return .readOnly
        case .SQLITE_CANTOPEN: return .directoryUnusable(path: path, problem: problem)
        default: return .database(problem: problem)
        }
    }
}
