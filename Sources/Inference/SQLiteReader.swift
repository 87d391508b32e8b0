import CSQLite

/// A read-only connection to a file that nobody changes, with one prepared look-up.
///
/// Without memory mapping: a read of a mapped file that was cut ends the process, a read of the page
/// cache gives an error, and it takes no longer (2 µs for 10 columns among 100,000 rows).
///
/// `@unchecked Sendable`: its owner lets one thread in at a time.
final class SQLiteReader: @unchecked Sendable {
    struct Failure: Error {
        let reason: String
    }

    private let database: OpaquePointer
    private var statement: OpaquePointer?

    /// - Throws: `Failure`.
    init(path: String) throws(Failure) {
        // A file that is immutable is not locked and has no journal; the name is a URI for that.
        let unreserved = Set("/-._~".utf8)
        var name = "file:"
        for byte in path.utf8 {
            let isPlain =
                (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || unreserved.contains(byte)
            if isPlain {
                name.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                name += "%" + (byte < 16 ? "0" : "") + digits
            }
        }
        name += "?mode=ro&immutable=1"
        var opened: OpaquePointer?
        let flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX
        let code = sqlite3_open_v2(name, &opened, flags, nil)
        guard code == SQLITE_OK, let opened else {
            sqlite3_close_v2(opened)
            throw Failure(reason: String(cString: sqlite3_errstr(code)))
        }
        database = opened
        sqlite3_limit(database, SQLITE_LIMIT_LENGTH, 1 << 20)
        for pragma in ["cell_size_check=1", "trusted_schema=0", "mmap_size=0", "cache_size=-8192"] {
            guard sqlite3_exec(database, "PRAGMA \(pragma)", nil, nil, nil) == SQLITE_OK else {
                throw failure
            }
        }
    }

    deinit {
        sqlite3_finalize(statement)
        sqlite3_close_v2(database)
    }

    private var failure: Failure { Failure(reason: String(cString: sqlite3_errmsg(database))) }

    /// All rows of a query, at most `limit` of them.
    func rows<Row>(
        _ query: String, limit: Int, _ read: (SQLiteRow) throws(Failure) -> Row
    ) throws(Failure) -> [Row] {
        var prepared: OpaquePointer?
        guard sqlite3_prepare_v2(database, query, -1, &prepared, nil) == SQLITE_OK, let prepared
        else { throw failure }
        defer { sqlite3_finalize(prepared) }
        var rows: [Row] = []
        while true {
            switch sqlite3_step(prepared) {
            case SQLITE_DONE: return rows
            case SQLITE_ROW:
                guard rows.count < limit else { throw Failure(reason: "it has too many rows") }
                rows.append(try read(SQLiteRow(statement: prepared)))
            default: throw failure
            }
        }
    }

    /// Sets the query that `find` runs.
    func prepare(_ query: String) throws(Failure) {
        guard sqlite3_prepare_v2(database, query, -1, &statement, nil) == SQLITE_OK,
            statement != nil
        else { throw failure }
    }

    /// The first row of the prepared query for a key; nil if there is none.
    func find<Row>(
        _ key: [EntityValue], _ read: (SQLiteRow) throws(Failure) -> Row
    ) throws(Failure) -> Row? {
        guard let statement else { throw Failure(reason: "no look-up was prepared") }
        defer { sqlite3_reset(statement) }
        for (index, value) in key.enumerated() {
            let code: Int32
            switch value {
            case .text(var text):
                code = text.withUTF8 { bytes in
                    bytes.withMemoryRebound(to: CChar.self) { bytes in
                        // SQLite keeps a copy of its own. A nil address would be bound as null.
                        "".withCString { empty in
                            sqlite3_bind_text(
                                statement, Int32(index + 1), bytes.baseAddress ?? empty,
                                Int32(clamping: bytes.count), Self.copied)
                        }
                    }
                }
            case .integer(let number):
                code = sqlite3_bind_int64(statement, Int32(index + 1), number)
            case .boolean(let flag):
                code = sqlite3_bind_int64(statement, Int32(index + 1), flag ? 1 : 0)
            }
            guard code == SQLITE_OK else { throw failure }
        }
        switch sqlite3_step(statement) {
        case SQLITE_ROW: return try read(SQLiteRow(statement: statement))
        case SQLITE_DONE: return nil
        default: throw failure
        }
    }

    /// SQLITE_TRANSIENT, which Swift does not import.
    private static var copied: sqlite3_destructor_type? {
        unsafeBitCast(OpaquePointer(bitPattern: -1), to: sqlite3_destructor_type?.self)
    }
}

/// A row of a running query. Valid until the query goes on.
struct SQLiteRow {
    let statement: OpaquePointer

    func integer(_ column: Int) throws(SQLiteReader.Failure) -> Int64 {
        guard sqlite3_column_type(statement, Int32(column)) == SQLITE_INTEGER else {
            throw SQLiteReader.Failure(reason: "a value that should be a whole number is none")
        }
        return sqlite3_column_int64(statement, Int32(column))
    }

    func optionalInteger(_ column: Int) throws(SQLiteReader.Failure) -> Int64? {
        isNull(column) ? nil : try integer(column)
    }

    func isNull(_ column: Int) -> Bool {
        sqlite3_column_type(statement, Int32(column)) == SQLITE_NULL
    }

    func float(_ column: Int) throws(SQLiteReader.Failure) -> FeatureValue {
        switch sqlite3_column_type(statement, Int32(column)) {
        case SQLITE_FLOAT, SQLITE_INTEGER:
            let value = Float(sqlite3_column_double(statement, Int32(column)))
            return value.isNaN ? .missing : .number(value)
        case SQLITE_NULL: return .missing
        default: throw SQLiteReader.Failure(reason: "a value that should be a number is none")
        }
    }

    func text(_ column: Int) throws(SQLiteReader.Failure) -> String {
        guard sqlite3_column_type(statement, Int32(column)) == SQLITE_TEXT,
            let start = sqlite3_column_text(statement, Int32(column))
        else { throw SQLiteReader.Failure(reason: "a value that should be a text is none") }
        let count = Int(sqlite3_column_bytes(statement, Int32(column)))
        return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }

    func feature(_ column: Int, isText: Bool) throws(SQLiteReader.Failure) -> FeatureValue {
        guard isText else { return try float(column) }
        if isNull(column) { return .missing }
        let text = try text(column)
        return text.isEmpty ? .missing : .text(text)
    }
}
