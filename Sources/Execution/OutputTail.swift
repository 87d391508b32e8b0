/// The last lines of a process's output, bounded in number and length.
struct OutputTail: Sendable {
    private static let linesMax = 20
    private static let lineBytesMax = 500

    private(set) var lines: [String] = []
    private var partial: [UInt8] = []

    /// - Returns: the lines that these bytes complete.
    mutating func append(_ bytes: [UInt8]) -> [String] {
        var completed: [String] = []
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                completed.append(
                    TerminalText.harmless(String(decoding: partial, as: UTF8.self)))
                partial = []
            } else if partial.count < Self.lineBytesMax, byte != UInt8(ascii: "\r") {
                partial.append(byte)
            }
        }
        lines += completed.filter { !$0.isEmpty }
        lines.removeFirst(max(0, lines.count - Self.linesMax))
        return completed
    }

    /// A last line that has no newline.
    mutating func finish() -> [String] {
        partial.isEmpty ? [] : append([UInt8(ascii: "\n")])
    }
}
