import Execution
import Planning
import Reconciler
import ResourceAPI
import ResourceGraph
import SourceControl
import StateStore

/// What must hold after every event, and what must be known for that.
struct WorldInvariants {
    private static let wakeMilliseconds: Int64 = 5_000

    let base: StoreWorld
    let repository: SimulatedRepository
    let workers: ScriptedWorkers
    let followsHistory: Bool
    let reader: StateStore

    /// Of the newest writer.
    private(set) var epoch: Int64 = 0
    /// What commits were approved for.
    private(set) var approved: [CommitID: Set<String>] = [:]
    private(set) var suspended: [Suspended] = []
    /// Who runs what, of those whose lock is theirs.
    private var processes: [Fingerprint: Int] = [:]
    private var unlocked: Set<Int> = []
    /// Failed for a reason that only a change can mend.
    private var doomed: Set<Fingerprint> = []
    /// Files that somebody spoiled and nobody has mended yet.
    private var spoiled: Set<String> = []
    private var hasBeenSpoiled = false
    /// Notifications that no look has followed yet: process and time.
    private var owed: [Int: Int64] = [:]
    private var seenRows = -1
    private var seenFiles = -1
    private var stamps: [String: Int] = [:]
    private var lastAdopted: CommitID?

    struct Suspended: Hashable {
        let resource: ResourceID?
        let expiresAt: Int64?
    }

    init(
        base: StoreWorld, repository: SimulatedRepository, workers: ScriptedWorkers,
        followsHistory: Bool
    ) {
        self.base = base
        self.repository = repository
        self.workers = workers
        self.followsHistory = followsHistory
        reader = StateStore.openReader(
            memory: base.memory, directory: StoreWorld.directory, fileSystem: base.disk)
    }
}

// MARK: - What happened

extension WorldInvariants {
    var isUnspoiled: Bool { spoiled.isEmpty }

    func currentEpoch() async throws -> Int64 { try await reader.currentEpoch() }

    mutating func opened(_ number: Int64) { epoch = max(epoch, number) }

    mutating func lostLock(_ id: Int) {
        unlocked.insert(id)
        ended(id)
    }

    mutating func ended(_ id: Int) {
        processes = processes.filter { $0.value != id }
        owed[id] = nil
    }

    mutating func notified(_ id: Int, at time: Int64) {
        if owed[id] == nil, !unlocked.contains(id) { owed[id] = time }
    }

    mutating func looked(_ id: Int, at time: Int64) { owed[id] = nil }

    mutating func spoiled(_ path: String) {
        spoiled.insert(path)
        hasBeenSpoiled = true
    }

    mutating func processEnded(_ fingerprint: Fingerprint, _ id: Int) {
        if processes[fingerprint] == id { processes[fingerprint] = nil }
    }

    /// Also if the answer never came: it may have been recorded.
    mutating func approve(_ commit: CommitID, _ what: String) {
        approved[commit, default: []].insert(what)
    }

    /// As a start finds them.
    mutating func suspended(_ list: [Suspension]) {
        suspended = list.map { Suspended(resource: $0.resource, expiresAt: $0.expiresAt) }
    }

    mutating func done(_ request: ControlRequest, at wall: Int64) {
        switch request {
        case .suspend(let resource, _, _, let expiresAt):
            suspended.removeAll { $0.resource == resource }
            suspended.append(Suspended(resource: resource, expiresAt: expiresAt))
        case .resume(let resource, _): suspended.removeAll { $0.resource == resource }
        default: break
        }
    }

    /// A controller ends by itself only if its state cannot be trusted or is not its own any more.
    func gaveUp(_ controller: SimulatedController, _ error: any Error) -> String? {
        guard let error = error as? StateStoreError, error.isFatal else {
            return "a controller ended because of: \(error)"
        }
        if case .fenced = error, controller.store.epoch >= epoch {
            return "S9: the newest writer was fenced"
        }
        return nil
    }
}

// MARK: - What the core asks for

extension WorldInvariants {
    mutating func asked(_ effect: CoreEffect, _ controller: SimulatedController) -> String? {
        guard controller.store.epoch == epoch else { return nil }
        switch effect {
        case .start(let launch):
            if isSuspended(launch.step.id.resource) {
                return "\(launch.step.id) starts although it is suspended"
            }
            if doomed.contains(launch.fingerprint) {
                return "\(launch.step.id) starts again although only a change can mend it"
            }
        case .move(let move):
            if isSuspended(ResourceID(.model, move.model)) {
                return "a stage of \(move.model) moves although it is suspended"
            }
        case .expire(let suspension):
            guard let end = suspension.expiresAt, end <= base.clock.wall else {
                return "a suspension ends before its time"
            }
            suspended.removeAll { $0.resource == suspension.resource }
        default: break
        }
        return nil
    }

    private func isSuspended(_ id: ResourceID) -> Bool {
        suspended.contains {
            ($0.resource == nil || $0.resource == id)
                && ($0.expiresAt.map { $0 > base.clock.wall } ?? true)
        }
    }

    /// S6: one attempt of a fingerprint at a time.
    mutating func began(_ step: BegunStep, _ id: Int) -> String? {
        guard !unlocked.contains(id) else { return nil }
        let fingerprint = step.launch.fingerprint
        if processes[fingerprint] != nil { return "S6: \(step.launch.step.id) runs twice at once" }
        processes[fingerprint] = id
        return nil
    }

    /// S8, and what is remembered of failures.
    mutating func recorded(
        _ end: StepEnd, _ fingerprint: Fingerprint, _ script: ScriptedWorkers.Script
    ) -> String? {
        switch (end, script.ending) {
        case (.succeeded, .success), (.succeeded, .nondeterministic), (.interrupted, _),
            (.cancelled, _):
            return nil
        case (.failed, .deterministicFailure):
            doomed.insert(fingerprint)
            return nil
        case (.failed, .nondeterministic):
            // Another digest than the first one, which is lost.
            return nil
        case (.succeeded, _), (.failed, _):
            return "S8: \(script.ending.rawValue) was recorded as \(end)"
        }
    }

    /// What no commit wants any more is being cancelled.
    func stepped(_ controller: SimulatedController) -> String? {
        guard controller.core.desired != nil else { return nil }
        for (fingerprint, step) in controller.steps where !step.isCancelled {
            let wanted = controller.core.plan.steps(with: fingerprint).contains { id in
                guard case .run(isReady: true)? = controller.core.plan.step(id)?.action else {
                    return false
                }
                return true
            }
            if !wanted { return "\(step.launch.step.id) runs on although nothing wants it" }
        }
        return nil
    }
}

// MARK: - What stands in the state

extension WorldInvariants {
    mutating func check(_ world: SimulatedWorld) async throws -> String? {
        if let (id, since) = owed.min(by: { $0.value < $1.value }),
            world.now - since > Self.wakeMilliseconds
        {
            return "L2: process \(id) was notified at \(since) and has not looked"
        }
        let files = base.disk.changes
        let rows = base.memory.changes
        // Before the first start there is nothing.
        guard epoch > 0, files != seenFiles || rows != seenRows else { return nil }
        base.faults.pause(true)
        defer { base.faults.pause(false) }
        if files != seenFiles, let found = contents() { return found }
        (seenFiles, seenRows) = (files, rows)
        return try await records()
    }

    /// S2, S3: a file has the bytes that its name says, unless somebody spoiled it.
    private mutating func contents() -> String? {
        let root = "\(StoreWorld.directory)/store/sha256"
        for path in base.disk.files(below: root) {
            guard let stamp = base.disk.stamp(of: path), stamps[path] != stamp else { continue }
            let hex = path.dropFirst(root.utf8.count + 1).split(separator: "/").joined()
            guard Digest(hashing: base.disk.bytes(of: path) ?? []).hex == hex else {
                if spoiled.contains(path) { continue }
                return "S2: \(path) has other bytes"
            }
            spoiled.remove(path)
            stamps[path] = stamp
        }
        return nil
    }

    /// S1, S4 to S7, S22.
    private func records() async throws -> String? {
        let excused = spoiled.map { $0.split(separator: "/").suffix(2).joined() }
        let lost = try await reader.lostArtifacts()
        for digest in lost where try await !isSpoiled(digest, excused) {
            return "S1: the artifact \(digest.short) is recorded and not there"
        }
        let findings = try await reader.verifyRecords()
        // A stage may show what somebody else has spoiled, until that is made again.
        return findings.first { finding in
            !hasBeenSpoiled || !finding.message.contains("whose artifact is")
        }.map { "verify: \($0.message)" }
    }

    private func isSpoiled(_ artifact: Digest, _ excused: [String]) async throws -> Bool {
        if excused.contains(artifact.hex) { return true }
        guard let files = try? await reader.artifacts.files(of: artifact) else { return true }
        return files.values.contains { excused.contains($0.digest.hex) }
    }
}
