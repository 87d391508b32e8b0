import ResourceAPI
import Synchronization

/// Which files of the store are in use by somebody in this process that no record tells of: they are
/// being published, or read. Garbage collection deletes under the same lock under which leases are
/// taken, so a file is either leased before it is looked at, or gone before it is leased.
///
/// In memory: what is published and read ends with the process.
final class BlobLeases: Sendable {
    private struct State: Sendable {
        var counts: [Digest: Int] = [:]
        /// Artifacts that were published and not yet recorded.
        var publications: [Digest: Int] = [:]
        var readings: [Digest: Reading] = [:]
    }

    private struct Reading: Sendable {
        var count = 0
        let blobs: [Digest]
    }

    private let state = Mutex(State())

    func take(_ blobs: [Digest]) {
        state.withLock { state in
            for blob in blobs { state.counts[blob, default: 0] += 1 }
        }
    }

    func release(_ blobs: [Digest]) {
        state.withLock { BlobLeases.release(blobs, &$0) }
    }

    private static func release(_ blobs: [Digest], _ state: inout State) {
        for blob in blobs {
            guard let count = state.counts[blob] else { continue }
            state.counts[blob] = count > 1 ? count - 1 : nil
        }
    }

    /// The leases that publishing has taken stay until `endPublication`.
    func beginPublication(_ artifact: Digest) {
        state.withLock { $0.publications[artifact, default: 0] += 1 }
    }

    /// Does nothing if no publication of the artifact is under way.
    func endPublication(_ artifact: PublishedArtifact) {
        state.withLock { state in
            guard let count = state.publications[artifact.digest] else { return }
            state.publications[artifact.digest] = count > 1 ? count - 1 : nil
            BlobLeases.release(artifact.blobs, &state)
        }
    }

    func beginReading(_ artifact: Digest, blobs: [Digest]) {
        state.withLock { state in
            state.readings[artifact, default: Reading(blobs: blobs)].count += 1
            for blob in blobs { state.counts[blob, default: 0] += 1 }
        }
    }

    func endReading(_ artifact: Digest) {
        state.withLock { state in
            guard var reading = state.readings[artifact] else { return }
            reading.count -= 1
            state.readings[artifact] = reading.count > 0 ? reading : nil
            BlobLeases.release(reading.blobs, &state)
        }
    }

    func isLeased(_ blob: Digest) -> Bool { state.withLock { $0.counts[blob] != nil } }

    /// Does something to a file while nobody can lease it.
    ///
    /// - Returns: nil, having done nothing, if somebody has.
    func unlessLeased<Value: Sendable>(
        _ blob: Digest, _ body: () throws -> Value
    ) rethrows -> Value? {
        try state.withLock { state in
            guard state.counts[blob] == nil else { return nil }
            return try body()
        }
    }
}
