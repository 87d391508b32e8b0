import CLibGit2

/// What libgit2 asks while it talks to a server: who we are, whether the server is who it should be,
/// and whether to go on.
final class FetchSession {
    enum Limit {
        static let receivedBytes = 1 << 30
        static let objects = 1_000_000
        /// Progress messages of the server.
        static let chatterBytes = 1 << 20
    }

    private let url: RepositoryURL
    private let endpoint: RepositoryURL.Endpoint
    private let environment: [String: String]
    private var attempts = 0
    private var chatter = 0
    /// Why this side ended the conversation.
    private(set) var refusal: FetchProblem?
    /// Why the server did not move the branch.
    private(set) var rejection: String?

    init(
        url: RepositoryURL, endpoint: RepositoryURL.Endpoint, environment: [String: String]
    ) {
        self.url = url
        self.endpoint = endpoint
        self.environment = environment
    }

    private var isSSH: Bool {
        if case .ssh = url.location { return true }
        return false
    }

    /// The session must outlive the conversation that they are used in.
    func callbacks() throws(SourceControlError) -> git_remote_callbacks {
        var callbacks = git_remote_callbacks()
        try LibGit2.check(
            git_remote_init_callbacks(&callbacks, UInt32(GIT_REMOTE_CALLBACKS_VERSION)), "connect")
        callbacks.payload = Unmanaged.passUnretained(self).toOpaque()
        callbacks.certificate_check = { _, valid, _, payload in
            FetchSession.of(payload)?.isTrusted(valid != 0) == true ? 0 : GIT_ECERTIFICATE.rawValue
        }
        callbacks.credentials = { output, url, user, allowed, payload in
            guard let session = FetchSession.of(payload), let output else { return -1 }
            return session.credentials(
                output, askedBy: url.map { String(cString: $0) } ?? "",
                user: user.map { String(cString: $0) }, allowed: allowed)
        }
        callbacks.transfer_progress = { progress, payload in
            guard let session = FetchSession.of(payload), let progress else { return -1 }
            return session.mayContinue(
                bytes: progress.pointee.received_bytes, objects: progress.pointee.total_objects)
        }
        callbacks.sideband_progress = { _, count, payload in
            FetchSession.of(payload)?.hears(Int(count)) ?? -1
        }
        callbacks.push_update_reference = { _, status, payload in
            if let status { FetchSession.of(payload)?.rejection = String(cString: status) }
            return 0
        }
        return callbacks
    }

    private static func of(_ payload: UnsafeMutableRawPointer?) -> FetchSession? {
        payload.map { Unmanaged<FetchSession>.fromOpaque($0).takeUnretainedValue() }
    }

    /// - Parameter isValid: libgit2's own verdict: the chain of certificates and the host name with
    ///   https, `~/.ssh/known_hosts` with ssh. There is no way round it.
    private func isTrusted(_ isValid: Bool) -> Bool {
        if !isValid {
            refusal = isSSH ? .hostKey(host: endpoint.host) : .certificate(host: endpoint.host)
        }
        return isValid
    }

    private func mayContinue(bytes: Int, objects: UInt32) -> Int32 {
        if bytes > Limit.receivedBytes { return refuse(.tooLarge(what: "of data", limit: "1 GiB")) }
        if objects > Limit.objects {
            return refuse(.tooLarge(what: "objects", limit: "\(Limit.objects)"))
        }
        return 0
    }

    private func hears(_ count: Int) -> Int32 {
        chatter += max(0, count)
        guard chatter > Limit.chatterBytes else { return 0 }
        return refuse(.tooLarge(what: "of progress messages", limit: "1 MiB"))
    }

    private func refuse(_ problem: FetchProblem) -> Int32 {
        if refusal == nil { refusal = problem }
        return GIT_EUSER.rawValue
    }

    private typealias Output = UnsafeMutablePointer<UnsafeMutablePointer<git_credential>?>

    /// Secrets go to the host of the operator's URL only, each kind once.
    private func credentials(
        _ output: Output, askedBy text: String, user: String?, allowed: UInt32
    ) -> Int32 {
        guard let asking = try? RepositoryURL(text), asking.endpoint?.host == endpoint.host,
            asking.endpoint?.port == endpoint.port, asking.sameScheme(as: url)
        else { return refuse(.credentialsWithheld(host: endpoint.host)) }
        if allowed & GIT_CREDENTIAL_USERNAME.rawValue != 0 {
            return git_credential_username_new(output, user ?? endpoint.user ?? "git")
        }
        attempts += 1
        guard attempts == 1 else {
            return refuse(.credentialsRefused(host: endpoint.host, isSSH: isSSH))
        }
        if isSSH, allowed & GIT_CREDENTIAL_SSH_KEY.rawValue != 0 {
            let name = user ?? endpoint.user ?? "git"
            if let key = value("INGOT_SSH_KEY") {
                return git_credential_ssh_key_new(output, name, nil, key, nil)
            }
            if value("SSH_AUTH_SOCK") != nil {
                return git_credential_ssh_key_from_agent(output, name)
            }
        }
        if !isSSH, allowed & GIT_CREDENTIAL_USERPASS_PLAINTEXT.rawValue != 0,
            let name = value("INGOT_GIT_USERNAME"), let password = value("INGOT_GIT_PASSWORD")
        {
            return git_credential_userpass_plaintext_new(output, name, password)
        }
        return refuse(.credentialsMissing(host: endpoint.host, isSSH: isSSH))
    }

    private func value(_ name: String) -> String? {
        environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }
}

extension RepositoryURL {
    func sameScheme(as other: RepositoryURL) -> Bool {
        switch (location, other.location) {
        case (.folder, .folder), (.https, .https), (.ssh, .ssh): true
        default: false
        }
    }
}
