import Foundation
import Glibc
package import ResourceAPI

/// What was done about a damaged mirror.
package struct MirrorRepair: Hashable, Sendable {
    /// What was found first.
    package let damage: SourceControlError
    /// Commits that the mirror has kept so far and that are gone: neither the source nor what was
    /// readable of the damaged mirror holds all of them.
    package let lost: [CommitID]
}

/// Reads every object that the kept commits and branches need, and checks its hash.
struct IntegrityCheck {
    private let handle: GitHandle

    init(_ handle: GitHandle) {
        self.handle = handle
    }

    /// Nil if everything is whole.
    func damage() -> SourceControlError? {
        do throws(SourceControlError) {
            var tips = Set(try handle.keptCommits())
            for branch in try handle.branches() {
                if let commit = try handle.resolve(branch: branch) { tips.insert(commit) }
            }
            try ClosureCheck(handle, readsContent: true).check(Array(tips), known: [])
            return nil
        } catch {
            return error
        }
    }
}

/// The folders that a repair uses. Whatever happens, the mirror's own name leads to a mirror that is
/// whole in itself, or to nothing while the new one waits under `ready`.
struct RepairFolders {
    let mirror: String

    /// Being made; of no use after a crash.
    var new: String { mirror + ".new" }
    /// Complete, and about to get the mirror's name.
    var ready: String { mirror + ".ready" }
    /// The damaged one, kept until the next repair for whoever wants to look at it.
    var damaged: String { mirror + ".damaged" }

    /// After a crash between the two renames of `exchange`.
    func finish() {
        if access(mirror, F_OK) != 0, access(ready, F_OK) == 0 { rename(ready, mirror) }
    }

    func exchange() throws(SourceControlError) {
        try renamePacks()
        try FolderRemoval.remove(damaged)
        try FolderRemoval.remove(ready)
        try move(new, ready)
        try move(mirror, damaged)
        try move(ready, mirror)
    }

    /// libgit2 shares opened packs in the whole process by their paths: a pack with the name of a
    /// damaged one that somebody still has open would be taken for that one.
    private func renamePacks() throws(SourceControlError) {
        let folder = new + "/objects/pack/"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        for pack in names where pack.hasSuffix(".pack") {
            let old = folder + pack.dropLast(".pack".count)
            let name = (0..<20).map { _ in UInt8.random(in: 0...255) }
            // The index last: without it a pack is not there, and with it all of it has to be.
            for suffix in [".pack", ".idx"] {
                try move(old + suffix, folder + "pack-" + Hex.encode(name) + suffix)
            }
        }
    }

    private func move(_ old: String, _ new: String) throws(SourceControlError) {
        guard rename(old, new) == 0 else {
            throw SourceControlError.cannotWrite(
                path: new, problem: String(cString: strerror(errno)), isDiskFull: errno == ENOSPC)
        }
    }
}
