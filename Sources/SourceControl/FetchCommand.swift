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
            let mirror = try MirrorFolder.open(mirrorPath)
            let session = FetchSession(url: url, endpoint: endpoint, environment: environment)
            let commit = try RemoteFetch(mirror: mirror, url: url, session: session).run(branch)
            return FetchReport(commit: commit)
        } catch {
            return FetchReport(problem: FetchProblem(error))
        }
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
        // A file that grows too large is then an error of write(), which libgit2 reports.
        signal(SIGXFSZ, SIG_IGN)
    }
}

/// One fetch over the network. Blocks, possibly for ever.
struct RemoteFetch {
    let mirror: GitHandle
    let url: RepositoryURL
    let session: FetchSession

    /// Branches of the server that a message may name.
    private static let maxBranches = 1000

    func run(_ branch: String) throws(SourceControlError) -> CommitID {
        let flags = UInt32(
            GIT_REMOTE_CREATE_SKIP_INSTEADOF.rawValue
                | GIT_REMOTE_CREATE_SKIP_DEFAULT_FETCHSPEC.rawValue)
        var options = git_remote_create_options()
        try LibGit2.check(
            git_remote_create_options_init(
                &options, UInt32(GIT_REMOTE_CREATE_OPTIONS_VERSION)), "name the server")
        options.flags = flags
        options.repository = mirror.pointer
        let remote = try LibGit2.acquire("name the server") {
            git_remote_create_with_opts(&$0, url.text, &options)
        }
        defer { git_remote_free(remote) }
        try connect(remote)
        defer { git_remote_disconnect(remote) }
        let tip = try advertised(branch, by: remote)
        if try !mirror.hasObject(git_oid(tip)) { try download(remote, branch) }
        try ClosureCheck(mirror).check(tip)
        try mirror.record(tip, asBranch: branch)
        return tip
    }

    private func connect(_ remote: OpaquePointer) throws(SourceControlError) {
        var options = git_remote_connect_options()
        try LibGit2.check(
            git_remote_connect_options_init(
                &options, UInt32(GIT_REMOTE_CONNECT_OPTIONS_VERSION)), "connect")
        options.callbacks = try session.callbacks()
        options.follow_redirects = GIT_REMOTE_REDIRECT_NONE
        options.proxy_opts.type = GIT_PROXY_NONE
        let code = git_remote_connect_ext(remote, GIT_DIRECTION_FETCH, &options)
        try check(code)
    }

    private func download(
        _ remote: OpaquePointer, _ branch: String
    ) throws(SourceControlError) {
        var options = git_fetch_options()
        try LibGit2.check(
            git_fetch_options_init(&options, UInt32(GIT_FETCH_OPTIONS_VERSION)), "fetch")
        options.callbacks = try session.callbacks()
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
            return git_remote_download(remote, &refspecs, &options)
        }
        try check(code)
    }

    /// What the server says the branch is.
    private func advertised(
        _ branch: String, by remote: OpaquePointer
    ) throws(SourceControlError) -> CommitID {
        var heads: UnsafeMutablePointer<UnsafePointer<git_remote_head>?>?
        var count = 0
        try check(git_remote_ls(&heads, &count, remote))
        var branches: [String] = []
        for index in 0..<count {
            guard let head = heads?[index]?.pointee, let name = head.name else { continue }
            let text = String(cString: name)
            if text == "refs/heads/" + branch { return try head.oid.commit }
            if text.hasPrefix("refs/heads/"), branches.count < Self.maxBranches {
                let short = String(text.dropFirst("refs/heads/".count))
                if RevisionText.isName(short) { branches.append(short) }
            }
        }
        if branches.isEmpty {
            throw SourceControlError.unbornBranch(
                branch: branch, repository: url.description, isBare: true)
        }
        throw SourceControlError.missingBranch(
            branch: branch, repository: url.description, existing: branches.sorted())
    }

    /// Why a callback said no is more telling than libgit2's text about it.
    private func check(_ code: Int32) throws(SourceControlError) {
        guard code < 0 else { return }
        let problem = session.refusal ?? FetchProblem.library(LibGit2.lastMessage())
        throw SourceControlError.fetchRefused(url: url.description, problem: problem)
    }
}
