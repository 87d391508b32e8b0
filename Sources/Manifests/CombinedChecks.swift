import ResourceAPI

/// What must hold between all documents of a commit, whichever files they stand in.
struct CombinedChecks {
    private(set) var diagnostics: [Diagnostic] = []
    /// Those that break a rule here.
    private(set) var invalid: Set<ResourceID> = []
    private let root: RepositoryPath
    /// Sorted by place, so that the result does not depend on the order of the files.
    private let documents: [(document: ParsedFile.Document, file: ParsedFile)]

    init(_ files: [ParsedFile], root: RepositoryPath) {
        self.root = root
        documents = files.sorted { $0.file.path < $1.file.path }
            .flatMap { file in file.documents.map { ($0, file) } }
    }

    mutating func run() {
        checkNames()
        checkProjects()
    }

    private mutating func checkNames() {
        var first: [ResourceID: ParsedFile.Document] = [:]
        for (document, file) in documents {
            guard let other = first[document.id] else {
                first[document.id] = document
                continue
            }
            report(.sameName(document.id), document, file, other: other)
        }
    }

    private mutating func checkProjects() {
        let expected = root.appending(Array("ingot.yaml".utf8))
        var first: ParsedFile.Document?
        for (document, file) in documents where document.id.kind == .project {
            guard document.location.file == expected else {
                report(.projectElsewhere(expected: expected.display), document, file)
                continue
            }
            if let first, first.id != document.id {
                report(.secondProject, document, file, other: first)
                invalid.insert(first.id)
            }
            first = first ?? document
        }
    }

    private mutating func report(
        _ problem: ManifestProblem, _ document: ParsedFile.Document, _ file: ParsedFile,
        other: ParsedFile.Document? = nil
    ) {
        invalid.insert(document.id)
        let notes = other.map {
            [Diagnostic.Note(message: "the other one is here", location: $0.location)]
        }
        diagnostics.append(
            .error(
                problem.message, at: document.location, line: file.quote(document.location),
                hint: problem.hint, notes: notes ?? [], resource: document.id))
    }
}
