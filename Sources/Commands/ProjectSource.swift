import Execution
import Foundation
import Reconciler
import ResourceAPI
import SourceControl

/// The repository that the command line names, ready to be read.
struct ProjectSource {
    let repository: any Repository
    let projectPath: RepositoryPath
    /// The folder that data files are relative to; nil for a bare or remote repository without
    /// `--data`.
    let dataDirectory: String?

    /// Opens a local repository where it is; of a remote one, the controller's mirror.
    static func open(_ options: RepositoryOptions, stateDirectory: String) throws -> ProjectSource {
        let url = try options.url
        let repository = try GitRepository(opening: url.localPath ?? stateDirectory + "/repo.git")
        return ProjectSource(
            repository: repository, projectPath: RepositoryPath(options.path),
            dataDirectory: dataDirectory(
                options, workTree: url.isLocal ? repository.workingDirectory : nil))
    }

    static func dataDirectory(_ options: RepositoryOptions, workTree: String?) -> String? {
        if let data = options.data { return AbsolutePath.of(data) }
        return workTree.map {
            options.path.isEmpty ? AbsolutePath.of($0) : AbsolutePath.of($0 + "/" + options.path)
        }
    }

    func reader() throws -> DesiredStateReader {
        DesiredStateReader(
            repository: repository, projectPath: projectPath,
            standardLock: try WorkerPackage.requirementsLock().bytes)
    }
}
