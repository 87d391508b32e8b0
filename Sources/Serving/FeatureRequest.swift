import Inference
import ResourceAPI

/// The body of `POST /get-online-features`, as Feast's feature server takes it, read but not yet
/// held against any view.
struct FeatureRequest: Sendable {
    static let fields = [
        "features", "feature_service", "entities", "full_feature_names", "timestamp",
        "include_feature_view_version_metadata",
    ]

    struct Column: Sendable {
        let name: String
        /// Of `elements`.
        let range: Range<Int>
    }

    var features: [String]?
    var service: String?
    var entities: [Column]?
    var usesFullNames = false
    /// Ingot's own addition: a time instead of now.
    var timestamp: String?
    private(set) var elements: [InferRequest.Element] = []
    /// Content of all strings, UTF-8.
    private(set) var text: [UInt8] = []

    init(_ body: UnsafeBufferPointer<UInt8>) throws(InferenceError) {
        var scanner = JSONScanner(body)
        guard scanner.peek() != nil else { throw scanner.failure("the body is empty") }
        var request = FeatureRequest()
        try scanner.object { scanner, key throws(InferenceError) in
            try request.read(key, &scanner)
        }
        try scanner.expectEnd()
        self = request
    }

    private init() {}

    private mutating func read(_ key: String, _ scanner: inout JSONScanner) throws(InferenceError) {
        if scanner.peek() == UInt8(ascii: "n") {
            guard Self.fields.contains(key) else { throw Self.unknown(key) }
            return try scanner.skipNull()
        }
        switch key {
        case "features": features = try names(&scanner)
        case "feature_service": service = try Self.string(&scanner, key)
        case "timestamp": timestamp = try Self.string(&scanner, key)
        case "entities": try readEntities(&scanner)
        case "full_feature_names": usesFullNames = try Self.flag(&scanner, key)
        case "include_feature_view_version_metadata": _ = try Self.flag(&scanner, key)
        default: throw Self.unknown(key)
        }
    }

    private static func unknown(_ key: String) -> InferenceError {
        .fieldUnknown(
            name: String(key.prefix(100)), place: "the request",
            near: NearName.of(key, among: fields))
    }

    private static func string(
        _ scanner: inout JSONScanner, _ key: String
    ) throws(InferenceError) -> String {
        guard scanner.peek() == UInt8(ascii: "\"") else {
            throw .fieldType(name: key, place: "the request", expected: "a string")
        }
        return try scanner.string()
    }

    private static func flag(
        _ scanner: inout JSONScanner, _ key: String
    ) throws(InferenceError) -> Bool {
        switch scanner.peek() {
        case UInt8(ascii: "t"):
            try scanner.literal("true")
            return true
        case UInt8(ascii: "f"):
            try scanner.literal("false")
            return false
        default: throw .fieldType(name: key, place: "the request", expected: "true or false")
        }
    }

    private func names(_ scanner: inout JSONScanner) throws(InferenceError) -> [String] {
        let expected = InferenceError.fieldType(
            name: "features", place: "the request", expected: "an array of strings")
        guard scanner.take(UInt8(ascii: "[")) else { throw expected }
        var names: [String] = []
        if scanner.take(UInt8(ascii: "]")) { return names }
        repeat {
            guard scanner.peek() == UInt8(ascii: "\"") else { throw expected }
            guard names.count < OnlineFile.maximumOutputs else {
                throw .tooManyInputs(limit: OnlineFile.maximumOutputs)
            }
            names.append(try scanner.string())
        } while try scanner.another(before: UInt8(ascii: "]"))
        return names
    }

    private mutating func readEntities(_ scanner: inout JSONScanner) throws(InferenceError) {
        guard scanner.peek() == UInt8(ascii: "{") else {
            throw .fieldType(
                name: "entities", place: "the request", expected: "an object of arrays")
        }
        var columns: [Column] = []
        var request = self
        try scanner.object { scanner, key throws(InferenceError) in
            guard scanner.take(UInt8(ascii: "[")) else {
                throw .fieldType(name: key, place: "'entities'", expected: "an array of values")
            }
            let start = request.elements.count
            if !scanner.take(UInt8(ascii: "]")) {
                repeat {
                    try request.readElement(&scanner, key)
                } while try scanner.another(before: UInt8(ascii: "]"))
            }
            columns.append(Column(name: key, range: start..<request.elements.count))
        }
        self = request
        entities = columns
    }

    private mutating func readElement(
        _ scanner: inout JSONScanner, _ key: String
    ) throws(InferenceError) {
        guard elements.count < InferRequestReader.maximumValues else {
            throw .tooManyValues(limit: InferRequestReader.maximumValues)
        }
        switch scanner.peek() {
        case UInt8(ascii: "\""):
            let start = text.count
            try scanner.string(into: &text)
            elements.append(
                .string(
                    start: Int32(clamping: start), count: Int32(clamping: text.count - start)))
        case UInt8(ascii: "n"):
            try scanner.skipNull()
            elements.append(.null)
        case UInt8(ascii: "t"):
            try scanner.literal("true")
            elements.append(.bool(true))
        case UInt8(ascii: "f"):
            try scanner.literal("false")
            elements.append(.bool(false))
        case UInt8(ascii: "["), UInt8(ascii: "{"):
            throw .fieldType(name: key, place: "'entities'", expected: "an array of values")
        default: elements.append(.number(try scanner.number()))
        }
    }
}
