package import ResourceAPI
import Synchronization

/// The features of all entities of one view at one instant: `online.sqlite` of an `online` step's
/// artifact (`online.py` says what it holds).
package final class OnlineFile: Sendable {
    package enum KeyType: String, Hashable, Sendable {
        case string
        case integer
        case boolean
    }

    package struct Key: Hashable, Sendable {
        package let name: String
        package let type: KeyType
    }

    package struct Output: Sendable {
        /// `<view>__<output>`
        package let name: String
        package let isText: Bool
        /// Microseconds. An entity whose newest row is older counts as unknown. Nil: never.
        package let maximumAge: Int64?
        /// Over a window: exact at the file's instant, and again when its last row has left it.
        package let isWindow: Bool
        /// The value for an entity that is not there.
        package let unknown: FeatureValue
        /// So many rows before the newest one lies the row that it is as old as.
        package let lag: Int
    }

    /// The second has lags.
    package static let formats: ClosedRange<Int64> = 1...2
    package static let maximumLag: Int64 = 1000
    package static let maximumOutputs = 1900
    package static let maximumKeys = 16

    package let view: String
    package let keys: [Key]
    package let outputs: [Output]
    /// The instant of the values, in microseconds since 1970.
    package let instant: Int64
    package let entities: Int64
    private let reader: Mutex<SQLiteReader>
    private let unknown: FeatureVector
    /// Those of the outputs, without 0.
    private let lags: [Int]
    /// Of each output: which of the events of a row it is as old as. 0: the newest.
    private let ageOf: [Int]

    /// Reads the whole file once, to hold it against its digest. Blocks.
    /// - Throws: `InferenceError.fileUnreadable`, `.digestMismatch`, `.online`.
    package convenience init(
        path: String, expecting digest: Digest, view: String
    ) throws(InferenceError) {
        try BoundedFile.verify(path: path, expecting: digest)
        try self.init(path: path)
        guard self.view == view else {
            throw .online(.otherView(path: path, found: self.view, expected: view))
        }
    }

    /// - Throws: `InferenceError.online` for anything but a file as `online.py` writes it.
    package init(path: String) throws(InferenceError) {
        do throws(SQLiteReader.Failure) {
            let reader = try SQLiteReader(path: path)
            let head = try OnlineFileHead(reader)
            try reader.prepare(head.lookup)
            view = head.view
            keys = head.keys
            outputs = head.outputs
            instant = head.instant
            entities = head.entities
            lags = head.lags
            ageOf = head.outputs.map { output in
                head.lags.firstIndex(of: output.lag).map { $0 + 1 } ?? 0
            }
            self.reader = Mutex(reader)
        } catch {
            throw .online(.malformed(path: path, error.reason))
        }
        unknown = FeatureVector(
            values: outputs.map(\.unknown), statuses: outputs.map { _ in .notFound }, event: nil)
    }

    /// An entity's features at a time, which must not lie before the file's instant.
    ///
    /// - Parameters:
    ///   - key: one value a column, of its type; nil is never found.
    ///   - time: microseconds since 1970.
    package func vector(
        of key: [EntityValue?], at time: Int64
    ) throws(InferenceError) -> FeatureVector {
        let known = key.compactMap { $0 }
        guard known.count == key.count else { return unknown }
        let found: Row?
        do throws(SQLiteReader.Failure) {
            found = try read(known)
        } catch {
            throw .online(.unreadable(view: view, reason: error.reason))
        }
        guard let found, let newest = found.vector.event else { return unknown }
        var vector = found.vector
        for (index, output) in outputs.enumerated() {
            let age = ageOf[index]
            guard let event = age == 0 ? newest : found.lagged[age - 1],
                isTooOld(output, event: event, at: time)
            else { continue }
            vector.values[index] = output.unknown
            // A count of rows in a window that are all gone is not missing: it is 0.
            if case .missing = output.unknown {
                vector.statuses[index] = .outsideMaxAge
            } else {
                vector.statuses[index] = .present
            }
        }
        return vector
    }

    private struct Row {
        let vector: FeatureVector
        /// The events of the rows that lag behind the newest one; nil if there are not so many.
        let lagged: [Int64?]
    }

    private func read(_ key: [EntityValue]) throws(SQLiteReader.Failure) -> Row? {
        let found = reader.withLock { reader -> Result<Row?, SQLiteReader.Failure> in
            Result { () throws(SQLiteReader.Failure) in
                try reader.find(key) { row throws(SQLiteReader.Failure) in
                    var vector = FeatureVector(values: [], statuses: [], event: try row.integer(0))
                    vector.values.reserveCapacity(outputs.count)
                    vector.statuses.reserveCapacity(outputs.count)
                    var lagged: [Int64?] = []
                    for index in lags.indices {
                        lagged.append(try row.optionalInteger(index + 1))
                    }
                    for (index, output) in outputs.enumerated() {
                        let value = try row.feature(
                            index + 1 + lags.count, isText: output.isText)
                        vector.values.append(value)
                        if case .missing = value {
                            vector.statuses.append(.nullValue)
                        } else {
                            vector.statuses.append(.present)
                        }
                    }
                    return Row(vector: vector, lagged: lagged)
                }
            }
        }
        return try found.get()
    }

    /// A row whose event lies exactly the maximum age before is used: event ≥ time − age.
    package func isTooOld(_ output: Output, event: Int64, at time: Int64) -> Bool {
        guard let age = output.maximumAge else { return false }
        let (oldest, isBeyond) = time.subtractingReportingOverflow(age)
        return !isBeyond && event < oldest
    }

    /// Whether the value at a time is just what training computes for that time.
    package func isExact(_ output: Output, event: Int64?, at time: Int64) -> Bool {
        guard output.isWindow, time != instant, let event else { return true }
        return isTooOld(output, event: event, at: time)
    }
}

/// What a file says of itself, checked.
private struct OnlineFileHead {
    var view = ""
    var instant: Int64 = 0
    var entities: Int64 = 0
    var keys: [OnlineFile.Key] = []
    var outputs: [OnlineFile.Output] = []

    init(_ reader: SQLiteReader) throws(SQLiteReader.Failure) {
        typealias Failure = SQLiteReader.Failure
        // Tables only: views and virtual tables would run what stands in them.
        let others = try reader.rows(
            "SELECT count(*) FROM sqlite_schema WHERE type <> 'table' OR rootpage = 0 "
                + "OR name NOT IN ('about', 'keys', 'outputs', 'features')", limit: 1
        ) { row throws(Failure) in try row.integer(0) }
        guard others == [0] else { throw Failure(reason: "it holds other things than its tables") }
        let format = try number("format", reader)
        guard OnlineFile.formats.contains(format) else {
            throw Failure(reason: "its format is \(format), and this is for formats 1 and 2")
        }
        instant = try number("as_of", reader)
        entities = try number("entities", reader)
        view =
            try reader.rows("SELECT value FROM about WHERE name = 'view'", limit: 1) {
                row throws(Failure) in try row.text(0)
            }.first ?? ""
        keys = try reader.rows(
            "SELECT name, type FROM keys ORDER BY position", limit: OnlineFile.maximumKeys
        ) { row throws(Failure) in
            guard let type = OnlineFile.KeyType(rawValue: try row.text(1)) else {
                throw Failure(reason: "a key has an unknown type")
            }
            return OnlineFile.Key(name: try row.text(0), type: type)
        }
        outputs = try reader.rows(
            "SELECT name, type, max_age_seconds, is_window, unknown, "
                + "\(format == 1 ? "0" : "outputs.lag") FROM outputs ORDER BY position",
            limit: OnlineFile.maximumOutputs
        ) { row throws(Failure) in try OnlineFileHead.output(row) }
        guard ResourceName(view) != nil, !keys.isEmpty, !outputs.isEmpty,
            Set(keys.map(\.name)).count == keys.count,
            Set(outputs.map(\.name)).count == outputs.count
        else { throw Failure(reason: "its view, keys or features are not named") }
    }

    private func number(
        _ name: String, _ reader: SQLiteReader
    ) throws(SQLiteReader.Failure) -> Int64 {
        let found = try reader.rows("SELECT value FROM about WHERE name = '\(name)'", limit: 1) {
            row throws(SQLiteReader.Failure) in try row.integer(0)
        }
        guard let value = found.first else {
            throw SQLiteReader.Failure(reason: "'\(name)' is missing")
        }
        return value
    }

    private static func output(_ row: SQLiteRow) throws(SQLiteReader.Failure) -> OnlineFile.Output {
        let type = try row.text(1)
        guard type == "float" || type == "string" else {
            throw SQLiteReader.Failure(reason: "a feature has an unknown type")
        }
        let seconds = try row.optionalInteger(2)
        // A thousand years, far from what 64 bits of microseconds can hold.
        guard (0...31_622_400_000).contains(seconds ?? 0) else {
            throw SQLiteReader.Failure(reason: "a maximum age is out of range")
        }
        let lag = try row.integer(5)
        guard (0...OnlineFile.maximumLag).contains(lag) else {
            throw SQLiteReader.Failure(reason: "a lag is out of range")
        }
        return OnlineFile.Output(
            name: try row.text(0), isText: type == "string",
            maximumAge: seconds.map { $0 * 1_000_000 }, isWindow: try row.integer(3) != 0,
            unknown: try row.feature(4, isText: type == "string"), lag: Int(lag))
    }

    /// Of outputs that lag behind.
    var lags: [Int] { Set(outputs.map(\.lag)).subtracting([0]).sorted() }

    /// Columns are named with their table: SQLite would take an unknown name in quotes for a text.
    var lookup: String {
        func column(_ name: String) -> String {
            "features.\"\(String(name.flatMap { $0 == "\"" ? "\"\"" : String($0) }))\""
        }
        let events = ["__event"] + lags.map { "__event:\($0)" }
        let columns = events.map(column) + outputs.map { column($0.name) }
        let conditions = keys.map { "\(column($0.name)) = ?" }
        return "SELECT \(columns.joined(separator: ", ")) FROM features "
            + "WHERE \(conditions.joined(separator: " AND "))"
    }
}
