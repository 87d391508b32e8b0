import Execution
import Foundation
import Reconciler
import ResourceAPI
import SourceControl
import StateStore

/// The repository that the command line names, ready to be read.
struct ProjectSource {
    let repository: any Repository
    let projectPath: RepositoryPath
    /// The folder that data files are relative to; nil for a bare or remote repository without
    /// `--data`.
    let dataDirectory: String?
    /// What git-lfs has fetched into the repository.
    let lfs: LFSStore
    /// It has a work tree: people commit in it.
    var isCheckedOut: Bool { workTree != nil }
    /// Its root.
    let workTree: String?

    /// Opens a local repository where it is; of a remote one, the controller's mirror.
    static func open(_ options: RepositoryOptions, stateDirectory: String) throws -> ProjectSource {
        let url = try options.url
        let repository = try GitRepository(opening: url.localPath ?? stateDirectory + "/repo.git")
        return ProjectSource(
            repository: repository, projectPath: RepositoryPath(options.path),
            dataDirectory: dataDirectory(
                options, workTree: url.isLocal ? repository.workingDirectory : nil),
            lfs: LFSStore(repository: repository.commonDirectory),
            workTree: url.isLocal ? repository.workingDirectory : nil)
    }

    /// The controller's mirror: it has every commit that was reconciled, wherever the branch is.
    static func mirror(
        _ options: RepositoryOptions, stateDirectory: String
    ) throws -> ProjectSource {
        let url = try options.url
        // Only for the data beside the commit: the repository may be gone by now.
        let local = url.localPath.flatMap { try? GitRepository(opening: $0) }
        let mirror = try GitRepository(opening: stateDirectory + "/repo.git")
        return ProjectSource(
            repository: mirror, projectPath: RepositoryPath(options.path),
            dataDirectory: dataDirectory(options, workTree: local?.workingDirectory),
            lfs: LFSStore(repository: (local ?? mirror).commonDirectory), workTree: nil)
    }

    static func dataDirectory(_ options: RepositoryOptions, workTree: String?) -> String? {
        if let data = options.data { return AbsolutePath.of(data) }
        return workTree.map {
            options.path.isEmpty ? AbsolutePath.of($0) : AbsolutePath.of($0 + "/" + options.path)
        }
    }

    /// - Parameter store: says which files must not be read.
    func reader(_ store: StateStore?) async throws -> DesiredStateReader {
        var quarantined: Set<BlobID> = []
        if let store { quarantined = try await StoreParseJournal.quarantined(in: store) }
        return DesiredStateReader(
            repository: repository, projectPath: projectPath,
            standardLock: try WorkerPackage.requirementsLock().bytes,
            guardian: ParseGuardian(quarantined: quarantined))
    }
}
