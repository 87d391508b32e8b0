import Foundation
import Reconciler
import ResourceAPI
import ResourceGraph
import SourceControl
import StateStore

/// Makes new snapshots by itself, of datasets whose `refresh` says when.
actor SnapshotRefresh {
    private let session: ControllerSession
    private let stateDirectory: String
    private let repository: RepositoryOptions
    private let clock = SystemLoopClock()
    /// When each was last looked at, milliseconds of the monotonic clock.
    private var looked: [ResourceID: Int64] = [:]
    /// Versions that turned out to be the same rows.
    private var versions: [ResourceID: String] = [:]
    /// Rows that were proposed and that nobody has merged yet.
    private var proposed: [ResourceID: SnapshotLock.Entry] = [:]
    private var told: [ResourceID: String] = [:]

    init(
        session: ControllerSession, stateDirectory: String, repository: RepositoryOptions
    ) {
        self.session = session
        self.stateDirectory = stateDirectory
        self.repository = repository
    }

    /// - Returns: whether a commit was made on the branch.
    /// - Throws: what is final for the controller.
    func refreshDue() async throws -> Bool {
        guard let compiled = await session.observer.newest, compiled.snapshots.isReadable else {
            return false
        }
        var taken: [SnapshotTaking.Taken] = []
        for (dataset, policy) in try await due(compiled) {
            looked[dataset] = clock.now.monotonic
            do {
                guard let one = try await take(dataset, policy, compiled) else { continue }
                told[dataset] = nil
                let isProposed = proposed[dataset]?.holdsTheSame(as: one.entry) == true
                if one.isChanged, !isProposed { taken.append(one) }
            } catch let error as StateStoreError where error.isFatal {
                throw error
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                tell("\(error)", of: dataset)
            }
        }
        return taken.isEmpty ? false : await commit(taken, compiled.graph.project.snapshots)
    }

    /// Those whose time has come, and that nobody has suspended.
    private func due(
        _ compiled: CompiledCommit
    ) async throws -> [(dataset: ResourceID, policy: RefreshPolicy)] {
        let now = clock.now.monotonic
        let candidates = compiled.graph.resources.values.compactMap { resource in
            resource.dataset?.refresh.map { (dataset: resource.id, policy: $0) }
        }.filter { dataset, policy in
            guard let last = looked[dataset] else { return true }
            return now - last >= policy.interval.seconds * 1000
        }.sorted { $0.dataset < $1.dataset }
        guard !candidates.isEmpty else { return [] }
        let suspensions = try await session.store.suspensions()
        guard !suspensions.contains(where: { $0.resource == nil }) else { return [] }
        let suspended = Set(suspensions.compactMap(\.resource))
        return candidates.filter { !suspended.contains($0.dataset) }
    }

    /// Nil if the source is as it was.
    private func take(
        _ dataset: ResourceID, _ policy: RefreshPolicy, _ compiled: CompiledCommit
    ) async throws -> SnapshotTaking.Taken? {
        let taking = taking(compiled)
        if case .onChange = policy, let entry = compiled.snapshots.entries[dataset.name],
            let version = try await taking.version(of: dataset)
        {
            if version == entry.version || version == versions[dataset] { return nil }
        }
        let taken = try await taking.take(dataset, isDryRun: false)
        versions[dataset] = taken.version
        return taken
    }

    private func taking(_ compiled: CompiledCommit) -> SnapshotTaking {
        let revision = Revision(pointer: repository.branch, commit: compiled.commit)
        let (session, clock) = (session, clock)
        let sources = SourceObserver(
            repository: session.mirror.repository, projectPath: RepositoryPath(repository.path),
            dataDirectory: nil, store: nil)
        return SnapshotTaking(
            compiled: compiled, revision: revision,
            reader: SnapshotReader(
                graph: compiled.graph, revision: revision, runtime: compiled.runtime,
                sources: sources, files: [:], executors: session.runtimes,
                credentials: session.credentials),
            stateDirectory: stateDirectory, actor: "controller",
            digest: { try await session.store.artifacts.describe(directory: $0) },
            publish: { order in
                let handler = ControlHandler(
                    store: session.store, clock: clock, roots: { await session.loop.garbageRoots })
                let outcome = try await handler.handle(.publish(order))
                if case .refused(let message, let hint) = outcome.reply {
                    throw CommandError.refused(message, hint: hint)
                }
                for event in outcome.events { session.loop.submit(event) }
            })
    }

    private func commit(_ taken: [SnapshotTaking.Taken], _ push: SnapshotPush) async -> Bool {
        let time = clock.now.wall / 1000
        let commit = SnapshotCommit(
            options: repository, stateDirectory: stateDirectory, taken: taken,
            author: CommitInfo.Person(name: "ingot", email: "ingot@localhost", time: time))
        let moment = TimeText.moment(milliseconds: clock.now.wall).filter { $0 != ":" }
        let name = "proposal/snapshot-\(moment)"
        do {
            let target: SnapshotCommit.Target = push == .branch ? .branch : .proposal(name)
            guard let id = try await commit.publish(to: target) else { return false }
            let branch = push == .branch ? repository.branch : name
            session.console.note("new snapshots are committed as \(id.short) to \(branch)")
            if push == .proposal {
                for one in taken { proposed[one.dataset] = one.entry }
            }
            return push == .branch
        } catch {
            if let first = taken.first { tell("\(error)", of: first.dataset) }
            // The rows are in the store; the next time they are only committed.
            for one in taken { versions[one.dataset] = nil }
            return false
        }
    }

    /// Once, as long as nothing else is wrong.
    private func tell(_ problem: String, of dataset: ResourceID) {
        guard told[dataset] != problem else { return }
        told[dataset] = problem
        session.console.warn("\(dataset) is not refreshed: \(problem)")
    }
}
