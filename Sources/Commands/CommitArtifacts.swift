import Execution
import Foundation
import Planning
import Reconciler
import ResourceAPI
import ResourceGraph
import SourceControl
import StateStore

/// What the manifests of one commit have made.
struct CommitArtifacts {
    private static let maximumRuns = 10_000

    let commit: CommitID
    let graph: ResourceGraph
    private let lock: RequirementsLock
    private let plan: Plan
    private let store: StateStore

    /// - Parameter revision: a commit's id, a branch, a tag or HEAD; nil: the newest that was
    ///   reconciled.
    static func find(
        _ revision: String?, _ options: RepositoryOptions, stateDirectory: String,
        store: StateStore
    ) async throws -> CommitArtifacts {
        let source: ProjectSource
        let commit: CommitID
        if let revision {
            source = try named(options, stateDirectory: stateDirectory)
            commit = try await source.repository.resolve(revision: revision)
        } else if let newest = try await store.revisions(limit: 1).first {
            source = try ProjectSource.mirror(options, stateDirectory: stateDirectory)
            commit = newest.revision.commit
        } else {
            throw CommandError.noRevision
        }
        let compiled = try await source.reader(store).compile(commit)
        let sources = try await SourceObserver(
            repository: source.repository, projectPath: source.projectPath,
            dataDirectory: source.dataDirectory, store: store
        ).observe(compiled.graph, at: commit)
        let state = try await store.recordedState()
        return CommitArtifacts(
            commit: commit, graph: compiled.graph, lock: RequirementsLock(bytes: compiled.lock),
            plan: Planner.plan(
                compiled.graph(asIn: state), state: state, sources: sources,
                runtime: compiled.runtime), store: store)
    }

    /// The repository here, whose names people mean; else the controller's mirror.
    private static func named(
        _ options: RepositoryOptions, stateDirectory: String
    ) throws -> ProjectSource {
        do throws(any Error) {
            return try ProjectSource.open(options, stateDirectory: stateDirectory)
        } catch {
            guard
                let mirror = try? ProjectSource.mirror(options, stateDirectory: stateDirectory)
            else { throw error }
            return mirror
        }
    }

    /// A resource of the commit, written `kind/name` or `name`.
    func resource(_ text: String, kind: ResourceKind) throws(CommandError) -> Resource {
        let prefix = "\(kind.word)/"
        let plain = text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text
        if let name = ResourceName(plain), let found = graph.resources[ResourceID(kind, name)] {
            return found
        }
        let names = graph.resources.keys.filter { $0.kind == kind }.map(\.name.text).sorted()
        throw .unknownAtCommit(
            prefix + plain, commit,
            hint: NearName.hint(for: plain, among: names)
                ?? (names.isEmpty
                    ? "there is none in this commit"
                    : "there are: \(names.prefix(10).joined(separator: ", "))"))
    }

    /// The files of the artifact of a step, all of which are there.
    func files(of step: StepID) async throws -> (artifact: Digest, files: [String: String]) {
        let artifact = try await artifact(of: step)
        do throws(StateStoreError) {
            let files = try await store.artifacts.wholeFiles(of: artifact)
            return (artifact, files.mapValues(\.path))
        } catch {
            guard error.isLoss else { throw error }
            throw CommandError.collected(step, commit)
        }
    }

    /// The newest run that failed as the plan remembers it; nil if the plan says anything else.
    func failedRun(of step: StepID) async throws -> RunRecord? {
        guard let planned = plan.step(step), case .failed = planned.action else { return nil }
        let runs = try await store.runs(of: step, limit: Self.maximumRuns)
        return runs.first { $0.state == .failed && $0.fingerprint == planned.fingerprint }
    }

    /// What was run for this very commit counts before what a plan finds now: data that are not in
    /// the commit may have changed since. What is pinned is in the commit; and the run of a snapshot
    /// stands at the commit before the one that pins it.
    private func artifact(of step: StepID) async throws -> Digest {
        let runs = try await store.runs(of: step, limit: Self.maximumRuns)
        let pinned = graph.steps[step]?.pin == nil ? nil : plan.step(step)?.fingerprint
        let own = runs.first { run in
            run.commit == commit && run.state == .succeeded
                && (pinned == nil || run.fingerprint == pinned)
        }
        if let artifact = own?.artifact { return artifact }
        switch plan.step(step)?.action {
        case .cached(let digest): return digest
        case .failed(let failure):
            throw CommandError.notMade(step, commit, why: "it failed: \(failure.message)")
        case .blocked(let other):
            throw CommandError.notMade(
                step, commit, why: "it waits for \(other), which cannot succeed")
        case .missingSource(_, let problem):
            throw CommandError.notMade(step, commit, why: problem)
        case .run, .mayRun: throw CommandError.notMade(step, commit, why: nil)
        case nil:
            let why = graph.blocked[step.resource].map { _ in "its manifest has errors" }
            throw CommandError.notMade(step, commit, why: why)
        }
    }

    /// Asks a Python process of its own, in the commit's runtime.
    ///
    /// - Parameter read: takes what it made, before that is removed.
    func look<Result>(
        _ look: WorkerLook, read: (_ output: String, _ metadata: JSONValue) throws -> Result
    ) async throws -> Result {
        let provider = RuntimeProvider(environment: ProcessInfo.processInfo.environment)
        let runtime = try await provider.prepare(lock) { Terminal.writeError($0 + "\n") }
        let folder = NSTemporaryDirectory() + "ingot-look-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let worker = ShortWorker(runtime: runtime, folder: folder)
        return try read(worker.output, try await worker.run(look))
    }
}

extension StateStoreError {
    /// An artifact, or a part of it, is not there.
    fileprivate var isLoss: Bool {
        switch self {
        case .artifactMissing, .artifactDamaged: true
        default: false
        }
    }
}
