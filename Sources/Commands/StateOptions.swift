import ArgumentParser
import Foundation
import SourceControl

/// Where the state is.
struct StateOptions: ParsableArguments {
    @Option(name: .long, help: "The state directory.")
    var state = ".ingot"

    /// Absolute.
    var directory: String { AbsolutePath.of(state) }
}

/// Which repository is watched, and where its data lie.
struct RepositoryOptions: ParsableArguments {
    @Option(
        name: [.long, .customShort("C")],
        help: "The repository: a path, or a file, https or ssh URL.")
    var repository = "."

    @Option(name: .long, help: "The branch to follow.")
    var branch = "main"

    @Option(
        name: .long,
        help: "The project's folder in the repository: where its ingot.yaml is.")
    var path = ""

    @Option(
        name: .long,
        help: """
            The folder to which the paths of data files are relative, for files that are not in \
            the commit. Default: the project's folder in the repository's work tree.
            """)
    var data: String?

    var url: RepositoryURL {
        get throws {
            try RepositoryURL(
                repository, relativeTo: FileManager.default.currentDirectoryPath)
        }
    }
}

/// Paths from the command line.
enum AbsolutePath {
    /// Relative paths are relative to the current directory; `.` and `..` are resolved.
    static func of(_ path: String) -> String {
        URL(fileURLWithPath: path).standardizedFileURL.path
    }
}
