import Foundation
import ResourceAPI
import SourceControl

/// How repositories on other machines are reached.
enum Remote {
    /// How long one fetch or push may take, such as `5m`.
    private static let timeoutVariable = "INGOT_FETCH_TIMEOUT"

    /// Nil for a repository on this machine.
    static func fetcher(for url: RepositoryURL) throws -> FetchChild? {
        url.isLocal ? nil : try fetcher()
    }

    static func fetcher(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws -> FetchChild {
        var deadline = FetchChild.standardDeadline
        if let text = environment[timeoutVariable], !text.isEmpty {
            guard let limit = ManifestDuration(text), limit.seconds > 0 else {
                throw CommandError.badVariable(timeoutVariable, text)
            }
            deadline = .seconds(limit.seconds)
        }
        return FetchChild(
            executablePath: Executable.path, environment: environment, deadline: deadline)
    }
}
