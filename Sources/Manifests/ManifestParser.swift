package import ResourceAPI

/// Manifests to resources. Pure: the same bytes always give the same result. Files can be parsed in
/// parallel by the caller and combined afterwards.
package enum ManifestParser {
    /// - Parameter root: the folder of the manifests, where `ingot.yaml` stands.
    package static func parse(
        _ files: [ManifestFile], root: RepositoryPath = RepositoryPath(""),
        limits: ManifestLimits = .standard
    ) -> ParsedManifests {
        if let refusal = refuseIfTooLarge(
            files.reduce(0) { $0 + $1.bytes.count }, paths: files.map(\.path), limits: limits)
        {
            return refusal
        }
        return combine(files.map { parse($0, limits: limits) }, root: root, limits: limits)
    }

    /// The same as `parse`, on all processors.
    package static func parseConcurrently(
        _ files: [ManifestFile], root: RepositoryPath = RepositoryPath(""),
        limits: ManifestLimits = .standard
    ) async -> ParsedManifests {
        if let refusal = refuseIfTooLarge(
            files.reduce(0) { $0 + $1.bytes.count }, paths: files.map(\.path), limits: limits)
        {
            return refusal
        }
        let chunk = 64
        let parsed = await withTaskGroup(of: (Int, [ParsedFile]).self) { group in
            for start in stride(from: 0, to: files.count, by: chunk) {
                let part = files[start..<min(start + chunk, files.count)]
                group.addTask { (start, part.map { parse($0, limits: limits) }) }
            }
            var parts: [(Int, [ParsedFile])] = []
            for await part in group { parts.append(part) }
            return parts.sorted { $0.0 < $1.0 }.flatMap(\.1)
        }
        return combine(parsed, root: root, limits: limits)
    }

    /// One file on its own, for callers that keep the result by blob id.
    package static func parse(
        _ file: ManifestFile, limits: ManifestLimits = .standard
    ) -> ParsedFile {
        guard file.bytes.count <= limits.fileBytes else {
            let problem = ManifestProblem.tooLarge(
                bytes: file.bytes.count, limit: limits.fileBytes)
            return failure(LocatedProblem(problem: problem, line: 1, column: 1), of: file)
        }
        if let problem = ByteChecks.firstProblem(in: file.bytes) {
            return failure(problem, of: file)
        }
        switch DocumentReader.documents(of: file.bytes, limits: limits) {
        case .failure(let problem): return failure(problem, of: file)
        case .success(let documents):
            let outcomes = documents.map {
                DocumentDecoder.decode($0, in: file.path, limits: limits)
            }
            return ParsedFile(
                file: file,
                documents: outcomes.compactMap { outcome in
                    outcome.id.map {
                        ParsedFile.Document(
                            id: $0,
                            location: SourceLocation(
                                file: file.path, line: outcome.line, column: outcome.column),
                            resource: outcome.resource)
                    }
                },
                diagnostics: diagnostics(of: outcomes, in: file, limits: limits),
                failed: outcomes.contains(where: \.hidesResources))
        }
    }

    /// Puts files together: finds names that are given twice and Projects in the wrong place.
    package static func combine(
        _ files: [ParsedFile], root: RepositoryPath = RepositoryPath(""),
        limits: ManifestLimits = .standard
    ) -> ParsedManifests {
        if let refusal = refuseIfTooLarge(
            files.reduce(0) { $0 + $1.file.bytes.count }, paths: files.map(\.file.path),
            limits: limits)
        {
            return refusal
        }
        var checks = CombinedChecks(files, root: root)
        checks.run()
        var invalid = checks.invalid
        var resources: [Resource] = []
        for file in files {
            for document in file.documents {
                if let resource = document.resource, !checks.invalid.contains(document.id) {
                    resources.append(resource)
                } else {
                    invalid.insert(document.id)
                }
            }
        }
        return ParsedManifests(
            resources: resources.sorted { $0.id < $1.id },
            diagnostics: (files.flatMap(\.diagnostics) + checks.diagnostics).sorted(by: isBefore),
            failedFiles: Set(files.filter(\.failed).map(\.file.path)), invalid: invalid,
            hasContradictions: !checks.diagnostics.isEmpty)
    }

    private static func refuseIfTooLarge(
        _ bytes: Int, paths: [RepositoryPath], limits: ManifestLimits
    ) -> ParsedManifests? {
        guard bytes > limits.commitBytes else { return nil }
        let problem = ManifestProblem.commitTooLarge(bytes: bytes, limit: limits.commitBytes)
        return ParsedManifests(
            resources: [], diagnostics: [.error(problem.message, hint: problem.hint)],
            failedFiles: Set(paths), invalid: [], hasContradictions: true)
    }

    static func isBefore(_ a: Diagnostic, _ b: Diagnostic) -> Bool {
        switch (a.location, b.location) {
        case (let first?, let second?):
            first == second ? a.message < b.message : first < second
        case (nil, .some): true
        default: false
        }
    }
}

// MARK: - Diagnostics

extension ManifestParser {
    private static func failure(_ problem: LocatedProblem, of file: ManifestFile) -> ParsedFile {
        ParsedFile(
            file: file, documents: [],
            diagnostics: [
                diagnostic(problem, in: file, lines: QuotedLines(file.bytes), resource: nil)
            ],
            failed: true)
    }

    private static func diagnostics(
        of outcomes: [DocumentDecoder.Outcome], in file: ManifestFile, limits: ManifestLimits
    ) -> [Diagnostic] {
        guard outcomes.contains(where: { !$0.problems.isEmpty }) else { return [] }
        let lines = QuotedLines(file.bytes)
        let all = outcomes.flatMap { outcome in outcome.problems.map { ($0, outcome.id) } }
        var result = all.prefix(limits.diagnostics).map { problem, id in
            diagnostic(problem, in: file, lines: lines, resource: id)
        }
        if all.count > limits.diagnostics, let (next, id) = all.dropFirst(limits.diagnostics).first
        {
            let more = LocatedProblem(
                problem: .moreProblems, line: next.line, column: next.column)
            result.append(diagnostic(more, in: file, lines: lines, resource: id))
        }
        return result
    }

    static func diagnostic(
        _ located: LocatedProblem, in file: ManifestFile, lines: QuotedLines, resource: ResourceID?
    ) -> Diagnostic {
        .error(
            located.problem.message,
            at: SourceLocation(file: file.path, line: located.line, column: located.column),
            line: lines.quote(line: located.line, column: located.column),
            hint: located.problem.hint,
            notes: located.notes.map {
                Diagnostic.Note(
                    message: $0.message,
                    location: SourceLocation(file: file.path, line: $0.line, column: $0.column))
            },
            resource: resource)
    }
}
