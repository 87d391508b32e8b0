import ResourceAPI

/// Writes JSON straight into bytes.
package struct JSONWriter {
    package private(set) var bytes: [UInt8] = []

    package init(capacity: Int = 512) {
        bytes.reserveCapacity(capacity)
    }

    /// Text that is JSON already.
    @inline(__always)
    package mutating func raw(_ text: StaticString) {
        bytes.append(
            contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    package mutating func raw(bytes content: some Sequence<UInt8>) {
        bytes.append(contentsOf: content)
    }

    package mutating func number(_ value: Int) {
        bytes.append(contentsOf: value.description.utf8)
    }

    /// The shortest text that reads back as the same number, whole numbers without a point; null if
    /// it is not finite.
    package mutating func number(_ value: Double) {
        guard value.isFinite else { return raw("null") }
        guard value != value.rounded() || abs(value) >= 0x1p53 else { return number(Int(value)) }
        bytes.append(contentsOf: value.description.utf8)
    }

    /// The shortest text that reads back as the same float; null if it is not finite, because JSON
    /// has no such number.
    package mutating func number(_ value: Float) {
        guard value.isFinite else { return raw("null") }
        bytes.append(contentsOf: value.description.utf8)
    }

    package mutating func string(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): raw("\\\"")
            case UInt8(ascii: "\\"): raw("\\\\")
            case 0x0a: raw("\\n")
            case 0x0d: raw("\\r")
            case 0x09: raw("\\t")
            case 0..<0x20:
                raw("\\u00")
                bytes.append(contentsOf: Hex.encode([byte]).utf8)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    package mutating func strings(_ texts: some Sequence<String>) {
        list(texts) { $0.string($1) }
    }

    /// `[…]` with each element written by `write`.
    package mutating func list<Element>(
        _ elements: some Sequence<Element>, _ write: (inout JSONWriter, Element) -> Void
    ) {
        raw("[")
        var first = true
        for element in elements {
            if !first { raw(",") }
            first = false
            write(&self, element)
        }
        raw("]")
    }
}
