import ResourceAPI

/// What can go wrong between the command line and the parts: all texts in one place.
enum CommandError: Error, CustomStringConvertible {
    case unknownResource(String, hint: String?)
    case unknownKind(String)
    case unknownField(String, hint: String)
    case unknownPrediction(String, reason: String)
    case unknownRun(String)
    case unknownEventKind(String, hint: String)
    case noProject(revision: String, folder: String)
    case invalidManifests(count: Int)
    case folderNotEmpty(path: String, file: String)
    case badDuration(String)
    /// An environment variable that should be a length of time.
    case badVariable(String, String)
    case notAFolder(String)
    case noRevision
    case stopped(String)
    /// `suspend` without a reason.
    case emptyReason
    /// Neither a resource nor --all.
    case noTarget
    case twoTargets
    /// The controller, or this process in its place, would not do it.
    case refused(String, hint: String?)
    case noAnswer(process: Int32?, seconds: Int64)
    case notHeld(CommitID)
    /// A branch of a repository that is not on this machine.
    case remoteName(String)
    case noHead
    case nothingBefore(CommitID)
    case rebuiltHalfway(commit: CommitID, left: Int, reason: String)
    /// After the old state was moved to a place.
    case notRebuilt(reason: String, movedTo: String)
    case notMoved(path: String, reason: String)
    case unknownAtCommit(String, CommitID, hint: String)
    case notMade(StepID, CommitID, why: String?)
    /// Made once, and not in the store any more.
    case collected(StepID, CommitID)
    case unreadableProfile(ResourceID)
    case notWritten(path: String, reason: String)
    case badSpine(path: String, reason: String)
    /// A dataset whose rows follow from others'.
    case notPinnable(ResourceID)
    case lockUnreadable
    case noConfiguration(path: String)
    case configurationOpen(path: String)
    case badConfiguration(path: String, [Diagnostic])
    case unknownCredentials(ResourceName, path: String, hint: String?)
    case credentialMissing(ResourceName, field: String, from: String)
    case noWorkTree

    var description: String {
        guard let hint else { return message }
        return message + "\nhint: " + hint
    }

    private var message: String { lookUpMessage ?? dataMessage ?? changeMessage }

    private var lookUpMessage: String? {
        switch self {
        case .unknownResource(let name, _): "there is no resource '\(name)'"
        case .unknownField(let field, _): "there is no field '\(field)'"
        case .unknownKind(let word): "'\(word)' is not a kind of resource"
        case .unknownPrediction(let id, let reason): "'\(id)' cannot be traced: \(reason)"
        case .unknownRun(let id): "there is no run '\(id)'"
        case .unknownEventKind(let word, _): "'\(word)' is not a kind of event"
        case .noProject(let revision, let folder):
            "there are no manifests in \(folder.isEmpty ? "the root" : folder) at \(revision)"
        case .badDuration(let text): "'\(text)' is not a length of time"
        case .badVariable(let name, let text): "\(name) is '\(text)', which is not a length of time"
        case .notAFolder(let path): "\(path) is not a folder"
        case .noRevision: "no revision was reconciled yet"
        case .remoteName(let name):
            "'\(name)' is not a commit's id, and the repository is not on this machine"
        case .noHead: "HEAD names no commit of the controller"
        default: nil
        }
    }

    private var dataMessage: String? {
        switch self {
        case .unknownAtCommit(let name, let commit, _):
            "there is no \(name) at commit \(commit.short)"
        case .notMade(let step, let commit, let why):
            "no artifact of \(step) is recorded for commit \(commit.short)\(why.map { ": " + $0 } ?? "")"
        case .collected(let step, let commit):
            "the artifact of \(step) for commit \(commit.short) is not in the store any more"
        case .unreadableProfile(let resource): "the profile of \(resource) cannot be read"
        case .notWritten(let path, let reason): "cannot write \(path): \(reason)"
        case .badSpine(let path, let reason): "\(path) cannot be a spine: \(reason)"
        default: nil
        }
    }

    private var changeMessage: String {
        switch self {
        case .invalidManifests(let count):
            count == 1 ? "1 error" : "\(count) errors"
        case .folderNotEmpty(let path, let file): "\(path) already has \(file)"
        case .stopped(let why): why
        case .emptyReason: "the reason is empty"
        case .noTarget: "it is not said what"
        case .twoTargets: "a resource and --all exclude each other"
        case .refused(let message, _): message
        case .noAnswer(let process, let seconds):
            "the controller\(process.map { " (process \($0))" } ?? "") holds the state and did not answer within \(seconds) s"
        case .notHeld(let commit): "commit \(commit.short) is not held"
        case .nothingBefore(let commit):
            "no other commit than \(commit.short) was reconciled to roll back to"
        case .rebuiltHalfway(let commit, let left, let reason):
            "commit \(commit.short) could not be reconciled again, and \(left) more were not tried: \(reason)"
        case .notRebuilt(let reason, _): reason
        case .notMoved(let path, let reason): "cannot move \(path): \(reason)"
        default: sourceMessage
        }
    }

    private var sourceMessage: String {
        switch self {
        case .notPinnable(let id): "\(id) has no source of its own"
        case .lockUnreadable: "ingot.lock cannot be read"
        case .noConfiguration(let path): "there is no configuration \(path)"
        case .configurationOpen(let path): "\(path) can be read by everybody"
        case .badConfiguration(let path, let diagnostics):
            diagnostics.first.map { "\(path): \($0.message)\(Self.place(of: $0))" } ?? path
        case .unknownCredentials(let name, let path, _):
            "\(path) has no credentials '\(name.text)'"
        case .credentialMissing(let name, let field, let source):
            "the field '\(field)' of the credentials '\(name.text)' cannot be read from \(source)"
        case .noWorkTree: "the repository has no work tree to write ingot.lock into"
        default: "something went wrong"
        }
    }

    private static func place(of diagnostic: Diagnostic) -> String {
        diagnostic.location.map { ", line \($0.line)" } ?? ""
    }

    private var sourceHint: String? {
        switch self {
        case .notPinnable: "its rows follow from its inputs, which can be pinned"
        case .lockUnreadable: "`ingot validate` shows what is wrong with it"
        case .noConfiguration: "write it, or name another with --config or INGOT_CONFIG"
        case .configurationOpen(let path): "chmod 600 \(path)"
        case .badConfiguration(_, let diagnostics): diagnostics.first?.hint
        case .unknownCredentials(_, _, let hint): hint
        case .credentialMissing: "correct the entry, or provide what it names"
        case .noWorkTree: "leave out --no-commit, or work in a clone"
        default: nil
        }
    }

    private var hint: String? {
        switch self {
        case .notPinnable, .lockUnreadable, .noConfiguration, .configurationOpen,
            .badConfiguration, .unknownCredentials, .credentialMissing, .noWorkTree:
            sourceHint
        case .unknownResource(_, let hint): hint ?? "`ingot get all` lists what there is"
        case .unknownField(_, let hint), .unknownEventKind(_, let hint): hint
        case .unknownKind:
            "kinds: " + ResourceKind.allCases.map(\.word).joined(separator: ", ")
        case .notRebuilt(_, let path): "the old state is in \(path)"
        case .notMoved: "nothing was changed"
        case .unknownPrediction:
            "give the prediction_id of an answer of this deployment's gateway"
        case .unknownRun: "`ingot get runs` lists the runs"
        case .noProject:
            "commit manifests, or name their folder with --path; `ingot init` starts a project"
        case .folderNotEmpty: "choose an empty folder"
        case .badDuration, .badVariable: "write a number and a unit: 90s, 15m, 1h"
        case .noRevision:
            "start the controller with `ingot run`, or reconcile once with `ingot apply`"
        case .emptyReason: "say why, for those who wonder: --reason \"incident 12\""
        case .noTarget, .twoTargets: "name a resource as kind/name, or write --all"
        case .refused(_, let hint): hint
        case .noAnswer: "the request was taken back; look at the controller's log"
        case .notHeld: "`ingot status` shows what is held, and why"
        case .noHead: "give the commit's id: `git rev-parse HEAD`"
        case .remoteName: "give the commit's id"
        case .nothingBefore: "name a commit: `ingot history` lists those that were reconciled"
        case .rebuiltHalfway: "mend it and run `ingot apply`; what was made so far is kept"
        case .unknownAtCommit(_, _, let hint): hint
        case .notMade(_, _, .some):
            "`ingot plan --head COMMIT` says what would have to be done for it"
        case .notMade:
            "it was not reconciled, or its data have changed since: `ingot plan --head COMMIT` tells"
        case .collected:
            "it was collected after its retention, or lost: reconcile the commit again to have it made anew"
        case .unreadableProfile: "it is of another release of Ingot: `ingot apply` makes it anew"
        case .notWritten: "nothing was written"
        case .badSpine: "give a CSV or Parquet file with the views' entity columns and a time"
        case .invalidManifests, .notAFolder, .stopped: nil
        }
    }
}
