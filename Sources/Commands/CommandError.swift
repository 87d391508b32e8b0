import ResourceAPI

/// What can go wrong between the command line and the parts: all texts in one place.
enum CommandError: Error, CustomStringConvertible {
    case unknownRuntime(Digest)
    case unknownResource(String, hint: String?)
    case unknownKind(String)
    case unknownField(String, hint: String)
    case unknownPrediction(String, reason: String)
    case unknownRun(String)
    case noProject(revision: String, folder: String)
    case invalidManifests(count: Int)
    case folderNotEmpty(path: String, file: String)
    case badDuration(String)
    case notAFolder(String)
    case noRevision
    case stopped(String)

    var description: String {
        guard let hint else { return message }
        return message + "\nhint: " + hint
    }

    private var message: String {
        switch self {
        case .unknownRuntime(let digest):
            "no lock file with the digest \(digest) is known"
        case .unknownResource(let name, _): "there is no resource '\(name)'"
        case .unknownField(let field, _): "there is no field '\(field)'"
        case .unknownKind(let word): "'\(word)' is not a kind of resource"
        case .unknownPrediction(let id, let reason): "'\(id)' cannot be traced: \(reason)"
        case .unknownRun(let id): "there is no run '\(id)'"
        case .noProject(let revision, let folder):
            "there are no manifests in \(folder.isEmpty ? "the root" : folder) at \(revision)"
        case .invalidManifests(let count):
            count == 1 ? "1 error" : "\(count) errors"
        case .folderNotEmpty(let path, let file): "\(path) already has \(file)"
        case .badDuration(let text): "'\(text)' is not a length of time"
        case .notAFolder(let path): "\(path) is not a folder"
        case .noRevision: "no revision was reconciled yet"
        case .stopped(let why): why
        }
    }

    private var hint: String? {
        switch self {
        case .unknownResource(_, let hint): hint ?? "`ingot get all` lists what there is"
        case .unknownField(_, let hint): hint
        case .unknownKind:
            "kinds: " + ResourceKind.allCases.map(\.word).joined(separator: ", ")
        case .unknownPrediction:
            "give the prediction_id of an answer of this deployment's gateway"
        case .unknownRun: "`ingot get runs` lists the runs"
        case .noProject:
            "commit manifests, or name their folder with --path; `ingot init` starts a project"
        case .folderNotEmpty: "choose an empty folder"
        case .badDuration: "write a number and a unit: 90s, 15m, 1h"
        case .noRevision:
            "start the controller with `ingot run`, or reconcile once with `ingot apply`"
        case .unknownRuntime, .invalidManifests, .notAFolder, .stopped: nil
        }
    }
}
