/// What is known of a feature's value, in the words of Feast. From best to worst.
package enum FeatureStatus: String, Hashable, Sendable, CaseIterable, Comparable {
    case present = "PRESENT"
    /// The entity's rows hold no value.
    case nullValue = "NULL_VALUE"
    /// The entity's newest row is older than the feature's time to live or window.
    case outsideMaxAge = "OUTSIDE_MAX_AGE"
    /// There is no such entity.
    case notFound = "NOT_FOUND"

    private var rank: Int { FeatureStatus.allCases.firstIndex(of: self) ?? 0 }

    package static func < (a: FeatureStatus, b: FeatureStatus) -> Bool { a.rank < b.rank }
}

/// A value as a model takes it.
package enum FeatureValue: Sendable {
    /// A missing or NaN number, an empty text: the same to a model.
    case missing
    case number(Float)
    case text(String)

    /// Whether it is the very same, bit for bit.
    package func isIdentical(to other: FeatureValue) -> Bool {
        switch (self, other) {
        case (.missing, .missing): true
        case (.number(let a), .number(let b)): a.bitPattern == b.bitPattern
        case (.text(let a), .text(let b)): a.utf8.elementsEqual(b.utf8)
        default: false
        }
    }

    /// For people.
    package var description: String {
        switch self {
        case .missing: "null"
        case .number(let value): value.description
        case .text(let text): "'\(text)'"
        }
    }
}

/// What names an entity, column by column.
package enum EntityValue: Hashable, Sendable {
    case text(String)
    case integer(Int64)
    case boolean(Bool)

    /// For people.
    package var description: String {
        switch self {
        case .text(let text): text
        case .integer(let value): value.description
        case .boolean(let value): value.description
        }
    }
}

/// The features of one entity at one time, in the order of the file's outputs.
package struct FeatureVector: Sendable {
    package var values: [FeatureValue]
    package var statuses: [FeatureStatus]
    /// Of the entity's newest row, in microseconds since 1970; nil if there is no such entity.
    package var event: Int64?
}

/// What can go wrong with online features.
package enum OnlineProblem: Hashable, Sendable {
    // The file.
    case malformed(path: String, String)
    case otherView(path: String, found: String, expected: String)
    case unreadable(view: String, reason: String)
    case columnType(column: String, view: String)
    case sampleMalformed(path: String, String)

    // The request.
    case keyMissing(view: String, key: String, feature: String)
    case keyType(key: String, index: Int, found: String, expected: String)
    case keyShape(key: String, shape: [Int])
    case timeMalformed(String)
    case timeTooEarly(view: String, time: String, values: String)
    case valueMissing(feature: String, row: Int, status: String)

    var isRequestFault: Bool {
        switch self {
        case .malformed, .otherView, .unreadable, .columnType, .sampleMalformed: false
        default: true
        }
    }

    var message: String {
        switch self {
        case .malformed(let path, let problem):
            "'\(path)' is not a file of online features: \(problem)"
        case .otherView(let path, let found, let expected):
            "'\(path)' holds the features of '\(found)' where those of '\(expected)' are expected"
        case .unreadable(let view, let reason):
            "the online features of '\(view)' cannot be read: \(reason)"
        case .columnType(let column, let view):
            "the model's column '\(column)' is of another type in the online features of '\(view)'"
        case .sampleMalformed(let path, let problem):
            "'\(path)' is not a sample of online features: \(problem)"
        case .keyMissing(let view, let key, let feature):
            "the request gives neither '\(feature)' nor '\(key)', by which it is looked up in "
                + "featureview/\(view)"
        case .keyType(let key, let index, let found, let expected):
            "value \(index) of '\(key)' is \(found); the entity is \(expected)"
        case .keyShape(let key, let shape):
            "input '\(key)' has the shape \(shape) where [rows] or [rows, 1] is expected"
        case .timeMalformed(let text): "the parameter 'timestamp' is not a time: '\(text)'"
        case .timeTooEarly(let view, let time, let values):
            "the request is of \(time), but the online features of '\(view)' are those of \(values)"
        case .valueMissing(let feature, let row, let status):
            "'\(feature)' of row \(row) is missing (\(status)), and this model takes no missing numbers"
        }
    }

    var hint: String? {
        switch self {
        case .keyMissing(_, let key, _):
            "send the input '\(key)'; null stands for an unknown entity"
        case .timeMalformed: "write it like 2013-11-15T18:00:00Z, in UTC"
        case .timeTooEarly: "values of earlier times are not kept; give the features themselves"
        case .valueMissing: "send a number, or have the training config impute missing ones"
        default: nil
        }
    }
}
