import ResourceAPI

/// Looks into artifacts. Blocks.
struct ArtifactInspector: Sendable {
    let blobs: BlobStore

    func files(of artifact: Digest) throws(StateStoreError) -> [String: StoredFile] {
        let entries = try manifest(of: artifact).files.map {
            ($0.name, StoredFile(path: blobs.path(of: $0.digest), digest: $0.digest, size: $0.size))
        }
        return Dictionary(entries, uniquingKeysWith: { first, _ in first })
    }

    /// Sorted by name.
    func list(of artifact: Digest) throws(StateStoreError) -> [ArtifactFile] {
        try manifest(of: artifact).files
    }

    /// - Parameter isDeep: hash the content too, not only compare sizes.
    func check(_ artifact: Digest, isDeep: Bool) throws(StateStoreError) {
        for file in try manifest(of: artifact).files {
            let path = blobs.path(of: file.digest)
            guard let status = try status(of: path) else {
                throw .artifactDamaged(artifact, problem: "\(file.name) is missing (\(path))")
            }
            guard status.kind == .file, status.size == file.size else {
                throw .artifactDamaged(
                    artifact,
                    problem:
                        "\(file.name) has \(status.size) bytes instead of \(file.size) (\(path))")
            }
            guard isDeep else { continue }
            let (digest, _) = try blobs.content(of: path)
            guard digest == file.digest else {
                throw .artifactDamaged(
                    artifact, problem: "the content of \(file.name) has changed (\(path))")
            }
        }
    }

    /// First leased, then looked at: what is there then stays.
    func lease(_ artifact: Digest) throws(StateStoreError) {
        blobs.leases.take([artifact])
        defer { blobs.leases.release([artifact]) }
        let files = try manifest(of: artifact).files.map(\.digest)
        blobs.leases.beginReading(artifact, blobs: [artifact] + files)
        do throws(StateStoreError) {
            try check(artifact, isDeep: false)
        } catch {
            blobs.leases.endReading(artifact)
            throw error
        }
    }

    private func manifest(of artifact: Digest) throws(StateStoreError) -> ArtifactManifest {
        let path = blobs.path(of: artifact)
        guard let status = try status(of: path) else { throw .artifactMissing(artifact) }
        guard status.size <= ArtifactManifest.maximumBytes else {
            throw .artifactDamaged(artifact, problem: "it is not a list of files (\(path))")
        }
        var bytes: [UInt8] = []
        try StateStoreError.translating { () throws(FileSystemError) in
            try blobs.fileSystem.read(path) { bytes += $0 }
        }
        guard Digest(hashing: bytes) == artifact else {
            throw .artifactDamaged(artifact, problem: "its list of files has changed (\(path))")
        }
        guard let manifest = ArtifactManifest(bytes: bytes) else {
            throw .artifactDamaged(artifact, problem: "it is not a list of files (\(path))")
        }
        return manifest
    }

    private func status(of path: String) throws(StateStoreError) -> FileStatus? {
        try StateStoreError.translating { () throws(FileSystemError) in
            try blobs.fileSystem.status(of: path)
        }
    }
}
