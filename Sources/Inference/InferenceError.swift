package import ResourceAPI

/// Everything that can be wrong with a model, with a request, or with the library; and the words
/// for it. Texts of ONNX Runtime itself are never shown to clients: they contain paths.
package enum InferenceError: Error, Hashable, Sendable {
    // The library.
    case libraryMissing(path: String, reason: String)
    case libraryForeign(path: String)
    case libraryTooOld(path: String, version: String)
    case library(call: String, reason: String)

    // The model.
    case fileUnreadable(path: String, reason: String)
    case fileTooLarge(path: String, limitBytes: Int)
    case digestMismatch(path: String, expected: Digest, actual: Digest)
    case modelMalformed(offset: Int)
    case modelNested(limit: Int)
    case modelFunctions
    case modelDomain(String)
    case modelExternalData
    case modelNotTensor(direction: String, name: String)
    case modelElement(direction: String, name: String, expected: String)
    case modelRejected(reason: String)
    case signatureMalformed(path: String, reason: String)
    case signatureMismatch(String)
    case outputShape(expected: [Int], actual: [Int])

    // The request's JSON.
    case json(offset: Int, problem: String)
    case jsonNaN(offset: Int)
    case jsonDuplicate(key: String)
    case fieldUnknown(name: String, place: String, near: String?)
    case fieldMissing(name: String, place: String)
    case fieldType(name: String, place: String, expected: String)
    case datatypeUnknown(String, input: String)
    case tooManyInputs(limit: Int)
    case tooManyValues(limit: Int)

    // The request's inputs.
    case inputsMissing([String], of: Int)
    case inputUnknown(String, near: String?)
    case inputDuplicate(String)
    case inputsMixed(packed: String, column: String)
    case inputDatatype(input: String, datatype: String, expected: String)
    case inputShape(input: String, shape: [Int], expected: String)
    case inputCount(input: String, shape: [Int], count: Int)
    case inputRagged(input: String, shape: [Int])
    case inputRows(input: String, rows: Int, other: String, otherRows: Int)
    case tooManyRows(Int, limit: Int)
    case valueType(input: String, index: Int, found: String, datatype: String)
    case valueNaN(input: String, index: Int, text: String)
    case valueNull(input: String, index: Int)
    case valueRange(input: String, index: Int, datatype: String)
    case valueTime(input: String, index: Int, text: String)
    case outputUnknown(String, known: [String])
    case runFailed
    /// Online features.
    case online(OnlineProblem)
}

extension InferenceError {
    /// True if the request is at fault, not the model or this program.
    package var isRequestFault: Bool {
        switch self {
        case .libraryMissing, .libraryForeign, .libraryTooOld, .library, .fileUnreadable,
            .fileTooLarge, .digestMismatch, .modelMalformed, .modelNested, .modelFunctions,
            .modelDomain, .modelExternalData, .modelNotTensor, .modelElement, .modelRejected,
            .signatureMalformed, .signatureMismatch, .outputShape, .runFailed:
            false
        case .online(let problem): problem.isRequestFault
        default: true
        }
    }

    /// A sentence without a final stop.
    package var message: String {
        modelMessage ?? syntaxMessage ?? inputMessage ?? "the request is not understood"
    }

    private var modelMessage: String? {
        switch self {
        case .libraryMissing(let path, let reason): "cannot load '\(path)': \(reason)"
        case .libraryForeign(let path): "'\(path)' is not ONNX Runtime"
        case .libraryTooOld(let path, let version): "'\(path)' is ONNX Runtime \(version), too old"
        case .library(let call, let reason): "ONNX Runtime failed to \(call): \(reason)"
        case .fileUnreadable(let path, let reason): "cannot read '\(path)': \(reason)"
        case .fileTooLarge(let path, let limit): "'\(path)' is larger than \(limit) bytes"
        case .digestMismatch(let path, let expected, let actual):
            "'\(path)' has the digest \(actual) where \(expected) is expected"
        case .modelMalformed(let offset): "the model is not a valid ONNX file (at byte \(offset))"
        case .modelNested(let limit): "the model's graphs are nested deeper than \(limit)"
        case .modelFunctions: "the model defines local functions"
        case .modelDomain(let domain): "the model uses operators of the domain '\(domain)'"
        case .modelExternalData: "the model keeps weights in other files"
        case .modelNotTensor(let direction, let name):
            "the model's \(direction) '\(name)' is not a tensor"
        case .modelElement(let direction, let name, let expected):
            "the model's \(direction) '\(name)' is not a tensor of \(expected)"
        case .modelRejected(let reason): "ONNX Runtime does not accept the model: \(reason)"
        case .signatureMalformed(let path, let reason):
            "'\(path)' is not a model signature: \(reason)"
        case .signatureMismatch(let difference):
            "the model does not fit its signature: \(difference)"
        case .outputShape(let expected, let actual):
            "the model answered with the shape \(actual) where \(expected) is expected"
        case .runFailed: "the model failed on these inputs"
        default: nil
        }
    }

    private var syntaxMessage: String? {
        switch self {
        case .json(let offset, let problem):
            "the body is not valid JSON: \(problem) at byte \(offset)"
        case .jsonNaN(let offset):
            "the body is not valid JSON: NaN and Infinity are not JSON numbers, at byte \(offset)"
        case .jsonDuplicate(let key): "the key '\(key)' occurs twice in one JSON object"
        case .fieldUnknown(let name, let place, _): "unknown field '\(name)' in \(place)"
        case .fieldMissing(let name, let place): "\(place) has no field '\(name)'"
        case .fieldType(let name, let place, let expected):
            "field '\(name)' of \(place) must be \(expected)"
        case .datatypeUnknown(let datatype, let input):
            "input '\(input)' has the unknown datatype '\(datatype)'"
        case .tooManyInputs(let limit): "the request has more than \(limit) inputs"
        case .tooManyValues(let limit): "the request has more than \(limit) values"
        default: nil
        }
    }

    private var inputMessage: String? {
        switch self {
        case .inputsMissing(let names, let count): Self.missing(names, of: count)
        case .inputUnknown(let name, _): "unknown input '\(name)'"
        case .inputDuplicate(let name): "input '\(name)' is given twice"
        case .inputsMixed(let packed, let column):
            "the packed input '\(packed)' and the column '\(column)' are mixed in one request"
        case .inputDatatype(let input, let datatype, let expected):
            "input '\(input)' has the datatype \(datatype) where \(expected) is expected"
        case .inputShape(let input, let shape, let expected):
            "input '\(input)' has the shape \(shape) where \(expected) is expected"
        case .inputCount(let input, let shape, let count):
            "input '\(input)' has \(count) value\(count == 1 ? "" : "s") in data, "
                + "but its shape is \(shape)"
        case .inputRagged(let input, let shape):
            "the nested data of input '\(input)' does not have the shape \(shape)"
        case .inputRows(let input, let rows, let other, let otherRows):
            "input '\(input)' has \(rows) row\(rows == 1 ? "" : "s"), "
                + "but input '\(other)' has \(otherRows)"
        case .tooManyRows(let rows, let limit):
            "the request has \(rows) rows; at most \(limit) are allowed"
        case .valueType(let input, let index, let found, let datatype):
            "value \(index) of input '\(input)' is \(found), but the datatype is \(datatype)"
        case .valueNaN(let input, let index, let text):
            "value \(index) of input '\(input)' is the text '\(text)', not a number"
        case .valueNull(let input, let index):
            "value \(index) of input '\(input)' is null, and this model takes no missing numbers"
        case .valueRange(let input, let index, let datatype):
            "value \(index) of input '\(input)' does not fit \(datatype)"
        case .valueTime(let input, let index, let text):
            "value \(index) of input '\(input)' is '\(text)', which is not a time"
        case .outputUnknown(let name, _): "unknown output '\(name)'"
        case .online(let problem): problem.message
        default: nil
        }
    }

    /// What to do about it.
    package var hint: String? {
        switch self {
        case .libraryTooOld: "ONNX Runtime 1.22 or later is needed"
        case .digestMismatch: "the file was changed or damaged after it was published"
        case .modelFunctions, .modelDomain:
            "export the model with the standard operators of ONNX and ONNX-ML only"
        case .modelExternalData: "export the model as one file"
        case .modelNotTensor: "export the classifier without ZipMap"
        case .jsonNaN, .valueNaN: "send null for a missing number"
        case .fieldUnknown(_, _, let near), .inputUnknown(_, let near):
            near.map { "did you mean '\($0)'?" }
        case .datatypeUnknown:
            "one of " + TensorDatatype.allCases.map(\.rawValue).joined(separator: ", ")
        case .valueNull: "send a number, or have the training config impute missing ones"
        case .valueTime:
            "write it as 2013-10-01T06:00:00Z, or send INT64 microseconds since 1970 UTC"
        case .inputsMissing: "send the column with null values if it is unknown"
        case .inputsMixed: "send either the packed tensors or one input per column"
        case .inputCount, .inputRagged: "data is row by row, flat or nested like the shape"
        case .tooManyRows: "split the request"
        case .online(let problem): problem.hint
        case .valueType(_, _, let found, _) where found == "null": nil
        case .outputUnknown(_, let known):
            "the model has " + known.map { "'\($0)'" }.joined(separator: ", ")
        default: nil
        }
    }

    private static func missing(_ names: [String], of count: Int) -> String {
        let shown = names.prefix(5).map { "'\($0)'" }.joined(separator: ", ")
        if names.count == 1 { return "the request lacks input \(shown)" }
        let more = names.count > 5 ? " and \(names.count - 5) more" : ""
        return "the request lacks \(names.count) of the model's \(count) inputs: \(shown)\(more)"
    }
}

extension InferenceError: CustomStringConvertible {
    /// Message and hint in one line, as clients and logs see it.
    package var description: String {
        hint.map { "\(message); hint: \($0)" } ?? message
    }
}
