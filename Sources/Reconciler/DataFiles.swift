import Dispatch
import Foundation
import ResourceAPI
import StateStore

/// Data files that are in no commit: below the data roots of a folder on this machine.
actor DataFiles {
    /// Paths are relative to it; nil if only the commit's files count.
    private let directory: String?
    private let store: StateStore?
    private let queue = DispatchQueue(label: "ingot.sources")
    private var stamps: [String: (stamp: SourceFileStamp, digest: Digest)] = [:]

    init(directory: String?, store: StateStore?) {
        self.directory = directory
        self.store = store
    }

    /// The content of a file.
    ///
    /// - Throws: `ReconcilerError` if it may not, or cannot, be read.
    func digest(
        of path: RepositoryPath, in roots: [RepositoryPath]
    ) async throws -> Digest {
        let directory = try permit(path, roots)
        return try await digest(ofFile: path, in: directory)
    }

    /// The files that match, sorted by their bytes.
    ///
    /// - Throws: `ReconcilerError` if none may, or can, be read.
    func matches(
        of pattern: PathPattern, in roots: [RepositoryPath]
    ) async throws -> [RepositoryPath] {
        let directory = try permit(pattern.path, roots)
        let found = await withCheckedContinuation { continuation in
            queue.async {
                continuation.resume(returning: FolderExpansion.files(of: pattern, in: directory))
            }
        }
        guard !found.isEmpty else {
            throw ReconcilerError.noMatch(pattern.path, folder: directory)
        }
        return found
    }

    /// The path under which the file can be read.
    ///
    /// - Throws: `sourceChanged` if it has another content by now.
    func path(of file: RepositoryPath, digest: Digest) async throws -> String {
        guard let directory else {
            throw ReconcilerError.sourceMissing(file, folder: "a data directory")
        }
        guard try await self.digest(ofFile: file, in: directory) == digest else {
            throw ReconcilerError.sourceChanged(file)
        }
        return directory + "/" + file.display
    }

    private func permit(_ path: RepositoryPath, _ roots: [RepositoryPath]) throws -> String {
        guard let directory else {
            throw ReconcilerError.sourceMissing(path, folder: "a data directory")
        }
        guard path.isContained, roots.contains(where: path.isInside) else {
            throw ReconcilerError.sourceOutsideRoots(path, roots: roots)
        }
        return directory
    }

    private func digest(ofFile path: RepositoryPath, in directory: String) async throws -> Digest {
        let absolute = directory + "/" + path.display
        let stamp: SourceFileStamp
        do {
            stamp = try FileHashing.stamp(absolute)
        } catch .missing {
            throw ReconcilerError.sourceMissing(path, folder: directory)
        } catch {
            throw ReconcilerError.sourceUnreadable(path, reason: error.reason)
        }
        if let known = stamps[absolute], known.stamp == stamp { return known.digest }
        if let known = try await store?.sourceDigest(path: absolute, stamp: stamp) {
            stamps[absolute] = (stamp, known)
            return known
        }
        let digest = try await hash(absolute, path)
        // A file that changes while it is read has no digest; the next look will find it at rest.
        guard (try? FileHashing.stamp(absolute)) == stamp else {
            throw ReconcilerError.sourceChanged(path)
        }
        stamps[absolute] = (stamp, digest)
        if store?.isWriter == true {
            try await store?.rememberSource(path: absolute, stamp: stamp, digest: digest)
        }
        return digest
    }

    private func hash(_ absolute: String, _ path: RepositoryPath) async throws -> Digest {
        try await withCheckedThrowingContinuation { continuation in
            queue.async {
                continuation.resume(
                    with: Result {
                        do throws(FileHashing.Failure) {
                            return try FileHashing.digest(absolute)
                        } catch {
                            throw ReconcilerError.sourceUnreadable(path, reason: error.reason)
                        }
                    })
            }
        }
    }
}

/// Finds files by a pattern. Blocks.
enum FolderExpansion {
    /// Sorted by their bytes. What is hidden (`.name`) is found only by a pattern that says so.
    static func files(of pattern: PathPattern, in directory: String) -> [RepositoryPath] {
        var folders = [RepositoryPath(bytes: [])]
        let names = pattern.names
        for (index, name) in names.enumerated() {
            let isLast = index == names.count - 1
            folders = folders.flatMap { folder in
                entries(matching: name, of: folder, in: directory).filter {
                    isDirectory($0, in: directory) != isLast
                }
            }
        }
        return folders.sorted()
    }

    private static func entries(
        matching name: [UInt8], of folder: RepositoryPath, in directory: String
    ) -> [RepositoryPath] {
        guard PathPattern.isWild(name) else { return [folder.appending(name)] }
        let found = try? FileManager.default.contentsOfDirectory(
            atPath: directory + "/" + folder.display)
        let dot = UInt8(ascii: ".")
        return (found ?? []).map { Array($0.utf8) }.filter { entry in
            (entry.first != dot || name.first == dot) && PathPattern.matches(entry, name)
        }.map { folder.appending($0) }.filter(\.isContained)
    }

    private static func isDirectory(_ path: RepositoryPath, in directory: String) -> Bool {
        var isDirectory: ObjCBool = false
        let isThere = FileManager.default.fileExists(
            atPath: directory + "/" + path.display, isDirectory: &isDirectory)
        return isThere && isDirectory.boolValue
    }
}
