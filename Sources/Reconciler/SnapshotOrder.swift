import Planning
package import ResourceAPI
package import ResourceGraph
package import StateStore

/// Rows that somebody has read, to be published and recorded as what a pinned snapshot makes.
package struct SnapshotOrder: Hashable, Sendable, Codable {
    package let step: StepID
    package let fingerprint: Fingerprint
    package let recipeVersion: Int
    package let recipe: JSONValue
    package let branch: String
    package let commit: CommitID
    package let runtime: Digest
    package let threads: Int
    /// Absolute; below the state directory.
    package let folder: String
    /// Of the artifact that the folder's files are.
    package let digest: Digest
    package let metadata: JSONValue
    package let actor: String

    /// - Parameter step: the pinned one.
    package init?(
        _ reading: SnapshotReading, step: Step, digest: Digest, revision: Revision,
        runtime: Digest, actor: String
    ) {
        guard let fingerprint = step.fingerprint(inputs: [:], runtime: runtime) else { return nil }
        self.step = step.id
        self.fingerprint = fingerprint
        recipeVersion = step.recipeVersion
        recipe = step.recipe
        branch = revision.pointer
        commit = revision.commit
        self.runtime = runtime
        threads = step.resources.cpus
        folder = reading.folder
        self.digest = digest
        metadata = reading.metadata
        self.actor = actor
    }
}

extension StateStore {
    /// Where commands put what they want published: on the store's file system.
    package static func snapshotFolder(in stateDirectory: String) -> String {
        stateDirectory + "/snapshots"
    }
}

extension ControlHandler {
    /// May be done twice: the second time the files are there already, or are gone.
    func publish(_ order: SnapshotOrder) async throws -> Outcome {
        let place = StateStore.snapshotFolder(in: store.directory.path) + "/"
        guard order.folder.hasPrefix(place), !order.folder.contains("/../") else {
            return Outcome(
                .refused(message: "\(order.folder) is not below \(place)", hint: nil))
        }
        if let known = try await store.result(of: order.fingerprint),
            await store.artifacts.contains(order.digest)
        {
            return Outcome(.nothingToDo, events: [found(order, known.id)])
        }
        let run = try await store.startRun(
            NewRun(
                step: order.step, fingerprint: order.fingerprint,
                revision: Revision(pointer: order.branch, commit: order.commit),
                actor: order.actor, attempt: 1, reasons: [], recipeVersion: order.recipeVersion,
                recipe: order.recipe, inputs: [:], runtime: order.runtime, seed: 0,
                threads: order.threads))
        do throws(StateStoreError) {
            let artifact = try await store.artifacts.publish(directory: order.folder)
            _ = try await store.finishRun(run, artifact: artifact, metadata: order.metadata)
        } catch {
            if error.isFatal { throw error }
            try await store.failRun(
                run,
                RunFailure(
                    class: "resource", code: "SnapshotUnpublished", message: error.message,
                    hint: error.hint), isDeterministic: false)
            throw error
        }
        return Outcome(.done, events: [found(order, run)])
    }

    /// So that the loop does not make what is there.
    private func found(_ order: SnapshotOrder, _ run: String) -> CoreEvent {
        .looked(
            ActualState(found: [
                order.fingerprint: RecordedResult(digest: order.digest, runID: run, seconds: 0)
            ]))
    }
}
