import ResourceAPI

/// Turns the output folder of a step into an artifact. Blocks.
///
/// Everything is looked at before anything is moved, so that output of a wrong kind is refused
/// whole. The manifest comes last: without it the files are content that nobody refers to.
struct ArtifactPublisher: Sendable {
    let blobs: BlobStore
    let limits: ArtifactLimits

    /// Everything published is leased, for `BlobLeases.endPublication`.
    func publish(directory: String) throws(StateStoreError) -> PublishedArtifact {
        let found = try inspect(directory)
        var files: [ArtifactFile] = []
        do throws(StateStoreError) {
            for (name, status) in found {
                let digest = try blobs.ingest("\(directory)/\(name)", name: name, status: status)
                files.append(ArtifactFile(name: name, digest: digest, size: status.size))
            }
            let manifest = ArtifactManifest(files: files)
            let digest = try blobs.add(manifest.bytes, name: "the list of files")
            let artifact = PublishedArtifact(digest: digest, files: manifest.files)
            blobs.leases.beginPublication(artifact.digest)
            return artifact
        } catch {
            blobs.leases.release(files.map(\.digest))
            throw error
        }
    }

    /// What `publish` would make of a folder.
    func describe(directory: String) throws(StateStoreError) -> PublishedArtifact {
        var files: [ArtifactFile] = []
        for (name, status) in try inspect(directory) {
            let (digest, _) = try blobs.content(of: "\(directory)/\(name)")
            files.append(ArtifactFile(name: name, digest: digest, size: status.size))
        }
        let manifest = ArtifactManifest(files: files)
        return PublishedArtifact(digest: Digest(hashing: manifest.bytes), files: manifest.files)
    }

    private func inspect(_ directory: String) throws(StateStoreError) -> [(String, FileStatus)] {
        let folder = try status(of: directory)
        guard folder?.kind == .directory else { throw .outputMissing(path: directory) }
        let names = try StateStoreError.translating { () throws(FileSystemError) in
            try blobs.fileSystem.names(in: directory)
        }
        guard !names.isEmpty else { throw .outputEmpty }
        guard names.count <= limits.files else {
            throw .outputTooMany(count: names.count, limit: limits.files)
        }
        var found: [(String, FileStatus)] = []
        var bytes: Int64 = 0
        for raw in names {
            guard ArtifactFile.isValid(name: raw) else {
                throw .outputName(name: RepositoryPath(bytes: raw).display)
            }
            let name = String(decoding: raw, as: UTF8.self)
            let status = try acceptable(name, in: directory)
            bytes += status.size
            guard bytes <= limits.bytes else {
                throw .outputTooLarge(bytes: bytes, limit: limits.bytes)
            }
            found.append((name, status))
        }
        return found
    }

    private func acceptable(_ name: String, in directory: String) throws(StateStoreError)
        -> FileStatus
    {
        guard let status = try status(of: "\(directory)/\(name)") else {
            throw .outputMissing(path: "\(directory)/\(name)")
        }
        guard status.kind == .file else { throw .outputNotAFile(name: name, kind: status.kind) }
        guard status.links == 1 else { throw .outputLinked(name: name, links: status.links) }
        guard !status.isPrivileged else { throw .outputPrivileged(name: name) }
        return status
    }

    private func status(of path: String) throws(StateStoreError) -> FileStatus? {
        try StateStoreError.translating { () throws(FileSystemError) in
            try blobs.fileSystem.status(of: path)
        }
    }
}
