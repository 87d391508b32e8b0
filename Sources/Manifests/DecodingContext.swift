import ResourceAPI

/// What the decoding of one document has found. A class, because the readers of nested mappings
/// add to it while those around them are in use; it never leaves the call that made it.
final class DecodingContext {
    /// Nil if the document does not say it.
    let kind: ResourceKind?
    private(set) var problems: [LocatedProblem] = []
    private let problemsMax: Int
    /// `ingot explain` knows its fields.
    private let isManifest: Bool
    /// The paths of all fields that the decoder asked for, if somebody wants to know (a test
    /// compares them with the documentation).
    private(set) var accepted: Set<String>?

    init(
        kind: ResourceKind?, problemsMax: Int, recordsFields: Bool = false, isManifest: Bool = true
    ) {
        self.isManifest = isManifest
        self.kind = kind
        self.problemsMax = problemsMax
        accepted = recordsFields ? [] : nil
    }

    /// The problem is made only if it will be shown: looking for a near name is the dearest thing
    /// that a bad manifest can cause.
    func report(_ problem: @autoclosure () -> ManifestProblem, at node: ManifestNode) {
        report(problem(), line: node.line, column: node.column)
    }

    func report(_ rule: @autoclosure () -> ResourceRule, at node: ManifestNode) {
        report(.rule(rule()), at: node)
    }

    /// At the key rather than at the value.
    func report(
        _ problem: @autoclosure () -> ManifestProblem, at entry: ManifestNode.Entry,
        notes: [LocatedProblem.Note] = []
    ) {
        report(problem(), line: entry.keyLine, column: entry.keyColumn, notes: notes)
    }

    private func report(
        _ problem: @autoclosure () -> ManifestProblem, line: Int, column: Int,
        notes: [LocatedProblem.Note] = []
    ) {
        // One more than is shown, so that the excess is known.
        guard problems.count <= problemsMax else { return }
        problems.append(
            LocatedProblem(problem: problem(), line: line, column: column, notes: notes))
    }

    /// What to give to `ingot explain`: `deployment.spec.model`.
    func documentationPath(of key: String?, in path: String) -> String {
        guard isManifest else { return "" }
        let parts = [kind?.word ?? "", path, key ?? ""]
        return parts.filter { !$0.isEmpty }.joined(separator: ".")
    }

    func record(_ field: String, in path: String) {
        accepted?.insert(path.isEmpty ? field : "\(path).\(field)")
    }
}
