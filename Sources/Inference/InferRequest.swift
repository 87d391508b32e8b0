/// An inference request of the Open Inference Protocol v2, read but not yet held against a model.
package struct InferRequest: Hashable, Sendable {
    /// One element of an input's data.
    package enum Element: Hashable, Sendable {
        case null
        case bool(Bool)
        case number(Double)
        /// Bytes of `text`.
        case string(start: Int32, count: Int32)
    }

    package struct Input: Hashable, Sendable {
        package let name: String
        package let datatype: TensorDatatype
        package let shape: [Int]
        /// Elements of the request that are this input's, in row order.
        package let elements: Range<Int>
        /// The length of the inner arrays if data was nested, -1 if they differ; nil if it was flat.
        package let innerCount: Int?
    }

    package var id: String?
    /// The time that the request is of, as it was written; nil for now.
    package var timestamp: String?
    package var inputs: [Input] = []
    /// The outputs that are asked for; nil for all.
    package var outputs: [String]?
    /// Of all inputs, one after the other.
    package var elements: [Element] = []
    /// Content of all strings, UTF-8.
    package var text: [UInt8] = []
}
