/// Refuses bytes that libyaml would accept although people or other tools read them differently:
/// other encodings, marks, invisible and direction-changing characters, exotic line breaks.
enum ByteChecks {
    /// The first problem, or nil. One pass over the bytes.
    static func firstProblem(in bytes: [UInt8]) -> LocatedProblem? {
        if looksLikeUTF16(bytes) { return LocatedProblem(problem: .utf16, line: 1, column: 1) }
        return bytes.withUnsafeBufferPointer { buffer in
            var scan = Scan(bytes: buffer)
            return scan.run()
        }
    }

    /// A byte order mark of UTF-16, or a NUL beside the first ASCII character.
    private static func looksLikeUTF16(_ bytes: [UInt8]) -> Bool {
        guard bytes.count >= 2 else { return false }
        switch (bytes[0], bytes[1]) {
        case (0xFF, 0xFE), (0xFE, 0xFF): return true
        case (0, 1...), (1..., 0): return bytes.count >= 4 && (bytes[2] == 0) == (bytes[0] == 0)
        default: return false
        }
    }

    /// Whether a scalar must not stand in a manifest, neither as itself nor as an escape.
    /// Line feed and tab are not its business.
    static func problem(of scalar: UInt32) -> ManifestProblem? {
        switch scalar {
        case 0: .nul
        case 0x85, 0x2028, 0x2029: .exoticLineBreak(scalar)
        case 0x61C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: .bidiControl(scalar)
        case 0xFEFF: .byteOrderMark
        case 0x09, 0x0A: nil
        case 0x01..<0x20, 0x7F..<0xA0: .controlCharacter(scalar)
        default: nil
        }
    }
}

/// One walk over the bytes of a file.
private struct Scan {
    let bytes: UnsafeBufferPointer<UInt8>
    private var line = 1
    private var lineStart = 0
    /// Nothing but spaces since the start of the line.
    private var isIndentation = true
    private var index = 0

    init(bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
    }

    mutating func run() -> LocatedProblem? {
        while index < bytes.count {
            let byte = bytes[index]
            switch byte {
            case 0x0A:
                line += 1
                lineStart = index + 1
                isIndentation = true
                index += 1
            case 0x20:
                index += 1
            case 0x21...0x7E:
                isIndentation = false
                index += 1
            case 0x09:
                if isIndentation, !isBlankFrom(index) { return located(.tabInIndentation) }
                index += 1
            case 0x0D:
                guard index + 1 < bytes.count, bytes[index + 1] == 0x0A else {
                    return located(.loneCarriageReturn)
                }
                index += 1
            case 0x80...:
                guard let (scalar, length) = decode() else { return located(.invalidUTF8(byte)) }
                if let problem = ByteChecks.problem(of: scalar) { return located(problem) }
                isIndentation = false
                index += length
            default:
                return located(ByteChecks.problem(of: UInt32(byte)) ?? .nul)
            }
        }
        return nil
    }

    /// Whether the rest of the line is white space only: such a tab indents nothing.
    private func isBlankFrom(_ start: Int) -> Bool {
        for position in start..<bytes.count {
            switch bytes[position] {
            case 0x09, 0x20, 0x0D: continue
            case 0x0A: return true
            default: return false
            }
        }
        return true
    }

    /// The scalar at `index` and its length; nil if it is overlong, a surrogate, too large, cut
    /// off or not UTF-8 at all.
    private func decode() -> (scalar: UInt32, length: Int)? {
        let first = bytes[index]
        let length: Int
        let smallest: UInt32
        var scalar: UInt32
        switch first {
        case 0xC2...0xDF: (length, smallest, scalar) = (2, 0x80, UInt32(first & 0x1F))
        case 0xE0...0xEF: (length, smallest, scalar) = (3, 0x800, UInt32(first & 0x0F))
        case 0xF0...0xF4: (length, smallest, scalar) = (4, 0x10000, UInt32(first & 0x07))
        default: return nil
        }
        guard index + length <= bytes.count else { return nil }
        for offset in 1..<length {
            let byte = bytes[index + offset]
            guard byte & 0xC0 == 0x80 else { return nil }
            scalar = scalar << 6 | UInt32(byte & 0x3F)
        }
        guard scalar >= smallest, scalar <= 0x10FFFF, !(0xD800...0xDFFF).contains(scalar) else {
            return nil
        }
        return (scalar, length)
    }

    /// The column is counted only now: it is needed once per file at most.
    private func located(_ problem: ManifestProblem) -> LocatedProblem {
        let scalars = bytes[lineStart..<index].count { $0 & 0xC0 != 0x80 }
        return LocatedProblem(problem: problem, line: line, column: scalars + 1)
    }
}
