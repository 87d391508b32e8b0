import Foundation
import GRDB
import ResourceAPI

// How values of ResourceAPI stand in the database: digests and commits as bytes, names and ids as
// text, free-form values as canonical JSON. A value that cannot be read is an error of the record
// (`Row.value`), never a trap.

extension Digest: DatabaseValueConvertible {
    var databaseValue: DatabaseValue { Data(bytes).databaseValue }

    static func fromDatabaseValue(_ value: DatabaseValue) -> Digest? {
        Data.fromDatabaseValue(value).flatMap { Digest(bytes: Array($0)) }
    }
}

extension Fingerprint: DatabaseValueConvertible {
    var databaseValue: DatabaseValue { digest.databaseValue }

    static func fromDatabaseValue(_ value: DatabaseValue) -> Fingerprint? {
        Digest.fromDatabaseValue(value).map(Fingerprint.init)
    }
}

extension CommitID: DatabaseValueConvertible {
    var databaseValue: DatabaseValue { Data(bytes).databaseValue }

    static func fromDatabaseValue(_ value: DatabaseValue) -> CommitID? {
        Data.fromDatabaseValue(value).flatMap { CommitID(bytes: Array($0)) }
    }
}

extension RepositoryPath: DatabaseValueConvertible {
    var databaseValue: DatabaseValue { Data(bytes).databaseValue }

    static func fromDatabaseValue(_ value: DatabaseValue) -> RepositoryPath? {
        Data.fromDatabaseValue(value).map { RepositoryPath(bytes: Array($0)) }
    }
}

extension ResourceName: DatabaseValueConvertible {
    var databaseValue: DatabaseValue { text.databaseValue }

    static func fromDatabaseValue(_ value: DatabaseValue) -> ResourceName? {
        String.fromDatabaseValue(value).flatMap { ResourceName($0) }
    }
}

extension ResourceID: DatabaseValueConvertible {
    var databaseValue: DatabaseValue { description.databaseValue }

    static func fromDatabaseValue(_ value: DatabaseValue) -> ResourceID? {
        String.fromDatabaseValue(value).flatMap { ResourceID($0) }
    }
}

extension StepID: DatabaseValueConvertible {
    var databaseValue: DatabaseValue { description.databaseValue }

    static func fromDatabaseValue(_ value: DatabaseValue) -> StepID? {
        String.fromDatabaseValue(value).flatMap { StepID($0) }
    }
}

extension JSONValue: DatabaseValueConvertible {
    var databaseValue: DatabaseValue { canonicalText.databaseValue }

    static func fromDatabaseValue(_ value: DatabaseValue) -> JSONValue? {
        String.fromDatabaseValue(value).flatMap(JSONReader.value)
    }
}

/// Digests by input name, as a JSON object.
struct InputDigests: DatabaseValueConvertible {
    let digests: [String: Digest]

    init(_ digests: [String: Digest]) {
        self.digests = digests
    }

    var databaseValue: DatabaseValue {
        JSONValue.object(digests.mapValues { .string($0.description) }).databaseValue
    }

    static func fromDatabaseValue(_ value: DatabaseValue) -> InputDigests? {
        guard let fields = JSONValue.fromDatabaseValue(value)?.object else { return nil }
        var digests: [String: Digest] = [:]
        for (name, field) in fields {
            guard let digest = field.string.flatMap({ Digest($0) }) else { return nil }
            digests[name] = digest
        }
        return InputDigests(digests)
    }
}

/// Any other value with a shape of its own, as JSON. Whole doubles come back as integers.
struct Encoded<Value: Codable>: DatabaseValueConvertible {
    let value: Value

    init(_ value: Value) {
        self.value = value
    }

    var databaseValue: DatabaseValue {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // A value that JSON cannot express (an infinite number) becomes null, which is then read
        // back as damaged; none of the types in use has one.
        guard let data = try? encoder.encode(value) else { return "null".databaseValue }
        return String(decoding: data, as: UTF8.self).databaseValue
    }

    static func fromDatabaseValue(_ value: DatabaseValue) -> Encoded<Value>? {
        guard let text = String.fromDatabaseValue(value),
            let decoded = try? JSONDecoder().decode(Value.self, from: Data(text.utf8))
        else { return nil }
        return Encoded(decoded)
    }
}

/// A row together with the name of its table, for error messages.
struct Record {
    let table: String
    let row: Row

    init(_ table: String, _ row: Row) {
        self.table = table
        self.row = row
    }

    func value<Value: DatabaseValueConvertible>(_ column: String) throws(StateStoreError) -> Value {
        guard let value: Value = try optional(column) else {
            throw .damagedRecord(table: table, column: column)
        }
        return value
    }

    /// Nil for NULL; an error for anything that is not a `Value`.
    func optional<Value: DatabaseValueConvertible>(
        _ column: String
    ) throws(StateStoreError) -> Value? {
        let stored: DatabaseValue = row[column] ?? .null
        if stored.isNull { return nil }
        guard let value = Value.fromDatabaseValue(stored) else {
            throw .damagedRecord(table: table, column: column)
        }
        return value
    }

    /// A text that is one of an enumeration's.
    func named<Value: RawRepresentable<String>>(
        _ column: String
    ) throws(StateStoreError) -> Value {
        guard let value = Value(rawValue: try value(column)) else {
            throw .damagedRecord(table: table, column: column)
        }
        return value
    }
}

extension Database {
    /// Runs one statement that changes something; the statement stays prepared.
    func change(_ sql: String, _ arguments: StatementArguments = StatementArguments()) throws {
        try cachedStatement(sql: sql).execute(arguments: arguments)
    }

    func records(
        _ table: String, _ sql: String, _ arguments: StatementArguments = StatementArguments()
    ) throws -> [Record] {
        try Row.fetchAll(try cachedStatement(sql: sql), arguments: arguments)
            .map { Record(table, $0) }
    }

    func record(
        _ table: String, _ sql: String, _ arguments: StatementArguments = StatementArguments()
    ) throws -> Record? {
        try Row.fetchOne(try cachedStatement(sql: sql), arguments: arguments)
            .map { Record(table, $0) }
    }
}
