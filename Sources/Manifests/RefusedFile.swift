import ResourceAPI

extension ManifestParser {
    /// Each file on its own, on all processors, in the order of `files`.
    package static func parseEach(
        _ files: [ManifestFile], limits: ManifestLimits = .standard
    ) async -> [ParsedFile] {
        let chunk = 64
        guard files.count > chunk else { return files.map { parse($0, limits: limits) } }
        return await withTaskGroup(of: (Int, [ParsedFile]).self) { group in
            for start in stride(from: 0, to: files.count, by: chunk) {
                let part = files[start..<min(start + chunk, files.count)]
                group.addTask { (start, part.map { parse($0, limits: limits) }) }
            }
            var parts: [(Int, [ParsedFile])] = []
            for await part in group { parts.append(part) }
            return parts.sorted { $0.0 < $1.0 }.flatMap(\.1)
        }
    }

    /// A file that is not to be read at all: it counts as one that does not parse.
    package static func refuse(
        _ file: ManifestFile, message: String, hint: String
    ) -> ParsedFile {
        ParsedFile(
            file: file, documents: [],
            diagnostics: [
                .error(
                    message, at: SourceLocation(file: file.path, line: 1, column: 1), hint: hint)
            ], failed: true)
    }
}
