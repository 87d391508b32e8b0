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

    /// What writers that were killed while they changed a reference have left: as long as it is there,
    /// nobody can change that reference. No reference has a name that ends so.
    static func sweepLocks(_ repository: String) {
        for name in ["packed-refs.lock", "HEAD.lock", "config.lock"] { unlink(repository + name) }
        let references = FileManager.default.enumerator(atPath: repository + "refs")
        while let name = references?.nextObject() as? String {
            if name.hasSuffix(".lock") { unlink("\(repository)refs/\(name)") }
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
