import CLibGit2
import Glibc
import ResourceAPI

/// Who makes a commit. The library itself is kept from reading anybody's configuration; here the user
/// asks for a commit in their own name, and only two values are read.
extension GitHandle {
    func author(
        environment: [String: String], time: Int64
    ) throws(SourceControlError) -> CommitInfo.Person {
        let files = try configurations(environment)
        defer { for file in files { git_config_free(file) } }
        func value(_ variable: String, _ key: String) -> String? {
            if let text = environment[variable], !text.isEmpty { return text }
            return files.lazy.compactMap { Self.text(key, in: $0) }.first
        }
        guard let name = value("GIT_AUTHOR_NAME", "user.name"),
            let email = value("GIT_AUTHOR_EMAIL", "user.email")
        else { throw SourceControlError.revert(.identityMissing) }
        return CommitInfo.Person(name: name, email: email, time: time)
    }

    /// What is asked first stands first.
    private func configurations(
        _ environment: [String: String]
    ) throws(SourceControlError) -> [OpaquePointer] {
        var result = [
            try LibGit2.acquire("read the configuration") {
                git_repository_config_snapshot(&$0, pointer)
            }
        ]
        for path in Self.userFiles(environment) where access(path, R_OK) == 0 {
            var file: OpaquePointer?
            guard git_config_open_ondisk(&file, path) == 0, let file else { continue }
            var snapshot: OpaquePointer?
            if git_config_snapshot(&snapshot, file) == 0, let snapshot { result.append(snapshot) }
            git_config_free(file)
        }
        return result
    }

    private static func userFiles(_ environment: [String: String]) -> [String] {
        if let file = environment["GIT_CONFIG_GLOBAL"] { return [file] }
        var files: [String] = []
        if let home = environment["HOME"] { files.append(home + "/.gitconfig") }
        if let folder = environment["XDG_CONFIG_HOME"]
            ?? environment["HOME"].map({ $0 + "/.config" })
        {
            files.append(folder + "/git/config")
        }
        return files
    }

    private static func text(_ key: String, in configuration: OpaquePointer) -> String? {
        var value: UnsafePointer<CChar>?
        guard git_config_get_string(&value, configuration, key) == 0, let value else { return nil }
        let text = String(cString: value)
        return text.isEmpty ? nil : text
    }
}
