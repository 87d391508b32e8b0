import ResourceAPI

/// Reads the JSON that this target has written itself: canonical text, without white space. Much
/// faster than JSONDecoder, which tries one type after the other; a plan loads thousands of recipes.
/// Damaged text gives nil, never a trap.
struct JSONReader {
    private static let depthLimit = 128
    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0

    static func value(_ text: String) -> JSONValue? {
        var text = text
        return text.withUTF8 { bytes in
            var reader = JSONReader(bytes: bytes)
            guard let value = reader.value(depth: 0), reader.position == bytes.count else {
                return nil
            }
            return value
        }
    }

    private init(bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skip(_ byte: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: byte) else { return false }
        position += 1
        return true
    }

    private mutating func value(depth: Int) -> JSONValue? {
        guard depth < Self.depthLimit, let first = next else { return nil }
        switch first {
        case UInt8(ascii: "{"): return object(depth: depth)
        case UInt8(ascii: "["): return array(depth: depth)
        case UInt8(ascii: "\""): return string().map(JSONValue.string)
        case UInt8(ascii: "t"): return word("true", .bool(true))
        case UInt8(ascii: "f"): return word("false", .bool(false))
        case UInt8(ascii: "n"): return word("null", .null)
        default: return number()
        }
    }

    private mutating func word(_ word: StaticString, _ value: JSONValue) -> JSONValue? {
        let count = word.utf8CodeUnitCount
        guard position + count <= bytes.count,
            bytes[position..<position + count].elementsEqual(
                UnsafeBufferPointer(start: word.utf8Start, count: count))
        else { return nil }
        position += count
        return value
    }

    private mutating func array(depth: Int) -> JSONValue? {
        position += 1
        var items: [JSONValue] = []
        if skip("]") { return .array(items) }
        while true {
            guard let item = value(depth: depth + 1) else { return nil }
            items.append(item)
            if skip("]") { return .array(items) }
            guard skip(",") else { return nil }
        }
    }

    private mutating func object(depth: Int) -> JSONValue? {
        position += 1
        var fields: [String: JSONValue] = [:]
        if skip("}") { return .object(fields) }
        while true {
            guard next == UInt8(ascii: "\""), let key = string(), skip(":"),
                let field = value(depth: depth + 1)
            else { return nil }
            fields[key] = field
            if skip("}") { return .object(fields) }
            guard skip(",") else { return nil }
        }
    }

    private mutating func number() -> JSONValue? {
        let start = position
        var isInteger = true
        while let byte = next {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): break
            case UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"):
                isInteger = false
            default:
                return finishNumber(from: start, isInteger: isInteger)
            }
            position += 1
        }
        return finishNumber(from: start, isInteger: isInteger)
    }

    private func finishNumber(from start: Int, isInteger: Bool) -> JSONValue? {
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isInteger, let value = Int64(text) { return .int(value) }
        return Double(text).map(JSONValue.double)
    }

    private mutating func string() -> String? {
        position += 1
        let start = position
        while let byte = next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
            position += 1
        }
        if next == UInt8(ascii: "\"") {
            defer { position += 1 }
            return String(decoding: bytes[start..<position], as: UTF8.self)
        }
        return escapedString(Array(bytes[start..<position]))
    }

    /// The escapes of the canonical encoding, and no others.
    private mutating func escapedString(_ prefix: [UInt8]) -> String? {
        var text = prefix
        while let byte = next {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let escape = next else { return nil }
                position += 1
                switch escape {
                case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(escape)
                case UInt8(ascii: "n"): text.append(10)
                case UInt8(ascii: "r"): text.append(13)
                case UInt8(ascii: "t"): text.append(9)
                case UInt8(ascii: "u"):
                    guard position + 4 <= bytes.count,
                        let code = Hex.decode(bytes[position..<position + 4]), code.count == 2,
                        code[0] == 0, code[1] < 32
                    else { return nil }
                    text.append(code[1])
                    position += 4
                default: return nil
                }
            default: text.append(byte)
            }
        }
        return nil
    }
}
