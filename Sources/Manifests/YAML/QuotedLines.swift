/// The lines of a file, for quoting them in diagnostics.
struct QuotedLines {
    /// Longer lines are cut.
    private static let bytesMax = 200

    private let bytes: [UInt8]
    /// Where each line starts.
    private let starts: [Int]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        var starts = [0]
        for (index, byte) in bytes.enumerated() where byte == 0x0A { starts.append(index + 1) }
        self.starts = starts
    }

    /// The line as it can be shown: characters that would change how a terminal shows it become
    /// U+FFFD, one for one, so that columns stay right. Nil if there is no such line or column in
    /// what can be shown, since a caret would then point at something else.
    func quote(line: Int, column: Int) -> String? {
        guard starts.indices.contains(line - 1) else { return nil }
        let start = starts[line - 1]
        var end = starts.indices.contains(line) ? starts[line] - 1 : bytes.count
        if end > start, bytes[end - 1] == 0x0D { end -= 1 }
        guard end > start else { return nil }
        if end - start > QuotedLines.bytesMax {
            end = start + QuotedLines.bytesMax
            // Do not cut inside a scalar: at most three continuation bytes.
            for _ in 0..<3 where bytes[end] & 0xC0 == 0x80 { end -= 1 }
        }
        var text = String.UnicodeScalarView()
        for scalar in String(decoding: bytes[start..<end], as: UTF8.self).unicodeScalars {
            let isHidden = scalar != "\t" && ByteChecks.problem(of: scalar.value) != nil
            text.append(isHidden ? "\u{FFFD}" : scalar)
        }
        guard column <= text.count + 1 else { return nil }
        return String(text)
    }
}
