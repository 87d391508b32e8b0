import Glibc

/// Where this target's files lie inside the state directory.
package struct StateDirectory: Hashable, Sendable {
    /// Absolute.
    package let path: String

    package init(path: String) {
        self.path = path
    }

    package var databasePath: String { path + "/state.sqlite" }
    package var lockPath: String { path + "/state.lock" }
    package var storePath: String { path + "/store" }
    package var epochPath: String { storePath + "/epoch" }

    /// Makes the folder if its parent is there, and its name durable: what will be synced inside is
    /// of no use if the folder is not found after a power loss.
    func make(on fileSystem: some FileSystem) throws(FileSystemError) {
        try fileSystem.createDirectory(path)
        let slash = path.lastIndex(of: "/") ?? path.startIndex
        let parent = slash == path.startIndex ? "/" : String(path[..<slash])
        do throws(FileSystemError) {
            try fileSystem.synchronizeDirectory(parent)
        } catch {
            // Nobody can sync a folder that they may not read.
            guard error.code == EACCES else { throw error }
        }
    }
}
