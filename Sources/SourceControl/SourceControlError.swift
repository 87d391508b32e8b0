package import ResourceAPI

/// Everything that goes wrong with git. All the texts for people are in this file.
///
/// Texts never contain credentials: URLs appear as `RepositoryURL.description` only.
package enum SourceControlError: Error, Hashable, Sendable {
    // Opening.
    case pathMissing(path: String)
    case notARepository(path: String)
    case foreignOwner(path: String)
    case unreadable(path: String, problem: String)
    case unsupportedRepository(path: String, problem: String)
    case shallowRepository(path: String)
    case unsuitableLibrary(problem: String)

    // Names.
    case unbornBranch(branch: String, repository: String, isBare: Bool)
    case missingBranch(branch: String, repository: String, existing: [String])
    case badBranchName(name: String)
    case badRevision(text: String)
    case unknownRevision(text: String, repository: String, existing: [String])
    case ambiguousRevision(text: String, readings: [String])
    case notACommit(text: String)

    // Objects.
    case missingObject(kind: String, id: String)
    case sha256NotSupported(id: String)
    case corruptTree(path: RepositoryPath, problem: String)
    case treeTooDeep(path: RepositoryPath, limit: Int)
    case treeTooLarge(limit: Int)
    case blobTooLarge(id: BlobID, size: Int, limit: Int)
    case fileMissing(path: RepositoryPath, commit: CommitID)
    case notAPath(path: RepositoryPath)
    case linesOutOfRange(path: RepositoryPath, first: Int, last: Int, count: Int)
    case cannotWrite(path: String, problem: String, isDiskFull: Bool)

    // URLs.
    case badURL(text: String, problem: String)
    case unsupportedScheme(text: String, scheme: String)

    // The mirror and the network.
    case mirrorUnusable(path: String, problem: String)
    case fetcherMissing(url: String)
    case fetcherNotStarted(path: String, problem: String)
    case fetchTimedOut(url: String, seconds: Int64)
    case fetcherEnded(url: String, how: String, output: String)
    case fetchRefused(url: String, problem: FetchProblem)
    case pushTimedOut(url: String, seconds: Int64)
    case pushRefused(url: String, problem: FetchProblem)

    case revert(RevertProblem)
    case cancelled
    case library(operation: String, message: String)
}

/// Why a fetch over the network failed, as the fetching child reports it.
package struct FetchProblem: Error, Hashable, Sendable, Codable {
    /// One CamelCase word.
    package let code: String
    package let message: String
    package let hint: String?
    /// True if the same fetch may succeed later without anybody doing anything.
    package let isTransient: Bool
}

extension FetchProblem {
    static func certificate(host: String) -> FetchProblem {
        FetchProblem(
            code: "CertificateRefused", message: "the certificate of \(host) is not trusted",
            hint: "a private certificate authority is named with INGOT_CA_FILE=<file.pem>",
            isTransient: false)
    }

    static func hostKey(host: String) -> FetchProblem {
        FetchProblem(
            code: "HostKeyRefused",
            message: "the ssh host key of \(host) is not in ~/.ssh/known_hosts, or is another one",
            hint: "compare the key with the one that the host's operator publishes, then add it: "
                + "ssh-keyscan \(host) >> ~/.ssh/known_hosts", isTransient: false)
    }

    static func credentialsMissing(host: String, isSSH: Bool) -> FetchProblem {
        FetchProblem(
            code: "CredentialsMissing", message: "\(host) asks for credentials",
            hint: isSSH
                ? "start an ssh agent, or name a private key file with INGOT_SSH_KEY"
                : "set INGOT_GIT_USERNAME and INGOT_GIT_PASSWORD (a token)", isTransient: false)
    }

    static func credentialsRefused(host: String, isSSH: Bool) -> FetchProblem {
        FetchProblem(
            code: "CredentialsRefused", message: "\(host) refused the credentials",
            hint: isSSH
                ? "check the keys in the ssh agent, or INGOT_SSH_KEY"
                : "check INGOT_GIT_USERNAME and INGOT_GIT_PASSWORD", isTransient: false)
    }

    static func credentialsWithheld(host: String) -> FetchProblem {
        FetchProblem(
            code: "CredentialsWithheld",
            message: "another host than \(host) asks for credentials; none were sent",
            hint: "name the repository by its final URL", isTransient: false)
    }

    static func tooLarge(what: String, limit: String) -> FetchProblem {
        FetchProblem(
            code: "FetchTooLarge", message: "the server sends more than \(limit) \(what)",
            hint: "keep large data outside of the repository", isTransient: false)
    }

    static func library(_ message: String) -> FetchProblem {
        FetchProblem(code: "FetchFailed", message: message, hint: nil, isTransient: true)
    }

    init(_ error: SourceControlError) {
        switch error {
        case .fetchRefused(_, let problem), .pushRefused(_, let problem): self = problem
        default:
            self.init(
                code: error.code, message: error.message, hint: error.hint,
                isTransient: error.isTransient)
        }
    }
}

extension SourceControlError {
    /// One CamelCase word.
    package var code: String {
        switch self {
        case .pathMissing: "PathMissing"
        case .notARepository: "NotARepository"
        case .foreignOwner: "ForeignOwner"
        case .unreadable: "Unreadable"
        case .unsupportedRepository: "UnsupportedRepository"
        case .shallowRepository: "ShallowRepository"
        case .unsuitableLibrary: "UnsuitableLibrary"
        case .unbornBranch: "UnbornBranch"
        case .missingBranch: "BranchMissing"
        case .badBranchName: "BadBranchName"
        case .badRevision: "BadRevision"
        case .unknownRevision: "UnknownRevision"
        case .ambiguousRevision: "AmbiguousRevision"
        case .notACommit: "NotACommit"
        case .missingObject: "MissingObject"
        case .sha256NotSupported: "Sha256NotSupported"
        case .corruptTree: "CorruptTree"
        case .treeTooDeep, .treeTooLarge: "TreeTooLarge"
        case .blobTooLarge: "BlobTooLarge"
        case .fileMissing: "FileMissing"
        case .notAPath: "NotAPath"
        case .linesOutOfRange: "LinesOutOfRange"
        case .cannotWrite(_, _, let isDiskFull): isDiskFull ? "DiskFull" : "CannotWrite"
        case .badURL: "BadURL"
        case .unsupportedScheme: "UnsupportedScheme"
        case .mirrorUnusable: "MirrorUnusable"
        case .fetcherMissing, .fetcherNotStarted: "FetcherNotStarted"
        case .fetchTimedOut: "FetchTimedOut"
        case .fetcherEnded: "FetcherEnded"
        case .fetchRefused(_, let problem), .pushRefused(_, let problem): problem.code
        case .pushTimedOut: "PushTimedOut"
        case .revert(let problem): problem.code
        case .cancelled: "Cancelled"
        case .library: "LibGit2"
        }
    }

    /// For callers: whether asking again later may help without anybody doing anything.
    package var isTransient: Bool {
        switch self {
        case .fetchTimedOut, .pushTimedOut, .fetcherEnded, .fetcherNotStarted, .cannotWrite,
            .library:
            true
        case .fetchRefused(_, let problem), .pushRefused(_, let problem): problem.isTransient
        case .revert(let problem): problem.isTransient
        default: false
        }
    }
}

extension SourceControlError {
    /// Whether something that should be in a repository could not be read: a damaged mirror gives such
    /// errors, and so does a damaged source.
    package var mayBeDamage: Bool {
        switch self {
        case .missingObject, .corruptTree, .unreadable, .unsupportedRepository, .mirrorUnusable,
            .library:
            true
        // What the fetching child met in the mirror.
        case .fetchRefused(_, let problem):
            ["MissingObject", "CorruptTree", "LibGit2"].contains(problem.code)
        default: false
        }
    }
}

extension SourceControlError: CustomStringConvertible {
    package var description: String {
        guard let hint else { return message }
        return message + "\nhint: " + hint
    }

    /// A whole sentence without its full stop.
    package var message: String {
        switch self {
        case .pathMissing(let path): "there is no folder \(path)"
        case .notARepository(let path): "\(path) is not a git repository"
        case .foreignOwner(let path): "the git repository \(path) belongs to another user"
        case .unreadable(let path, let problem): "cannot open \(path): \(problem)"
        case .unsupportedRepository(let path, let problem):
            "cannot read the git repository \(path): \(problem)"
        case .shallowRepository(let path):
            "the git repository \(path) is a shallow clone: older commits are missing"
        case .unsuitableLibrary(let problem): "libgit2 cannot be used: \(problem)"
        case .unbornBranch(let branch, let repository, _):
            "branch '\(branch)' has no commits yet in \(repository)"
        case .missingBranch(let branch, let repository, _):
            "there is no branch '\(branch)' in \(repository)"
        case .badBranchName(let name): "\(Quoted.text(name)) is not a branch name"
        case .badRevision(let text): "\(Quoted.text(text)) does not name a commit"
        case .unknownRevision(let text, let repository, _):
            "there is no commit, branch or tag '\(text)' in \(repository)"
        case .ambiguousRevision(let text, _): "'\(text)' can mean more than one thing"
        case .notACommit(let text): "'\(text)' does not lead to a commit"
        default: objectMessage
        }
    }

    private var objectMessage: String {
        switch self {
        case .missingObject(let kind, let id): "\(kind) \(id) is missing or damaged"
        case .sha256NotSupported(let id): "\(id) is a SHA-256 name; only SHA-1 repositories work"
        case .corruptTree(let path, let problem):
            "the folder '\(path.display)' of the commit is damaged: \(problem)"
        case .treeTooDeep(let path, let limit):
            "the folder '\(path.display)' of the commit lies more than \(limit) levels deep"
        case .treeTooLarge(let limit): "the commit has more than \(limit) files and folders"
        case .blobTooLarge(let id, let size, let limit):
            "the file content \(id) has \(size) bytes; at most \(limit) are read"
        case .fileMissing(let path, let commit):
            "there is no file '\(path.display)' in commit \(commit.short)"
        case .notAPath(let path): "'\(path.display)' cannot be the path of a file in a repository"
        case .linesOutOfRange(let path, let first, let last, let count):
            "lines \(first) to \(last) do not exist: '\(path.display)' has \(count) lines"
        case .cannotWrite(let path, let problem, _): "cannot write \(path): \(problem)"
        default: networkMessage
        }
    }

    private var networkMessage: String {
        switch self {
        case .badURL(let text, let problem): "cannot use \(Quoted.text(text)): \(problem)"
        case .unsupportedScheme(let text, let scheme):
            "cannot use \(Quoted.text(text)): '\(scheme)' is not supported"
        case .mirrorUnusable(let path, let problem): "cannot use the mirror \(path): \(problem)"
        case .fetcherMissing(let url): "cannot fetch \(url): no fetching program was named"
        case .fetcherNotStarted(let path, let problem): "cannot start \(path): \(problem)"
        case .fetchTimedOut(let url, let seconds):
            "fetching \(url) took longer than \(seconds) s and was stopped"
        case .fetcherEnded(let url, let how, _): "fetching \(url) failed: the child \(how)"
        case .fetchRefused(let url, let problem): "fetching \(url) failed: \(problem.message)"
        case .pushTimedOut(let url, let seconds):
            "pushing to \(url) took longer than \(seconds) s and was stopped"
        case .pushRefused(let url, let problem): "pushing to \(url) failed: \(problem.message)"
        case .revert(let problem): problem.message
        case .library(let operation, let message): "cannot \(operation): \(message)"
        default: "cancelled"
        }
    }

    /// What to do about it.
    package var hint: String? {
        switch self {
        case .pathMissing, .notARepository:
            "name a folder with a git repository, or make one with 'git init'"
        case .foreignOwner:
            "run ingot as the repository's owner, or name the repository by an ssh or https URL"
        case .unsupportedRepository: "repositories with SHA-1 names and file references work"
        case .shallowRepository(let path): "fetch them: git -C \(path) fetch --unshallow"
        case .unsuitableLibrary: "install the distribution's current libgit2 1.5.1 or newer"
        case .unbornBranch(let branch, let repository, let isBare):
            isBare
                ? "push the first commit: git push \(repository) HEAD:\(branch)"
                : "make the first commit: git -C \(repository) commit"
        case .missingBranch(let branch, _, let existing): Quoted.branches(existing, near: branch)
        case .badBranchName:
            "branch names have 1 to 200 of the characters A-Z a-z 0-9 . _ / - and no leading '-'"
        case .badRevision:
            "write 7 to 40 hexadecimal digits of a commit, a branch, a tag, or HEAD"
        case .unknownRevision(let text, _, let existing): Quoted.branches(existing, near: text)
        case .ambiguousRevision(_, let readings):
            "write one of: " + readings.joined(separator: ", ")
        case .missingObject: "check the repository with 'git fsck'"
        case .corruptTree: "check the repository with 'git fsck --strict'"
        case .blobTooLarge: "keep large data outside of the repository"
        case .cannotWrite(_, _, let isDiskFull):
            isDiskFull ? "free some space in the state directory's file system" : nil
        case .badURL, .unsupportedScheme:
            "write a folder, file:///folder, https://host/path, ssh://user@host/path "
                + "or user@host:path"
        case .mirrorUnusable(let path, _): "remove \(path); it is fetched again"
        case .fetchTimedOut: "the next poll tries again; check the network and the server"
        case .fetcherEnded(_, _, let output): output.isEmpty ? nil : "it said: " + output
        case .fetchRefused(_, let problem), .pushRefused(_, let problem): problem.hint
        case .pushTimedOut: "look whether the commit has arrived; pushing it again does no harm"
        case .revert(let problem): problem.hint
        default: nil
        }
    }
}

/// Text from outside inside of a message.
private enum Quoted {
    /// In quotes, without control characters, at most 200 characters of it.
    static func text(_ text: String) -> String {
        var shown = ""
        for scalar in text.unicodeScalars.prefix(200) {
            let isPrintable =
                scalar.properties.generalCategory != .control
                && scalar.properties.generalCategory != .format
            shown += isPrintable ? String(scalar) : "\\u{\(String(scalar.value, radix: 16))}"
        }
        return "'\(shown)'" + (text.unicodeScalars.count > 200 ? "…" : "")
    }

    /// The probable name first, then at most 20 of those that exist.
    static func branches(_ existing: [String], near name: String) -> String {
        guard !existing.isEmpty else { return "it has no branches yet" }
        let shown = existing.prefix(20).joined(separator: ", ")
        let rest = existing.count > 20 ? " and \(existing.count - 20) more" : ""
        let near = NearName.hint(for: name, among: existing).map { $0 + " " } ?? ""
        return near + "branches: \(shown)\(rest)"
    }
}
