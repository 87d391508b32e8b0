import Foundation
import Glibc

enum FolderRemoval {
    /// Nothing happens if it does not exist.
    static func remove(_ path: String) throws(SourceControlError) {
        guard access(path, F_OK) == 0 else { return }
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            throw SourceControlError.cannotWrite(
                path: path, problem: error.localizedDescription, isDiskFull: false)
        }
    }

    /// What killed writers left among a repository's objects.
    static func sweepTemporaries(_ objects: String) {
        for folder in [objects + "pack/", objects] {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            for name in names where name.contains("_git2_") { unlink(folder + name) }
        }
    }
}
