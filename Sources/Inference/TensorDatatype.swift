/// The datatypes of the Open Inference Protocol v2.
package enum TensorDatatype: String, CaseIterable, Hashable, Sendable, Codable {
    case bool = "BOOL"
    case uint8 = "UINT8"
    case uint16 = "UINT16"
    case uint32 = "UINT32"
    case uint64 = "UINT64"
    case int8 = "INT8"
    case int16 = "INT16"
    case int32 = "INT32"
    case int64 = "INT64"
    case fp16 = "FP16"
    case fp32 = "FP32"
    case fp64 = "FP64"
    case bytes = "BYTES"

    /// The whole numbers that it holds, as doubles; nil if it is not an integer type. The upper
    /// bounds of the 64-bit types are the largest doubles below them.
    package var integerRange: ClosedRange<Double>? {
        switch self {
        case .uint8: 0...255
        case .uint16: 0...65_535
        case .uint32: 0...4_294_967_295
        case .uint64: 0...18_446_744_073_709_549_568
        case .int8: -128...127
        case .int16: -32_768...32_767
        case .int32: -2_147_483_648...2_147_483_647
        case .int64: -9_223_372_036_854_775_808...9_223_372_036_854_774_784
        case .bool, .fp16, .fp32, .fp64, .bytes: nil
        }
    }
}
