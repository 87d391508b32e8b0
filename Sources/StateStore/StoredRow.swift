import Foundation
import GRDB
import ResourceAPI

/// A row of the database as a file in the store, from which `rebuild` can make the row again: one
/// line of JSON, and its SHA-256 in hex on the second line.
struct StoredRow: Sendable {
    /// Far more than a recipe and its metadata ever have.
    static let maximumBytes: Int64 = 16 << 20

    /// By column.
    var values: [String: DatabaseValue]

    init(_ row: Row) {
        values = [:]
        for (column, value) in row { values[column] = value }
    }

    /// Nil if the file is not as it was written.
    init?(bytes: [UInt8]) {
        guard let end = bytes.firstIndex(of: 10) else { return nil }
        let line = bytes[..<end]
        let checksum = bytes[(end + 1)...].prefix { $0 != 10 }
        guard checksum.elementsEqual(Digest(hashing: line).hex.utf8),
            let fields = JSONReader.value(String(decoding: line, as: UTF8.self))?.object
        else { return nil }
        values = [:]
        for (column, field) in fields {
            guard let value = StoredRow.value(field) else { return nil }
            values[column] = value
        }
    }

    var bytes: [UInt8] {
        let line = JSONValue.object(values.mapValues(StoredRow.json)).canonicalBytes
        return line + [10] + Array(Digest(hashing: line).hex.utf8) + [10]
    }

    func value<Value: DatabaseValueConvertible>(_ column: String) -> Value? {
        values[column].flatMap(Value.fromDatabaseValue)
    }

    /// Inserts the row again, without the columns that the database numbers itself.
    func insert(into table: String, _ database: Database, without: Set<String> = []) throws {
        let known = try database.columns(in: table).map(\.name)
        let columns = known.filter { values[$0] != nil && !without.contains($0) }
        let names = columns.map { "\"\($0)\"" }.joined(separator: ", ")
        let places = columns.map { _ in "?" }.joined(separator: ", ")
        try database.change(
            "INSERT INTO \(table) (\(names)) VALUES (\(places))",
            StatementArguments(columns.map { values[$0] ?? .null }))
    }

    private static func json(_ value: DatabaseValue) -> JSONValue {
        switch value.storage {
        case .null: .null
        case .int64(let number): .int(number)
        case .double(let number): .double(number)
        case .string(let text): .string(text)
        case .blob(let data): ["hex": .string(Hex.encode(data))]
        }
    }

    private static func value(_ field: JSONValue) -> DatabaseValue? {
        switch field {
        case .null: .null
        case .int(let number): number.databaseValue
        case .double(let number): number.databaseValue
        case .string(let text): text.databaseValue
        case .object:
            field["hex"]?.string.flatMap { Hex.decode(Array($0.utf8)) }.map {
                Data($0).databaseValue
            }
        default: nil
        }
    }
}
