import CLibGit2
import Glibc
package import ResourceAPI

/// What the hidden command `ingot fetch --push` does: moves one branch of a server forward to a
/// commit of the mirror. In a process of its own for the same reasons as a fetch.
package enum PushCommand {
    /// - Parameters:
    ///   - commit: hex; in the mirror.
    ///   - expecting: hex; where the branch has to be.
    ///   - creates: the branch must not be there yet; `expecting` is the commit's parent.
    ///   - environment: as for `FetchCommand.perform`.
    /// - Returns: to be printed as one line; its commit is the pushed one. Never throws.
    package static func perform(
        mirrorPath: String, url: String, branch: String, commit: String, expecting: String,
        creates: Bool = false, environment: [String: String], limitsProcess: Bool = true
    ) -> FetchReport {
        do throws(SourceControlError) {
            guard let commit = CommitID(commit), let tip = CommitID(expecting) else {
                throw SourceControlError.badRevision(text: commit)
            }
            let request = try FetchCommand.prepare(
                mirrorPath: mirrorPath, url: url, branch: branch, environment: environment,
                limitsProcess: limitsProcess)
            try push(commit, expecting: tip, creates: creates, branch, request)
            return FetchReport(commit: commit)
        } catch {
            return FetchReport(problem: FetchProblem(error))
        }
    }

    private static func push(
        _ commit: CommitID, expecting tip: CommitID, creates: Bool, _ branch: String,
        _ request: FetchCommand.Request
    ) throws(SourceControlError) {
        guard try request.mirror.isAncestor(tip, of: commit) else {
            throw SourceControlError.revert(.notInBranch(commit: tip, tip: commit))
        }
        let connection = try RemoteConnection(
            request.mirror, request.url, request.session, direction: GIT_DIRECTION_PUSH)
        if creates {
            guard try !connection.has(branch) else {
                throw SourceControlError.revert(.branchExists(branch: branch))
            }
        } else {
            let found = try connection.advertised(branch)
            // A push that got through although its answer did not.
            if found == commit { return }
            guard found == tip else {
                throw SourceControlError.revert(
                    .branchMoved(branch: branch, expected: tip, found: found))
            }
        }
        var options = git_push_options()
        try LibGit2.check(
            git_push_options_init(&options, UInt32(GIT_PUSH_OPTIONS_VERSION)), "push")
        options.callbacks = try request.session.callbacks()
        options.follow_redirects = GIT_REMOTE_REDIRECT_NONE
        options.proxy_opts.type = GIT_PROXY_NONE
        options.pb_parallelism = 1
        // The library pushes references only.
        let source = "refs/ingot/push/" + commit.hex
        try request.mirror.setReference(source, to: commit)
        defer { try? request.mirror.removeReference(source) }
        // Without the leading plus that would force it; the server compares with what it advertised.
        let name = strdup("\(source):refs/heads/\(branch)")
        defer { free(name) }
        var names: [UnsafeMutablePointer<CChar>?] = [name]
        let code = names.withUnsafeMutableBufferPointer { buffer in
            var refspecs = git_strarray(strings: buffer.baseAddress, count: 1)
            return git_remote_upload(connection.remote, &refspecs, &options)
        }
        if let reason = request.session.rejection {
            throw SourceControlError.revert(.pushRejected(branch: branch, reason: reason))
        }
        try connection.check(code)
    }
}

extension FetchChild {
    /// Moves a branch of the server forward to a commit that is in the mirror, never backward or
    /// sideward.
    ///
    /// - Parameter creates: make a new branch instead, which must not be there yet.
    /// - Throws: `pushRefused` (with code `BranchMoved`, `PushRejected`…), `pushTimedOut`: then
    ///   nobody knows whether the server did it, and doing it again is right; and as `fetch`.
    package func push(
        _ commit: CommitID, expecting tip: CommitID, to branch: String, of url: RepositoryURL,
        creates: Bool = false, mirrorPath: String
    ) async throws(SourceControlError) {
        guard RevisionText.isName(branch) else {
            throw SourceControlError.badBranchName(name: branch)
        }
        var arguments = [
            "--mirror", mirrorPath, "--url", url.text, "--branch", branch, "--push", commit.hex,
            "--expect", tip.hex,
        ]
        if creates { arguments.append("--create") }
        let report: FetchReport
        do throws(SourceControlError) {
            report = try await self.report(arguments, url)
        } catch {
            guard case .fetchTimedOut(let url, let seconds) = error else { throw error }
            throw SourceControlError.pushTimedOut(url: url, seconds: seconds)
        }
        if report.commit == commit { return }
        throw SourceControlError.pushRefused(
            url: url.description, problem: report.problem ?? .library("no reason given"))
    }
}
