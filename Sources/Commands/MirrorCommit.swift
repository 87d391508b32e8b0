import ResourceAPI
import SourceControl

/// A commit from the command line, looked up among those that the controller has fetched.
enum MirrorCommit {
    static func find(_ text: String, in mirror: GitRepository) async throws -> CommitID {
        // The mirror's HEAD is nobody's.
        guard text != "HEAD" else { throw CommandError.noHead }
        return try await mirror.resolve(revision: text)
    }
}
