import ResourceAPI

extension RepositoryURL {
    static let maxBytes = 2048

    /// Reads a path, `file:///path`, `https://host/path`, `ssh://user@host/path` or `user@host:path`.
    ///
    /// - Parameter directory: absolute; what a relative path is relative to.
    /// - Throws: `badURL`, `unsupportedScheme`; their texts hold no credentials.
    package init(
        _ text: String, relativeTo directory: String = "/"
    ) throws(SourceControlError) {
        let shown = Self.withoutCredentials(text)
        func refuse(_ problem: String) -> SourceControlError {
            .badURL(text: shown, problem: problem)
        }
        guard !text.isEmpty else { throw refuse("it is empty") }
        guard text.utf8.count <= Self.maxBytes else {
            throw refuse("it is longer than \(Self.maxBytes) bytes")
        }
        guard !text.hasPrefix("-") else { throw refuse("it starts with '-'") }
        guard text.utf8.allSatisfy({ $0 >= 32 && $0 != 127 }) else {
            throw refuse("it has control characters")
        }
        if let separator = text.firstRange(of: "://") {
            let scheme = String(text[..<separator.lowerBound])
            let rest = text[separator.upperBound...]
            switch scheme {
            case "file": self.init(location: try Self.file(rest, refuse))
            case "https": self = try Self.https(rest, refuse)
            case "ssh": self.init(location: try Self.ssh(rest, refuse))
            default: throw SourceControlError.unsupportedScheme(text: shown, scheme: scheme)
            }
            return
        }
        if let helper = text.firstRange(of: "::"), !text[..<helper.lowerBound].contains("/") {
            throw SourceControlError.unsupportedScheme(
                text: shown, scheme: String(text[..<helper.upperBound]))
        }
        // As git reads it: a colon before the first slash.
        if let colon = text.firstIndex(of: ":"), !text[..<colon].contains("/") {
            self.init(
                location: try Self.scp(text[..<colon], text[text.index(after: colon)...], refuse))
            return
        }
        self.init(location: .folder(path: Self.absolute(text, directory)))
    }

    private static func absolute(_ path: String, _ directory: String) -> String {
        let joined = path.hasPrefix("/") ? path : directory + "/" + path
        var names: [Substring] = []
        // `..` stays: whether it can be cut out depends on symbolic links.
        for name in joined.split(separator: "/") where name != "." { names.append(name) }
        return "/" + names.joined(separator: "/")
    }

    private typealias Refuse = (String) -> SourceControlError

    private static func file(
        _ rest: Substring, _ refuse: Refuse
    ) throws(SourceControlError) -> Location {
        let path = rest.hasPrefix("localhost/") ? rest.dropFirst("localhost".count) : rest
        guard path.hasPrefix("/") else {
            throw refuse("a file URL has three slashes: file:///folder")
        }
        guard let decoded = percentDecoded(path) else {
            throw refuse("it has a bad percent escape")
        }
        return .folder(path: absolute(decoded, "/"))
    }

    private static func https(
        _ rest: Substring, _ refuse: Refuse
    ) throws(SourceControlError) -> RepositoryURL {
        let (user, authority, path) = split(rest)
        let (host, port) = try hostAndPort(authority, standard: 443, refuse)
        guard path.count > 1 else { throw refuse("it names no repository") }
        guard path.utf8.allSatisfy(isPathByte), percentDecoded(path) != nil else {
            throw refuse("its path has characters that are not allowed")
        }
        var credentials: GitCredentials?
        if let user {
            let parts = user.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = parts.first.flatMap(percentDecoded), !name.isEmpty,
                let password = percentDecoded(parts.count > 1 ? parts[1] : "")
            else { throw refuse("its credentials cannot be read") }
            credentials = GitCredentials(username: name, password: password)
        }
        let endpoint = Endpoint(user: nil, host: host, port: port, path: String(path))
        return RepositoryURL(location: .https(endpoint), credentials: credentials)
    }

    private static func ssh(
        _ rest: Substring, _ refuse: Refuse
    ) throws(SourceControlError) -> Location {
        let (user, authority, path) = split(rest)
        let (host, port) = try hostAndPort(authority, standard: 22, refuse)
        let isHome = path.hasPrefix("/~/")
        return try ssh(
            user: user, host: host, port: port,
            path: isHome ? path.dropFirst(3) : path, refuse)
    }

    private static func scp(
        _ authority: Substring, _ path: Substring, _ refuse: Refuse
    ) throws(SourceControlError) -> Location {
        let at = authority.lastIndex(of: "@")
        let user = at.map { authority[..<$0] }
        let name = at.map { authority[authority.index(after: $0)...] } ?? authority
        let (host, port) = try hostAndPort(name, standard: 22, refuse)
        return try ssh(user: user, host: host, port: port, path: path, refuse)
    }

    /// User and path end up in a command line on the server.
    private static func ssh(
        user: Substring?, host: String, port: Int, path: Substring, _ refuse: Refuse
    ) throws(SourceControlError) -> Location {
        if let user {
            guard !user.contains(":") else {
                throw refuse("passwords are not supported with ssh; use a key")
            }
            guard !user.isEmpty, !user.hasPrefix("-"), user.utf8.allSatisfy(isNameByte) else {
                throw refuse("its user name has characters that are not allowed")
            }
        }
        guard !path.isEmpty, path != "/" else { throw refuse("it names no repository") }
        guard !path.hasPrefix("-"), path.utf8.allSatisfy(isSSHPathByte) else {
            throw refuse("its path has characters that are not allowed")
        }
        return .ssh(
            Endpoint(user: user.map(String.init), host: host, port: port, path: String(path)))
    }

    /// What stands before the last `@` of the authority, the rest of the authority, the path.
    private static func split(_ rest: Substring) -> (Substring?, Substring, Substring) {
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let authority = rest[..<slash]
        guard let at = authority.lastIndex(of: "@") else { return (nil, authority, rest[slash...]) }
        return (authority[..<at], authority[authority.index(after: at)...], rest[slash...])
    }

    private static func hostAndPort(
        _ text: Substring, standard: Int, _ refuse: Refuse
    ) throws(SourceControlError) -> (String, Int) {
        var host = text
        var port = standard
        if let colon = text.lastIndex(of: ":"), !text[colon...].contains("]") {
            let digits = text[text.index(after: colon)...]
            guard let number = Int(digits), (1...65535).contains(number),
                digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
            else { throw refuse("its port is not a number from 1 to 65535") }
            host = text[..<colon]
            port = number
        }
        let isAddress = host.hasPrefix("[") && host.hasSuffix("]") && host.count > 2
        let name = isAddress ? host.dropFirst().dropLast() : host
        let isPlain = name.utf8.allSatisfy { byte in
            isAddress ? isHexByte(byte) : isNameByte(byte)
        }
        guard !name.isEmpty, !name.hasPrefix("-"), isPlain else {
            throw refuse("its host name is missing or has characters that are not allowed")
        }
        return (host.lowercased(), port)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "-"):
            true
        default: false
        }
    }

    private static func isHexByte(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ":") || byte == UInt8(ascii: ".")
            || Hex.decode([byte, byte]) != nil
    }

    private static func isSSHPathByte(_ byte: UInt8) -> Bool {
        isNameByte(byte) || "/~+@,=".utf8.contains(byte)
    }

    private static func isPathByte(_ byte: UInt8) -> Bool {
        isNameByte(byte) || "/~+@,=%!$&()*:".utf8.contains(byte)
    }

    /// Nil if an escape is broken, stands for a control character, or is not UTF-8.
    private static func percentDecoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let value = Hex.decode(rest.prefix(2))?.first,
                value >= 32, value != 127
            else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    /// For messages about text that could not be read: what stands before an `@` is left out.
    private static func withoutCredentials(_ text: String) -> String {
        guard let separator = text.firstRange(of: "://") else { return text }
        let rest = text[separator.upperBound...]
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        guard let at = rest[..<slash].lastIndex(of: "@") else { return text }
        let user = rest[..<at]
        let kept = user.contains(":") || text.hasPrefix("http") ? "…" : String(user)
        return String(text[..<separator.upperBound]) + kept + String(rest[at...])
    }
}
