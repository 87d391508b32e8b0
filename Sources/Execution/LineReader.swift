/// Cuts a stream of bytes into lines, and never holds more than one line of the longest length.
struct LineReader: Sendable {
    private let lineBytesMax: Int
    private var partial: [UInt8] = []

    init(lineBytesMax: Int) {
        self.lineBytesMax = lineBytesMax
    }

    /// The lines that these bytes complete, without their newlines. After the error the reader must
    /// not be used again.
    mutating func append(_ bytes: [UInt8]) throws(ProtocolProblem) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var rest = bytes[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            guard partial.count + (end - rest.startIndex) <= lineBytesMax else {
                throw .lineTooLong(limit: lineBytesMax)
            }
            lines.append(partial + rest[..<end])
            partial = []
            rest = rest[(end + 1)...]
        }
        guard partial.count + rest.count <= lineBytesMax else {
            throw .lineTooLong(limit: lineBytesMax)
        }
        partial += rest
        return lines
    }
}
