import Foundation
package import ResourceAPI

/// Fetches over the network in a child process with a deadline: libgit2 1.5 waits for ever for a
/// server that accepts a connection and says nothing.
package struct FetchChild: Sendable {
    package static let standardDeadline = Swift.Duration.seconds(120)
    /// What of the parent's environment the child sees.
    private static let inherited = [
        "HOME", "PATH", "LD_LIBRARY_PATH", "LANG", "SSH_AUTH_SOCK", "INGOT_SSH_KEY",
        "INGOT_CA_FILE",
    ]

    private let executablePath: String
    private let leadingArguments: [String]
    private let environment: [String: String]
    private let passedOn: [String]
    private let deadline: Swift.Duration

    /// - Parameters:
    ///   - executablePath: absolute; the ingot command.
    ///   - leadingArguments: before `--mirror DIR --url URL --branch B`.
    ///   - environment: the parent's; of it the child gets what it needs. Credentials are taken from
    ///     `INGOT_GIT_USERNAME` and `INGOT_GIT_PASSWORD`, unless the URL has its own.
    ///   - passedOn: names of further variables that the executable needs.
    package init(
        executablePath: String, leadingArguments: [String] = ["fetch"],
        environment: [String: String] = ProcessInfo.processInfo.environment,
        passedOn: [String] = [], deadline: Swift.Duration = standardDeadline
    ) {
        self.executablePath = executablePath
        self.leadingArguments = leadingArguments
        self.environment = environment
        self.passedOn = passedOn
        self.deadline = deadline
    }

    /// - Returns: the branch's commit, which is in the mirror with all that it needs.
    /// - Throws: `fetchRefused`, `missingBranch`…, `fetchTimedOut`, `fetcherEnded`,
    ///   `fetcherNotStarted`; `cancelled` as soon as the task is, after the child was killed.
    package func fetch(
        _ url: RepositoryURL, branch: String, mirrorPath: String
    ) async throws(SourceControlError) -> CommitID {
        let report = try await report(
            ["--mirror", mirrorPath, "--url", url.text, "--branch", branch], url)
        if let commit = report.commit { return commit }
        throw SourceControlError.fetchRefused(
            url: url.description, problem: report.problem ?? .library("no reason given"))
    }

    /// What the child says with these arguments.
    func report(
        _ arguments: [String], _ url: RepositoryURL
    ) async throws(SourceControlError) -> FetchReport {
        let ending = try await run(
            leadingArguments + arguments, environment: childEnvironment(url))
        switch ending.reason {
        case .deadline:
            throw SourceControlError.fetchTimedOut(
                url: url.description, seconds: deadline.components.seconds)
        case .cancelled: throw SourceControlError.cancelled
        case .exited, .signaled: break
        }
        guard let report = FetchReport(output: ending.output) else {
            let said = String(decoding: ending.errors.suffix(400), as: UTF8.self)
            throw SourceControlError.fetcherEnded(
                url: url.description, how: ending.reason.description,
                output: said.split(whereSeparator: \.isNewline).suffix(3).joined(separator: " | "))
        }
        return report
    }

    /// Starts the executable and waits for its end, on a thread of its own.
    private func run(
        _ arguments: [String], environment: [String: String]
    ) async throws(SourceControlError) -> ChildProcess.Ending {
        let child = try ChildProcess(deadline: deadline)
        let path = executablePath
        let result: Result<ChildProcess.Ending, SourceControlError> =
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    Thread.detachNewThread {
                        do throws(SourceControlError) {
                            let ending = try child.run(path, arguments, environment)
                            continuation.resume(returning: .success(ending))
                        } catch {
                            continuation.resume(returning: .failure(error))
                        }
                    }
                }
            } onCancel: {
                child.cancel()
            }
        return try result.get()
    }

    /// Credentials are in the environment, which only the same user can read; arguments are public.
    private func childEnvironment(_ url: RepositoryURL) -> [String: String] {
        var result: [String: String] = [:]
        for name in Self.inherited + passedOn { result[name] = environment[name] }
        if case .https = url.location {
            for name in ["INGOT_GIT_USERNAME", "INGOT_GIT_PASSWORD"] {
                result[name] = environment[name]
            }
            if let credentials = url.credentials {
                result["INGOT_GIT_USERNAME"] = credentials.username
                result["INGOT_GIT_PASSWORD"] = credentials.password
            }
        }
        return result
    }
}
