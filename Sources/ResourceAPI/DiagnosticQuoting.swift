extension Diagnostic {
    /// The same with the line that it points into, out of the files' bytes; unchanged if it quotes
    /// one already or if the file is not among them.
    package func quoting(_ files: [RepositoryPath: [UInt8]]) -> Diagnostic {
        guard quotedLine == nil, let location, let bytes = files[location.file] else {
            return self
        }
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard lines.indices.contains(location.line - 1) else { return self }
        var line = lines[location.line - 1]
        if line.last == UInt8(ascii: "\r") { line = line.dropLast() }
        // A line that is too long to be shown is shown without, rather than with a wrong caret.
        guard line.count <= 200 else { return self }
        return Diagnostic(
            severity: severity, message: message, location: location,
            quotedLine: String(decoding: line, as: UTF8.self), hint: hint, notes: notes,
            resource: resource)
    }
}
