import ResourceAPI

/// The documentation of one field.
struct FieldDescription: Sendable {
    enum Presence: Hashable, Sendable {
        case required
        case optional
        /// With what it is when it is left out.
        case defaultsTo(String)
        /// Exactly one of the fields beside it that are marked so.
        case oneOf
        /// In the design, refused as not supported yet.
        case planned
    }

    /// Without list indices: `spec.features.name` is a field of every item of `spec.features`.
    let path: String
    let type: FieldType
    let presence: Presence
    /// One sentence.
    let summary: String

    init(_ path: String, _ type: FieldType, _ presence: Presence, _ summary: String) {
        self.path = path
        self.type = type
        self.presence = presence
        self.summary = summary
    }

    /// The path of the mapping around it.
    var parent: String {
        path.split(separator: ".").dropLast().joined(separator: ".")
    }

    var name: String { path.split(separator: ".").last.map(String.init) ?? path }
}

/// What a field holds.
indirect enum FieldType: Hashable, Sendable {
    case mapping
    case text
    /// Of a column or feature.
    case columnName
    case resourceName
    case path
    case duration
    case memory
    case time
    /// A date or time, or a word instead.
    case timeOr(String)
    case integer(ClosedRange<Int64>)
    case number
    /// From 0 to 1.
    case share
    case boolean
    case choice([String])
    case textMap
    /// Text, numbers, true, false, null.
    case scalarMap
    case commit
    case digest
    case list(FieldType)
    /// Of something that does not exist yet.
    case unknown

    static func choice<Choice: CaseIterable & RawRepresentable>(of type: Choice.Type) -> FieldType
    where Choice.RawValue == String {
        .choice(type.allCases.map(\.rawValue))
    }

    /// For people.
    var description: String {
        switch self {
        case .mapping: "mapping"
        case .text: "text"
        case .columnName: "column name"
        case .resourceName: "name"
        case .path: "path"
        case .duration: "duration"
        case .memory: "memory"
        case .time: "date or time"
        case .timeOr(let word): "date or time, or \(word)"
        case .integer: "whole number"
        case .number: "number"
        case .share: "number from 0 to 1"
        case .boolean: "true or false"
        case .choice(let words): ManifestProblem.list(words, quote: "", last: "or")
        case .textMap: "mapping of text to text"
        case .scalarMap: "mapping of names to values"
        case .commit: "commit"
        case .digest: "digest"
        case .list(.mapping): "list of mappings"
        case .list(let item): "list of: \(item.description)"
        case .unknown: "not supported yet"
        }
    }

    /// Whether it has fields of its own.
    var hasFields: Bool { self == .mapping || self == .list(.mapping) }
}
