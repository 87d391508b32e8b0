import CLibGit2
import ResourceAPI

/// One conversation with a server. Blocks, possibly for ever: only in a child process.
final class RemoteConnection {
    /// Branches of the server that a message may name.
    private static let maxBranches = 1000

    let remote: OpaquePointer
    let url: RepositoryURL
    let session: FetchSession

    init(
        _ mirror: GitHandle, _ url: RepositoryURL, _ session: FetchSession,
        direction: git_direction
    ) throws(SourceControlError) {
        var options = git_remote_create_options()
        try LibGit2.check(
            git_remote_create_options_init(
                &options, UInt32(GIT_REMOTE_CREATE_OPTIONS_VERSION)), "name the server")
        options.flags = UInt32(
            GIT_REMOTE_CREATE_SKIP_INSTEADOF.rawValue
                | GIT_REMOTE_CREATE_SKIP_DEFAULT_FETCHSPEC.rawValue)
        options.repository = mirror.pointer
        remote = try LibGit2.acquire("name the server") {
            git_remote_create_with_opts(&$0, url.text, &options)
        }
        self.url = url
        self.session = session
        try connect(direction)
    }

    deinit {
        git_remote_disconnect(remote)
        git_remote_free(remote)
    }

    private func connect(_ direction: git_direction) throws(SourceControlError) {
        var options = git_remote_connect_options()
        try LibGit2.check(
            git_remote_connect_options_init(
                &options, UInt32(GIT_REMOTE_CONNECT_OPTIONS_VERSION)), "connect")
        options.callbacks = try session.callbacks()
        options.follow_redirects = GIT_REMOTE_REDIRECT_NONE
        options.proxy_opts.type = GIT_PROXY_NONE
        try check(git_remote_connect_ext(remote, direction, &options))
    }

    /// Whether the server has the branch.
    func has(_ branch: String) throws(SourceControlError) -> Bool {
        do throws(SourceControlError) {
            _ = try advertised(branch)
            return true
        } catch {
            switch error {
            case .missingBranch, .unbornBranch: return false
            default: throw error
            }
        }
    }

    /// What the server says the branch is.
    func advertised(_ branch: String) throws(SourceControlError) -> CommitID {
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
    func check(_ code: Int32) throws(SourceControlError) {
        guard code < 0 else { return }
        let problem = session.refusal ?? FetchProblem.library(LibGit2.lastMessage())
        throw SourceControlError.fetchRefused(url: url.description, problem: problem)
    }
}
