import ResourceAPI

/// Where a watched repository is: a folder on this machine, or a server by https or ssh. Everything
/// else (http, git, `ext::`, which runs programs) is refused.
package struct RepositoryURL: Hashable, Sendable {
    package enum Location: Hashable, Sendable {
        /// Absolute.
        case folder(path: String)
        case https(Endpoint)
        case ssh(Endpoint)
    }

    package struct Endpoint: Hashable, Sendable {
        /// Only with ssh; with https it is a credential.
        package let user: String?
        /// A name, an IPv4 address, or an IPv6 address in brackets. Lower case.
        package let host: String
        package let port: Int
        /// As in the URL; starts with a slash, or with `~`, or (ssh) is relative to the home folder.
        package let path: String
    }

    package let location: Location
    /// From an https URL's `user:password@`. Never in a description, never in arguments.
    package let credentials: GitCredentials?

    init(location: Location, credentials: GitCredentials? = nil) {
        self.location = location
        self.credentials = credentials
    }

    package var isLocal: Bool { localPath != nil }

    /// The folder, if it is on this machine.
    package var localPath: String? {
        guard case .folder(let path) = location else { return nil }
        return path
    }

    /// What libgit2 is given: without credentials.
    package var text: String {
        switch location {
        case .folder(let path): path
        case .https(let end):
            "https://\(end.host)\(end.port == 443 ? "" : ":\(end.port)")\(end.path)"
        case .ssh(let end):
            "ssh://\(end.user.map { $0 + "@" } ?? "")\(end.host)"
                + (end.port == 22 ? "" : ":\(end.port)")
                + (end.path.hasPrefix("/") ? end.path : "/~/" + end.path)
        }
    }

    var endpoint: Endpoint? {
        switch location {
        case .folder: nil
        case .https(let endpoint), .ssh(let endpoint): endpoint
        }
    }
}

extension RepositoryURL: CustomStringConvertible {
    /// For people and logs: without credentials.
    package var description: String { text }
}

/// A user name and a password (or token) for https.
package struct GitCredentials: Hashable, Sendable {
    let username: String
    let password: String

    package init(username: String, password: String) {
        self.username = username
        self.password = password
    }
}

/// Neither `print` nor a crash report may show them.
extension GitCredentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "(credentials)" }
    package var debugDescription: String { description }
    package var customMirror: Swift.Mirror { Swift.Mirror(self, children: []) }
}
