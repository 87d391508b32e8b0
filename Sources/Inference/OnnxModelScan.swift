/// Looks through a model's protobuf before ONNX Runtime sees it, and refuses what a trained pipeline
/// never has but an attacker may: local functions (a model of 1 kB of them took minutes to load),
/// operators of other domains, weights in other files (any readable file of the machine).
package struct OnnxModelScan {
    /// Of graphs within graphs (If, Loop). Converters make three at most.
    package static let maximumDepth = 16

    private let bytes: UnsafeBufferPointer<UInt8>

    /// - Throws: `InferenceError.modelMalformed`, `.modelNested`, `.modelFunctions`,
    ///   `.modelDomain`, `.modelExternalData`.
    package static func check(_ model: [UInt8]) throws(InferenceError) {
        var failure: InferenceError?
        model.withUnsafeBufferPointer { buffer in
            do throws(InferenceError) {
                let scan = OnnxModelScan(bytes: buffer)
                try scan.visit(.model, 0..<buffer.count, depth: 0)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    private enum Message {
        case model, graph, node, attribute, tensor, sparse, operatorSet
    }

    /// Calls itself for the messages within; `depth` counts those that can nest.
    private func visit(
        _ message: Message, _ range: Range<Int>, depth: Int
    ) throws(InferenceError) {
        guard depth <= Self.maximumDepth else { throw .modelNested(limit: Self.maximumDepth) }
        var position = range.lowerBound
        while position < range.upperBound {
            let start = position
            let tag = try varint(&position, range.upperBound)
            let field = tag >> 3
            switch tag & 7 {
            case 0:
                let value = try varint(&position, range.upperBound)
                if message == .tensor, field == 14, value == 1 { throw .modelExternalData }
            case 1: position += 8
            case 5: position += 4
            case 2:
                let length = try varint(&position, range.upperBound)
                guard length <= UInt64(range.upperBound - position) else {
                    throw .modelMalformed(offset: start)
                }
                let end = position + Int(length)
                try enter(message, field: field, position..<end, depth: depth)
                position = end
            default: throw .modelMalformed(offset: start)
            }
            guard position <= range.upperBound else { throw .modelMalformed(offset: start) }
        }
    }

    /// A length-delimited field of a message. Field numbers are those of onnx.proto.
    private func enter(
        _ message: Message, field: UInt64, _ range: Range<Int>, depth: Int
    ) throws(InferenceError) {
        switch (message, field) {
        case (.model, 7): try visit(.graph, range, depth: depth)
        case (.model, 8): try visit(.operatorSet, range, depth: depth)
        case (.model, 25): throw .modelFunctions
        case (.graph, 1): try visit(.node, range, depth: depth)
        case (.graph, 5): try visit(.tensor, range, depth: depth)
        case (.graph, 15): try visit(.sparse, range, depth: depth)
        case (.node, 5): try visit(.attribute, range, depth: depth)
        case (.node, 7), (.operatorSet, 1): try checkDomain(range)
        case (.attribute, 5), (.attribute, 10): try visit(.tensor, range, depth: depth)
        case (.attribute, 22), (.attribute, 23): try visit(.sparse, range, depth: depth)
        case (.attribute, 6), (.attribute, 11): try visit(.graph, range, depth: depth + 1)
        case (.sparse, 1), (.sparse, 2): try visit(.tensor, range, depth: depth)
        case (.tensor, 13): throw .modelExternalData
        default: break
        }
    }

    private func checkDomain(_ range: Range<Int>) throws(InferenceError) {
        let domain = String(decoding: bytes[range].prefix(100), as: UTF8.self)
        guard ["", "ai.onnx", "ai.onnx.ml"].contains(domain) else { throw .modelDomain(domain) }
    }

    private func varint(_ position: inout Int, _ end: Int) throws(InferenceError) -> UInt64 {
        let start = position
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard position < end else { break }
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7f) << shift
            if byte & 0x80 == 0 { return value }
        }
        throw .modelMalformed(offset: start)
    }
}
