import ResourceAPI
/// Reads request bodies. Unknown and repeated fields are refused; what parameters hold is checked to
/// be JSON and otherwise passed over.
package enum InferRequestReader {
    package static let maximumInputs = 4096
    package static let maximumValues = 4_000_000
    package static let maximumIDBytes = 200

    /// - Throws: an `InferenceError` whose `isRequestFault` is true.
    package static func read(
        _ body: UnsafeBufferPointer<UInt8>
    ) throws(InferenceError) -> InferRequest {
        var scanner = JSONScanner(body)
        var request = InferRequest()
        var hasInputs = false
        guard scanner.peek() != nil else { throw scanner.failure("the body is empty") }
        try scanner.object { scanner, key throws(InferenceError) in
            switch key {
            case "id": request.id = try id(&scanner)
            case "parameters": request.timestamp = try timestamp(&scanner)
            case "inputs":
                hasInputs = true
                try inputs(&scanner, &request)
            case "outputs": request.outputs = try outputs(&scanner)
            default: throw unknown(key, "the request", ["id", "parameters", "inputs", "outputs"])
            }
        }
        try scanner.expectEnd()
        guard hasInputs else { throw .fieldMissing(name: "inputs", place: "the request") }
        return request
    }

    private static func unknown(
        _ key: String, _ place: String, _ known: [String]
    ) -> InferenceError {
        .fieldUnknown(
            name: String(key.prefix(100)), place: place,
            near: NearName.of(key, among: known))
    }

    private static func id(_ scanner: inout JSONScanner) throws(InferenceError) -> String {
        guard scanner.peek() == UInt8(ascii: "\"") else {
            throw .fieldType(name: "id", place: "the request", expected: "a string")
        }
        let id = try scanner.string()
        guard id.utf8.count <= maximumIDBytes else {
            throw .fieldType(
                name: "id", place: "the request",
                expected: "a string of at most \(maximumIDBytes) bytes")
        }
        return id
    }

    /// The parameters of the request, of which only `timestamp` says something.
    private static func timestamp(
        _ scanner: inout JSONScanner
    ) throws(InferenceError) -> String? {
        guard scanner.peek() == UInt8(ascii: "{") else {
            throw .fieldType(name: "parameters", place: "the request", expected: "an object")
        }
        var found: String?
        try scanner.object { scanner, key throws(InferenceError) in
            if key == "timestamp" {
                found = try text(&scanner, "timestamp", of: "the parameters")
            } else {
                try scanner.skipValue(depth: 2)
            }
        }
        return found
    }

    private static func parameters(
        _ scanner: inout JSONScanner, of place: String
    ) throws(InferenceError) {
        guard scanner.peek() == UInt8(ascii: "{") else {
            throw .fieldType(name: "parameters", place: place, expected: "an object")
        }
        try scanner.skipValue()
    }

    /// Opens an array that the protocol demands. False if it is empty, and then read.
    private static func open(
        _ scanner: inout JSONScanner, _ name: String, of place: String, as expected: String
    ) throws(InferenceError) -> Bool {
        guard scanner.take(UInt8(ascii: "[")) else {
            throw .fieldType(name: name, place: place, expected: expected)
        }
        return !scanner.take(UInt8(ascii: "]"))
    }

    private static func outputs(
        _ scanner: inout JSONScanner
    ) throws(InferenceError) -> [String] {
        var names: [String] = []
        let shape = "an array of objects"
        guard try open(&scanner, "outputs", of: "the request", as: shape) else { return [] }
        repeat {
            guard scanner.peek() == UInt8(ascii: "{") else {
                throw .fieldType(name: "outputs", place: "the request", expected: shape)
            }
            var name: String?
            try scanner.object { scanner, key throws(InferenceError) in
                switch key {
                case "name": name = try text(&scanner, "name", of: "an output")
                case "parameters": try parameters(&scanner, of: "an output")
                default: throw unknown(key, "an output", ["name", "parameters"])
                }
            }
            guard let name else { throw .fieldMissing(name: "name", place: "an output") }
            guard names.count < 64 else { throw .outputUnknown(name, known: []) }
            names.append(name)
        } while try scanner.another(before: UInt8(ascii: "]"))
        return names
    }

    private static func text(
        _ scanner: inout JSONScanner, _ field: String, of place: String
    ) throws(InferenceError) -> String {
        guard scanner.peek() == UInt8(ascii: "\"") else {
            throw .fieldType(name: field, place: place, expected: "a string")
        }
        return try scanner.string()
    }

    private static func inputs(
        _ scanner: inout JSONScanner, _ request: inout InferRequest
    ) throws(InferenceError) {
        let expected = "an array of objects"
        guard try open(&scanner, "inputs", of: "the request", as: expected) else { return }
        repeat {
            guard scanner.peek() == UInt8(ascii: "{") else {
                throw .fieldType(name: "inputs", place: "the request", expected: expected)
            }
            guard request.inputs.count < maximumInputs else {
                throw .tooManyInputs(limit: maximumInputs)
            }
            try request.inputs.append(input(&scanner, &request))
        } while try scanner.another(before: UInt8(ascii: "]"))
    }

    private static func input(
        _ scanner: inout JSONScanner, _ request: inout InferRequest
    ) throws(InferenceError) -> InferRequest.Input {
        var name: String?
        var datatype: String?
        var shape: [Int]?
        var innerCount: Int?
        var hasData = false
        let place = "input \(request.inputs.count)"
        let first = request.elements.count
        try scanner.object { scanner, key throws(InferenceError) in
            switch key {
            case "name": name = try text(&scanner, "name", of: place)
            case "datatype": datatype = try text(&scanner, "datatype", of: place)
            case "shape": shape = try dimensions(&scanner, place)
            case "parameters": try parameters(&scanner, of: place)
            case "data":
                hasData = true
                innerCount = try data(&scanner, &request, place)
            default:
                throw unknown(key, place, ["name", "shape", "datatype", "parameters", "data"])
            }
        }
        guard let name else { throw .fieldMissing(name: "name", place: place) }
        let named = "input '\(name)'"
        guard let shape else { throw .fieldMissing(name: "shape", place: named) }
        guard let datatype else { throw .fieldMissing(name: "datatype", place: named) }
        guard hasData else { throw .fieldMissing(name: "data", place: named) }
        guard let type = TensorDatatype(rawValue: datatype) else {
            throw .datatypeUnknown(String(datatype.prefix(100)), input: name)
        }
        return InferRequest.Input(
            name: name, datatype: type, shape: shape, elements: first..<request.elements.count,
            innerCount: innerCount)
    }

    private static func dimensions(
        _ scanner: inout JSONScanner, _ place: String
    ) throws(InferenceError) -> [Int] {
        let expected = "an array of at most 8 whole numbers"
        var shape: [Int] = []
        guard try open(&scanner, "shape", of: place, as: expected) else { return [] }
        repeat {
            guard let byte = scanner.peek(), byte == UInt8(ascii: "-") || byte &- 48 <= 9 else {
                throw .fieldType(name: "shape", place: place, expected: expected)
            }
            let value = try scanner.number()
            guard shape.count < 8, value >= 0, value <= 1_000_000_000, value == value.rounded()
            else { throw .fieldType(name: "shape", place: place, expected: expected) }
            shape.append(Int(value))
        } while try scanner.another(before: UInt8(ascii: "]"))
        return shape
    }

    /// Data flat or as arrays of arrays.
    /// - Returns: what `InferRequest.Input.innerCount` says.
    private static func data(
        _ scanner: inout JSONScanner, _ request: inout InferRequest, _ place: String
    ) throws(InferenceError) -> Int? {
        let expected = "an array of values, or of arrays of values"
        guard try open(&scanner, "data", of: place, as: expected) else { return nil }
        guard scanner.peek() == UInt8(ascii: "[") else {
            try elements(&scanner, &request)
            return nil
        }
        var inner: Int?
        repeat {
            let start = request.elements.count
            if try open(&scanner, "data", of: place, as: expected) {
                try elements(&scanner, &request)
            }
            let count = request.elements.count - start
            inner = inner == nil || inner == count ? count : -1
        } while try scanner.another(before: UInt8(ascii: "]"))
        return inner
    }

    /// Values up to and with the closing bracket.
    private static func elements(
        _ scanner: inout JSONScanner, _ request: inout InferRequest
    ) throws(InferenceError) {
        repeat {
            let element: InferRequest.Element
            switch scanner.peek() {
            case UInt8(ascii: "\""):
                let start = request.text.count
                try scanner.string(into: &request.text)
                // A body has 16 MiB at most, so both fit.
                element = .string(
                    start: Int32(clamping: start),
                    count: Int32(clamping: request.text.count - start))
            case UInt8(ascii: "n"):
                try scanner.skipNull()
                element = .null
            case UInt8(ascii: "t"):
                try scanner.literal("true")
                element = .bool(true)
            case UInt8(ascii: "f"):
                try scanner.literal("false")
                element = .bool(false)
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                throw scanner.failure("data nested deeper than rows and columns")
            default: element = .number(try scanner.number())
            }
            guard request.elements.count < maximumValues else {
                throw .tooManyValues(limit: maximumValues)
            }
            request.elements.append(element)
        } while try scanner.another(before: UInt8(ascii: "]"))
    }
}
