import CLibGit2
import Glibc
import ResourceAPI

/// What the hidden command `ingot fetch` does: brings one branch of a server into the mirror. It
/// parses what strangers send and may hang in libgit2, and so has a process of its own.
package enum FetchCommand {
    /// Bounds on the process; the deadline is the parent's business.
    enum Limit {
        static let addressSpaceBytes = 4 << 30
        static let processorSeconds = 300
        static let fileBytes = 2 << 30
        static let openFiles = 256
    }

    /// - Parameters:
    ///   - environment: `INGOT_GIT_USERNAME` and `INGOT_GIT_PASSWORD` for https, `INGOT_SSH_KEY` (a
    ///     file) for ssh, `INGOT_CA_FILE` (PEM) in place of the system's certificate authorities.
    ///   - limitsProcess: sets resource limits on this process, for good: only right in the child.
    /// - Returns: to be printed as one line. Never throws: an error is a report, too.
    package static func perform(
        mirrorPath: String, url: String, branch: String, environment: [String: String],
        limitsProcess: Bool = true
    ) -> FetchReport {
        do throws(SourceControlError) {
            let request = try prepare(
                mirrorPath: mirrorPath, url: url, branch: branch, environment: environment,
                limitsProcess: limitsProcess)
            let commit = try RemoteFetch(request).run(branch)
            return FetchReport(commit: commit)
        } catch {
            return FetchReport(problem: FetchProblem(error))
        }
    }

    /// What the parent asked for, checked.
    struct Request {
        let mirror: GitHandle
        let url: RepositoryURL
        let session: FetchSession
    }

    static func prepare(
        mirrorPath: String, url: String, branch: String, environment: [String: String],
        limitsProcess: Bool
    ) throws(SourceControlError) -> Request {
        if limitsProcess { limitResources() }
        let url = try RepositoryURL(url)
        guard let endpoint = url.endpoint else {
            throw SourceControlError.badURL(
                text: url.description, problem: "folders are not fetched in a child")
        }
        guard RevisionText.isName(branch) else {
            throw SourceControlError.badBranchName(name: branch)
        }
        if let file = environment["INGOT_CA_FILE"], !file.isEmpty {
            try LibGit2.trust(certificateFile: file)
        }
        return Request(
            mirror: try MirrorFolder.open(mirrorPath), url: url,
            session: FetchSession(url: url, endpoint: endpoint, environment: environment))
    }

    private static func limitResources() {
        let limits: [(__rlimit_resource, Int)] = [
            (RLIMIT_AS, Limit.addressSpaceBytes), (RLIMIT_CPU, Limit.processorSeconds),
            (RLIMIT_FSIZE, Limit.fileBytes), (RLIMIT_NOFILE, Limit.openFiles), (RLIMIT_CORE, 0),
        ]
        for (resource, value) in limits {
            let resource = __rlimit_resource_t(resource.rawValue)
            var limit = rlimit()
            // A lower limit that the operator has set stays.
            guard getrlimit(resource, &limit) == 0 else { continue }
            let bound = min(rlim_t(value), limit.rlim_max)
            limit = rlimit(rlim_cur: bound, rlim_max: bound)
            setrlimit(resource, &limit)
        }
        // Writing to a server that has hung up is then an error of write(), too.
        signal(SIGPIPE, SIG_IGN)
        // A file that grows too large is then an error of write(), which libgit2 reports.
        signal(SIGXFSZ, SIG_IGN)
    }
}

/// One fetch over the network. Blocks, possibly for ever.
struct RemoteFetch {
    private let mirror: GitHandle
    private let request: FetchCommand.Request

    init(_ request: FetchCommand.Request) {
        mirror = request.mirror
        self.request = request
    }

    func run(_ branch: String) throws(SourceControlError) -> CommitID {
        let connection = try RemoteConnection(
            mirror, request.url, request.session, direction: GIT_DIRECTION_FETCH)
        let tip = try connection.advertised(branch)
        if try !mirror.hasObject(git_oid(tip)) { try download(connection, branch) }
        try ClosureCheck(mirror).check(tip)
        try mirror.record(tip, asBranch: branch)
        return tip
    }

    private func download(
        _ connection: RemoteConnection, _ branch: String
    ) throws(SourceControlError) {
        var options = git_fetch_options()
        try LibGit2.check(
            git_fetch_options_init(&options, UInt32(GIT_FETCH_OPTIONS_VERSION)), "fetch")
        options.callbacks = try connection.session.callbacks()
        options.prune = GIT_FETCH_NO_PRUNE
        options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE
        options.update_fetchhead = 0
        options.follow_redirects = GIT_REMOTE_REDIRECT_NONE
        options.proxy_opts.type = GIT_PROXY_NONE
        let name = strdup("+refs/heads/\(branch):refs/heads/\(branch)")
        defer { free(name) }
        var names: [UnsafeMutablePointer<CChar>?] = [name]
        let code = names.withUnsafeMutableBufferPointer { buffer in
            var refspecs = git_strarray(strings: buffer.baseAddress, count: 1)
            return git_remote_download(connection.remote, &refspecs, &options)
        }
        try connection.check(code)
    }
}
