package import ResourceAPI
import Synchronization

/// The content-addressed store: artifacts, each a flat set of immutable files.
///
/// Every call runs on a queue of its own, since all of them wait for the disk.
package final class ArtifactStore: Sendable {
    let blobs: BlobStore
    private let limits: ArtifactLimits
    /// Folders that are published after they were recorded: only by `PlantedMistake.rowBeforeFile`.
    private let late = Mutex<[Digest: String]>([:])
    let queue: BlockingQueue

    /// - Parameter root: absolute path of `<state>/store`; see `prepare`.
    package init(
        root: String, fileSystem: any FileSystem = LocalFileSystem(),
        limits: ArtifactLimits = .standard, temporaryPrefix: String = ""
    ) {
        blobs = BlobStore(
            root: root, fileSystem: fileSystem, temporaryPrefix: temporaryPrefix)
        self.limits = limits
        queue =
            fileSystem.mayWait
            ? BlockingQueue(label: "ingot.artifacts", isConcurrent: true) : .none
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
    /// after an error or a kill nothing has become visible. Garbage collection leaves them alone
    /// until `StateStore.finishRun` or `abandon` was called.
    package func publish(directory: String) async throws(StateStoreError) -> PublishedArtifact {
        let publisher = ArtifactPublisher(blobs: blobs, limits: limits)
        if PlantedMistake.rowBeforeFile.isPlanted { return try await postpone(directory) }
        return try await queue.run { () throws(StateStoreError) in
            try publisher.publish(directory: directory)
        }
    }

    /// The digest that `publish` would give, without taking anything over.
    package func describe(directory: String) async throws(StateStoreError) -> Digest {
        let publisher = ArtifactPublisher(blobs: blobs, limits: limits)
        return try await queue.run { () throws(StateStoreError) in
            try publisher.describe(directory: directory).digest
        }
    }

    /// Lets garbage collection have what was published and will not be recorded.
    package func abandon(_ artifact: PublishedArtifact) {
        blobs.leases.endPublication(artifact)
    }

    /// Keeps an artifact's files where they are, even if it becomes garbage, until `release`; for
    /// whoever reads them by their paths. An error if it is not whole.
    package func lease(_ artifact: Digest) async throws(StateStoreError) {
        let inspector = ArtifactInspector(blobs: blobs)
        try await queue.run { () throws(StateStoreError) in try inspector.lease(artifact) }
    }

    /// Ends one lease of an artifact. Does nothing if there is none.
    package func release(_ artifact: Digest) {
        blobs.leases.endReading(artifact)
    }

    /// The files of an artifact by name. Checks the manifest, not the content of the files.
    package func files(of artifact: Digest) async throws(StateStoreError) -> [String: StoredFile] {
        let inspector = ArtifactInspector(blobs: blobs)
        return try await queue.run { () throws(StateStoreError) in
            try inspector.files(of: artifact)
        }
    }

    /// The same, if all files are there with their sizes; else an error.
    package func wholeFiles(
        of artifact: Digest
    ) async throws(StateStoreError) -> [String: StoredFile] {
        try await check(artifact, isDeep: false)
        return try await files(of: artifact)
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

    private func postpone(_ directory: String) async throws(StateStoreError) -> PublishedArtifact {
        let publisher = ArtifactPublisher(blobs: blobs, limits: limits)
        let artifact = try await queue.run { () throws(StateStoreError) in
            try publisher.describe(directory: directory)
        }
        late.withLock { $0[artifact.digest] = directory }
        return artifact
    }

    func publishLate(_ artifact: PublishedArtifact) async throws(StateStoreError) {
        guard let directory = late.withLock({ $0.removeValue(forKey: artifact.digest) }) else {
            return
        }
        let publisher = ArtifactPublisher(blobs: blobs, limits: limits)
        try await queue.run { () throws(StateStoreError) in
            _ = try publisher.publish(directory: directory)
        }
    }
}
