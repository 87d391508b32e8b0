import Manifests
package import ResourceAPI
package import SourceControl

/// Finds the lock files that commits named, for versions that were trained long ago.
package struct CommittedLocks: Sendable {
    /// Of a lock file.
    static let maximumBytes = 4 << 20
    private let repository: any Repository
    private let projectPath: RepositoryPath
    /// The lock file of the runtime that Ingot ships.
    private let standardLock: [UInt8]

    package init(
        repository: any Repository, projectPath: RepositoryPath, standardLock: [UInt8]
    ) {
        self.repository = repository
        self.projectPath = projectPath
        self.standardLock = standardLock
    }

    /// The lock file with this digest that the project had at a commit; nil if it had another one, or
    /// if the commit cannot be read.
    package func lock(_ digest: Digest, at commit: CommitID) async -> [UInt8]? {
        if Digest(hashing: standardLock) == digest { return standardLock }
        guard let bytes = try? await namedLock(at: commit), Digest(hashing: bytes) == digest else {
            return nil
        }
        return bytes
    }

    private func namedLock(at commit: CommitID) async throws -> [UInt8]? {
        let manifest = projectPath.appending(Array("ingot.yaml".utf8))
        guard let entry = try await repository.file(at: commit, path: manifest) else { return nil }
        let bytes = try await repository.blob(
            entry.blob, limit: ManifestLimits.standard.fileBytes)
        let parsed = ManifestParser.parse(ManifestFile(path: manifest, bytes: bytes))
        let project = parsed.documents.lazy.compactMap(\.resource?.project).first
        guard let path = project?.runtimeRequirements,
            let file = try await repository.file(
                at: commit, path: projectPath.appending(path.bytes))
        else { return nil }
        return try await repository.blob(file.blob, limit: Self.maximumBytes)
    }
}
