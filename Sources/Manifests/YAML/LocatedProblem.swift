/// A problem and its place in the file that is being read; the file is added at the end.
struct LocatedProblem: Error {
    let problem: ManifestProblem
    /// From 1.
    let line: Int
    /// In Unicode scalars, from 1.
    let column: Int
    var notes: [Note] = []

    /// Another place of the same file.
    struct Note: Sendable {
        let message: String
        let line: Int
        let column: Int
    }
}
