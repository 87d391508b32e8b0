package import ResourceAPI

/// What can go wrong between a commit and its desired state. All texts are here.
package enum ReconcilerError: Error, Hashable, Sendable {
    /// `spec.runtime.requirements` names a file that the commit has not.
    case lockMissing(RepositoryPath)
    case sourceOutsideRoots(RepositoryPath, roots: [RepositoryPath])
    case sourceMissing(RepositoryPath, folder: String)
    case sourceUnreadable(RepositoryPath, reason: String)
    /// A source file has other bytes than when it was hashed.
    case sourceChanged(RepositoryPath)
    case servingNotWritten(path: String, reason: String)
    case pruneRefused(count: Int, of: Int, limit: String)

    package var message: String {
        switch self {
        case .lockMissing(let path):
            "spec.runtime.requirements names \(path.display), which is not in the commit"
        case .sourceOutsideRoots(let path, _):
            "\(path.display) is in none of the project's data roots"
        case .sourceMissing(let path, let folder):
            "\(path.display) is neither in the commit nor in \(folder)"
        case .sourceUnreadable(let path, let reason): "\(path.display) cannot be read: \(reason)"
        case .sourceChanged(let path): "\(path.display) changed while it was read"
        case .servingNotWritten(let path, let reason): "cannot write \(path): \(reason)"
        case .pruneRefused(let count, let all, let limit):
            "the commit would remove \(count) of \(all) resources, more than \(limit)"
        }
    }

    package var hint: String? {
        switch self {
        case .lockMissing: "commit the lock file, or remove the field to use the one Ingot ships"
        case .sourceOutsideRoots(_, let roots):
            "data roots: \(roots.map(\.display).joined(separator: ", ")); add one with spec.dataRoots of the Project"
        case .sourceMissing: "commit the file, or name the folder that holds it with --data"
        case .sourceUnreadable, .servingNotWritten: nil
        case .sourceChanged: "the step is repeated with the new content"
        case .pruneRefused:
            "if that is meant, confirm with `ingot apply --allow-prune`; else bring them back"
        }
    }
}

extension ReconcilerError: CustomStringConvertible {
    package var description: String { hint.map { message + "\nhint: " + $0 } ?? message }
}
