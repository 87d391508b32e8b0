package import Planning
package import ResourceAPI
package import SourceControl

/// What can go wrong between a commit and its desired state. All texts are here.
package enum ReconcilerError: Error, Hashable, Sendable {
    /// `spec.runtime.requirements` names a file that the commit has not.
    case lockMissing(RepositoryPath)
    case sourceOutsideRoots(RepositoryPath, roots: [RepositoryPath])
    case sourceMissing(RepositoryPath, folder: String)
    case sourceUnreadable(RepositoryPath, reason: String)
    /// A source file has other bytes than when it was hashed.
    case sourceChanged(RepositoryPath)
    /// A pattern that no file matches.
    case noMatch(RepositoryPath, folder: String)
    case tooManyMatches(RepositoryPath, limit: Int)
    /// The commit has a git-lfs pointer, and the file itself is not on this machine.
    case lfsMissing(RepositoryPath, Digest, bytes: Int64)
    /// The controller's configuration has no such entry.
    case noCredentials(ResourceName)
    case servingNotWritten(path: String, reason: String)
    /// A version's artifact is no model.
    case noModelInArtifact(Digest)
    /// An artifact of an `online` step without its files.
    case noValuesInArtifact(Digest)
    /// A version was trained with features that are defined otherwise now; `field` is the first
    /// that differs.
    case otherDefinition(ModelVersion, view: ResourceName, field: String)
    case pruneRefused(count: Int, of: Int, limit: String, CommitID)
    /// `metadata.prune: disabled` stood in the last manifest of a resource that the commit has not.
    case pruneProtected(ResourceID, CommitID)
    /// The branch does not continue from what was reconciled last.
    case historyHeld(branch: String, commit: CommitID, last: CommitID, HistoryRelation)

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
        case .noMatch(let pattern, let folder):
            "\(pattern.display) matches no file in the commit or in \(folder)"
        case .tooManyMatches(let pattern, let limit):
            "\(pattern.display) matches more than \(limit) files"
        case .lfsMissing(let path, let digest, let bytes):
            "\(path.display) is kept by git-lfs, and its content (\(digest.short), \(bytes) bytes) is not on this machine; run `git lfs fetch` in the repository that is watched"
        case .noCredentials(let name): "there are no credentials '\(name.text)'"
        case .servingNotWritten(let path, let reason): "cannot write \(path): \(reason)"
        case .noModelInArtifact(let digest):
            "the artifact \(digest.short) has no model.onnx and signature.json"
        case .noValuesInArtifact(let digest):
            "the artifact \(digest.short) has no online.sqlite and sample.json"
        case .otherDefinition(let version, let view, let field):
            "version \(version.number) of model/\(version.model) was trained with another \(field) of featureview/\(view) than the commit has"
        case .pruneRefused(let count, let all, let limit, let commit):
            "the commit \(commit.short) would remove \(count) of \(all) resources, more than \(limit)"
        case .pruneProtected(let resource, let commit):
            "the commit \(commit.short) would remove \(resource), which is protected by metadata.prune: disabled"
        case .historyHeld(let branch, let commit, let last, let relation):
            "\(branch) moved to \(commit.short), which \(relation.text(from: last)); it is held"
        }
    }

    package var hint: String? {
        switch self {
        case .lockMissing: "commit the lock file, or remove the field to use the one Ingot ships"
        case .sourceOutsideRoots(_, let roots):
            "data roots: \(roots.map(\.display).joined(separator: ", ")); add one with spec.dataRoots of the Project"
        case .sourceMissing: "commit the file, or name the folder that holds it with --data"
        case .noCredentials: "add them to the controller's configuration"
        case .noMatch: "commit the files, or name the folder that holds them with --data"
        case .tooManyMatches: "split the dataset, or join the files"
        case .sourceUnreadable, .lfsMissing, .servingNotWritten: nil
        case .otherDefinition:
            "what was served goes on until a version that is trained with it takes its place"
        case .noModelInArtifact, .noValuesInArtifact: "`ingot verify` shows what else is damaged"
        case .sourceChanged: "the step is repeated with the new content"
        case .pruneRefused(_, _, _, let commit), .pruneProtected(_, let commit):
            "if that is meant, confirm with `ingot approve \(commit.short)`; else bring them back"
        case .historyHeld(_, let commit, _, _):
            "if that is meant, confirm with `ingot approve \(commit.short)`, or set spec.history: follow in ingot.yaml; else push the branch as it was"
        }
    }
}

extension ReconcilerError: CustomStringConvertible {
    package var description: String { hint.map { message + "\nhint: " + $0 } ?? message }
}

extension ReconcilerError {
    /// For a deployment that it keeps from being served.
    var trouble: ServingTrouble { ServingTrouble(message: message, hint: hint) }
}

extension HistoryRelation {
    fileprivate func text(from last: CommitID) -> String {
        switch self {
        case .same, .forward: "continues from \(last.short)"
        case .rewound: "is older than \(last.short), reconciled last"
        case .diverged: "leaves out \(last.short), reconciled last"
        case .unrelated: "has nothing in common with \(last.short), reconciled last"
        }
    }
}
