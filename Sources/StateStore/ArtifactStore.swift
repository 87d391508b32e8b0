package import ResourceAPI

/// The content-addressed store: artifacts, each a flat set of immutable files.
///
/// Every call runs on a queue of its own, since all of them wait for the disk.
package final class ArtifactStore: Sendable {
    private let blobs: BlobStore
    private let limits: ArtifactLimits
    private let queue = BlockingQueue(label: "ingot.artifacts", isConcurrent: true)

    /// - Parameter root: absolute path of `<state>/store`; see `prepare`.
    package init(
        root: String, fileSystem: any FileSystem = LocalFileSystem(),
        limits: ArtifactLimits = .standard
    ) {
        blobs = BlobStore(root: root, fileSystem: fileSystem)
        self.limits = limits
    }

    /// Makes the store's folders. For the writer; does no harm if they exist.
    package func prepare() async throws(StateStoreError) {
        let blobs = blobs
        try await queue.run { () throws(StateStoreError) in
            try StateStoreError.translating { () throws(FileSystemError) in try blobs.prepare() }
        }
    }

    /// Removes what a killed writer left half-written. Only for the writer, before it publishes.
    ///
    /// - Returns: how many files that were.
    @discardableResult
    package func sweepTemporary() async throws(StateStoreError) -> Int {
        let blobs = blobs
        return try await queue.run { () throws(StateStoreError) in
            try StateStoreError.translating { () throws(FileSystemError) in
                try blobs.sweepTemporary()
            }
        }
    }

    /// Takes over the files of a step's output folder (it is empty afterwards if it is on the same
    /// file system). They are durable when this returns, and count as soon as a record names them:
    /// after an error or a kill nothing has become visible.
    package func publish(directory: String) async throws(StateStoreError) -> PublishedArtifact {
        let publisher = ArtifactPublisher(blobs: blobs, limits: limits)
        return try await queue.run { () throws(StateStoreError) in
            try publisher.publish(directory: directory)
        }
    }

    /// The files of an artifact by name. Checks the manifest, not the content of the files.
    package func files(of artifact: Digest) async throws(StateStoreError) -> [String: StoredFile] {
        let inspector = ArtifactInspector(blobs: blobs)
        return try await queue.run { () throws(StateStoreError) in
            try inspector.files(of: artifact)
        }
    }

    /// Absolute path at which a file of that content lies, if it is in the store.
    package func path(ofBlob digest: Digest) -> String { blobs.path(of: digest) }

    /// Whether the artifact's manifest and all its files are there with their sizes.
    package func contains(_ artifact: Digest) async -> Bool {
        let inspector = ArtifactInspector(blobs: blobs)
        let found = try? await queue.run { () throws(StateStoreError) in
            try inspector.check(artifact, isDeep: false)
            return true
        }
        return found ?? false
    }

    /// Reads every byte of the artifact again and compares digests.
    package func verify(_ artifact: Digest) async throws(StateStoreError) {
        try await check(artifact, isDeep: true)
    }

    func check(_ artifact: Digest, isDeep: Bool) async throws(StateStoreError) {
        let inspector = ArtifactInspector(blobs: blobs)
        try await queue.run { () throws(StateStoreError) in
            try inspector.check(artifact, isDeep: isDeep)
        }
    }
}

/// Looks into artifacts. Blocks.
struct ArtifactInspector: Sendable {
    let blobs: BlobStore

    func files(of artifact: Digest) throws(StateStoreError) -> [String: StoredFile] {
        let entries = try manifest(of: artifact).files.map {
            ($0.name, StoredFile(path: blobs.path(of: $0.digest), digest: $0.digest, size: $0.size))
        }
        return Dictionary(entries, uniquingKeysWith: { first, _ in first })
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
